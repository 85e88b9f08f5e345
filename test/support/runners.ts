/**
 * What the runners of CIs make of the lines of a log, as their documentation and sources say, and more strictly: a command that a runner does not
 * know counts as well, because the next version may know it.
 */
interface Runner {
  readonly name: string;
  /** The line as the runner understands it; `null` for one that it only shows. */
  readonly commandIn: (line: string) => string | null;
}

const RUNNERS: readonly Runner[] = [
  {
    // https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs, TryParseV2: the line without leading white space
    // starts with "::", and another "::" follows.
    name: 'GitHub',
    commandIn: (line) => /^\s*::(.*?)::/.exec(line)?.[0] ?? null,
  },
  {
    // The same file, TryParse: the first "##[" anywhere in the line, to the next "]".
    name: 'GitHub, the old form',
    commandIn: (line) => /##\[[^\]]*\]/.exec(line)?.[0] ?? null,
  },
  {
    // https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Microsoft.VisualStudio.Services.Agent/Command.cs, TryParse: the first
    // "##vso[" anywhere in the line, to the next "]"; the rest of the line is the data. It is found by the culture's rules (`IndexOf` of a string, and
    // Common.props keeps ICU), which ignore characters that are not drawn; without a "]" WorkerCommandManager.cs warns of it.
    name: 'Azure Pipelines',
    commandIn: (line) => /##vso/i.exec(line.replace(/[\u00ad\u200b-\u200d\u2060\ufeff]/g, ''))?.[0] ?? null,
  },
  {
    // https://www.jetbrains.com/help/teamcity/service-messages.html: "##teamcity[<messageName> …]". Its parser (github.com/JetBrains/TeamCity.ServiceMessages,
    // ServiceMessageParser.cs) reads a stream, not lines: a message begins anywhere, and may end in a later line.
    name: 'TeamCity',
    commandIn: (line) => /##teamcity\[/i.exec(line)?.[0] ?? null,
  },
  {
    // https://buildkite.com/docs/pipelines/configure/managing-log-output: "---", "+++", "~~~" and "^^^ +++" at the beginning of a line.
    // https://buildkite.com/docs/pipelines/configure/links-and-images-in-log-output, and github.com/buildkite/terminal-to-html: images and links are
    // the OSC sequences 8, 1337, 1338 and 1339 (element.go), by ESC ] alone (parser.go), and timestamps (bk.go) the APC sequence "_bk;".
    name: 'Buildkite',
    commandIn: (line) =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
      /^(?:--- |\+\+\+ |~~~ |\^\^\^ +\+\+\+)|\u001b(?:_bk;|\](?:8|13(?:37|38|39));)/.exec(line)?.[0] ?? null,
  },
  {
    // https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections, and gitlab.com/gitlab-org/gitlab, lib/gitlab/regex.rb
    // (logs_section_prefix_regex): "\r\e[0K" behind it; here any of these bytes.
    name: 'GitLab',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    commandIn: (line) => /section_(?:start|end):\d+:\S*?[\r\u001b]/.exec(line)?.[0] ?? null,
  },
  {
    // https://github.com/jenkinsci/jenkins/blob/master/core/src/main/java/hudson/console/ConsoleNote.java: PREAMBLE_STR; and every terminal.
    name: 'Jenkins, and terminals',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    commandIn: (line) => /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.exec(line)?.[0] ?? null,
  },
];

/** Every command that one of them finds, with its name. Their readers end a line at CR, LF or both. */
export function commandsIn(log: string): string[] {
  return log.split(/\r\n|\r|\n/).flatMap((line) =>
    RUNNERS.flatMap(({ name, commandIn }) => {
      const command = commandIn(line);
      return command === null ? [] : [`${name}: ${JSON.stringify(command)} in ${line.slice(0, 200)}`];
    }),
  );
}

/** Texts that make each of them act, wherever a program prints them. */
export const COMMANDS = [
  '::set-output name=output::/tmp/evil.apk',
  '::error::boo',
  '  ::stop-commands::tok',
  '\u00a0::add-mask::e',
  'no ##[add-mask]e ##[set-output name=output;]/tmp/evil.apk',
  '###[command]rm',
  '##vso[task.setvariable variable=PATH]/tmp/evil:',
  '##VSO[task.complete]x',
  '##\u00advso[task.complete]x',
  '\ufeff##v\u200bso[task.complete]x',
  '##v\ufe0fso[task.complete]x',
  "##teamcity[buildStatus text='x']",
  '--- evil',
  '+++ evil',
  '~~~ evil',
  '^^^ +++',
  'section_start:1700000000:evil\r\u001b[0K',
  '\u001b_bk;t=1\u0007',
  "\u001b]1338;url='http://evil.example/x.png';alt='x'\u0007",
  "\u001b]1339;url='javascript:x';content='Approve'\u0007",
  '\u001b]8;;javascript:x\u0007Approve\u001b]8;;\u0007',
  '\u009d1338;url=http://evil.example/x.png\u009c',
  '\u001b[8mha:AAAA\u001b[0m',
  '\u001b[2J\u009b2J\u202e',
] as const;
