import { Command, CommanderError, Option } from 'commander';
import { UsageError } from '../../contract/errors.ts';
import type { CommandSpec, Invocation } from './command.ts';
import { FLAGS, type Flag, type FlagValues, flagNamed, MAIN_FLAGS } from './flags.ts';
import { namesCommand, noCommand, TRY_HELP, unknownCommand } from './mistakes/commands.ts';
import { countMismatch } from './mistakes/operands.ts';
import { checkSpelling, checkValue, unknownOption } from './mistakes/options.ts';
import { operandsOf } from './mistakes/tokens.ts';
import type { SettingTexts } from './setting-text.ts';

const MOST_ARGUMENTS = 1000;
const LONGEST_ARGUMENT = 64 * 1024;
/** A terminal of the usual size, less the line of the prompt. */
const SCREEN_LINES = 23;

/** Commands that are another way to write a flag. */
export const WORDS_FOR_FLAGS: Readonly<Record<string, string>> = {
  help: 'Show the help of a command, as --help does',
  version: 'Print the version, as --version does',
};
export type Parsed<Spec extends CommandSpec = CommandSpec> =
  | { readonly type: 'run'; readonly spec: Spec; readonly invocation: Invocation }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'help'; readonly text: string }
  | { readonly type: 'no-command'; readonly help: string; readonly error: UsageError };

/**
 * Reads the command line. Throws `UsageError` for what it cannot be; its message names flags and harmless words, never a value, since
 * a value may be a secret that was put in the wrong place. A help page comes without the settings' texts unless `texts` gives them; what
 * would be longer than a screen describes the main options and names the others, unless `--verbose` is given.
 */
export function parseCommandLine<Spec extends CommandSpec>(
  line: readonly string[],
  specs: readonly Spec[],
  version: string,
  texts: SettingTexts = {},
): Parsed<Spec> {
  const argv = withoutWords(line);
  const whole = parse(argv, specs, version, texts, false);
  if (whole.type === 'help' && !namesCommand(argv, specs)) throw unknownCommand(argv, specs);
  const isOfCommand = whole.type === 'help' && argv.some((word) => !word.startsWith('-'));
  if (!isOfCommand || argv.includes('--verbose') || argv.includes('-v')) return whole;
  const lineCount = whole.text.trimEnd().split('\n').length;
  return lineCount <= SCREEN_LINES ? whole : parse(argv, specs, version, texts, true);
}

/** `help protect` as `protect --help`, `version` as `--version`, and `-v` by itself too: so npm and Node.js take it. */
export function withoutWords(argv: readonly string[]): readonly string[] {
  const operands = operandsOf(argv);
  const [first, ...others] = operands;
  if (argv.length === 1 && argv[0] === '-v') return ['--version'];
  if (first === 'version' && others.length > 0) throw new UsageError(`version takes no argument, got ${others.length}`);
  if (first === 'version') return [...argv.filter((word) => word !== first), '--version'];
  if (first !== 'help') return argv;
  const isOfAll = others.every((word) => Object.hasOwn(WORDS_FOR_FLAGS, word));
  const kept = argv.filter((word, index) => index !== argv.indexOf('help') && !(isOfAll && others.includes(word)));
  return kept.includes('--help') || kept.includes('-h') ? kept : [...kept, '--help'];
}

function parse<Spec extends CommandSpec>(
  argv: readonly string[],
  specs: readonly Spec[],
  version: string,
  texts: SettingTexts,
  isBrief: boolean,
): Parsed<Spec> {
  if (argv.length > MOST_ARGUMENTS) throw new UsageError('too many arguments');
  if (argv.some((argument) => argument.length > LONGEST_ARGUMENT)) throw new UsageError('argument too long');
  checkSpelling(argv);
  let parsed: Parsed<Spec> | null = null;
  let printed = '';
  const program = buildProgram(specs, version, {
    texts,
    isBrief,
    print: (text) => {
      printed += text;
    },
    found: (name, command) => {
      const spec = specs.find((one) => one.name === name);
      if (spec !== undefined) parsed = { type: 'run', spec, invocation: toInvocation(spec, command, argv) };
    },
  });
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return { type: 'help', text: printed };
    if (error.exitCode === 0) return { type: 'text', text: printed };
    if (error.code === 'commander.help') return { type: 'no-command', help: printed, error: noCommand(argv, specs) };
    throw explain(error.code, argv, specs);
  }
  return parsed ?? { type: 'no-command', help: program.helpInformation(), error: noCommand(argv, specs) };
}

interface Parts {
  readonly texts: SettingTexts;
  /** Whether a help page only names the options that few need. */
  readonly isBrief: boolean;
  readonly print: (text: string) => void;
  readonly found: (name: string, command: Command) => void;
}

function buildProgram(specs: readonly CommandSpec[], version: string, parts: Parts): Command {
  const program = prepare(new Command('apptool'), parts)
    .description('Get a mobile build from CI into protection and the stores: upload, wait, download, checked.')
    .version(version, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help')
    .helpCommand(false);
  for (const flag of FLAGS) {
    if (flag.isGlobal === true && flag.name !== 'version' && flag.name !== 'help')
      program.addOption(toOption(flag, parts));
  }
  const groups = new Map([['', program]]);
  const complete = new Map<Command, () => void>();
  for (const spec of specs) {
    const words = spec.name.split(' ');
    const command = listed(words.pop() ?? '', spec, parts);
    groupOf(words, groups, parts).addCommand(command);
    complete.set(command, () => completeCommand(command, spec, parts));
  }
  // Only listed here: what they ask for is read as a flag.
  for (const [name, about] of Object.entries(WORDS_FOR_FLAGS))
    program.addCommand(prepare(new Command(name), parts).summary(about));
  for (const group of groups.values()) {
    if (group !== program) group.summary(group.commands.map((command) => command.name()).join(', '));
    // Of forty commands a line names one: its options and its help are made when it is found.
    group.hook('preSubcommand', (_, command) => complete.get(command)?.());
  }
  return program;
}

/** The group of commands below these words, made when it is first asked for. */
function groupOf(words: readonly string[], groups: Map<string, Command>, parts: Parts): Command {
  const path = words.join(' ');
  const known = groups.get(path);
  if (known !== undefined) return known;
  const group = prepare(new Command(words.at(-1) ?? ''), parts).helpCommand(false);
  group.helpOption('-h, --help', 'Show help');
  groupOf(words.slice(0, -1), groups, parts).addCommand(group);
  groups.set(path, group);
  return group;
}

function prepare(command: Command, parts: Parts): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({
      subcommandTerm: (sub) =>
        [sub.name(), ...sub.registeredArguments.map((operand) => `<${operand.name()}>`)].join(' '),
    })
    .configureOutput({ writeOut: parts.print, writeErr: parts.print });
}

/** A command as lists of commands show it. */
function listed(name: string, spec: CommandSpec, parts: Parts): Command {
  const command = prepare(new Command(name), parts).summary(spec.summary);
  // How many operands came is checked by us, so that the message can say it.
  for (const operand of spec.operands) command.argument(`[${operand}]`);
  return command;
}

function completeCommand(command: Command, spec: CommandSpec, parts: Parts): void {
  command.description(spec.summary);
  // That there is --help is named with the global ones.
  command.configureHelp({ visibleOptions: ({ options }) => options.filter(({ hidden }) => !hidden) });
  const named = spec.operands.map((operand) => (spec.takesFewer === true ? `[${operand}]` : `<${operand}>`));
  const rest = spec.repeats ? ['…'] : spec.rest === undefined ? [] : [`[-- <${spec.rest}>]`];
  command.usage(['[options]', ...named, ...rest].join(' '));
  command.allowExcessArguments(true);
  command.helpOption('-h, --help', 'Show help');
  const flags = spec.flags.map((flagName) => {
    const flag = flagNamed(flagName);
    if (flag === undefined) throw new Error(`the command ${spec.name} names a flag that there is not: ${flagName}`);
    return flag;
  });
  for (const flag of flags) {
    const option = toOption(flag, parts);
    command.addOption(parts.isBrief && !MAIN_FLAGS.includes(flag.name) ? option.hideHelp() : option);
  }
  const others = flags.filter(({ name: flag }) => parts.isBrief && !MAIN_FLAGS.includes(flag));
  command.addHelpText(
    'after',
    [
      ...(flags.length === 0 ? [''] : []),
      ...(others.length === 0 ? [] : ['More options, described by --help --verbose:', namesOf(others)]),
      'Global options (apptool --help):',
      namesOf(FLAGS.filter(({ isGlobal }) => isGlobal === true)),
      // A brief page has no line to spare.
      ...(others.length === 0 ? [''] : []),
      `Example: ${spec.example}`,
    ].join('\n'),
  );
  command.action(() => parts.found(spec.name, command));
}

function namesOf(flags: readonly Flag[]): string {
  const names = flags.map(({ name }) => `--${name}`).join(' ');
  return names.replace(/(.{1,76})( |$)/g, '  $1\n').trimEnd();
}

function toOption(flag: Flag, parts: Parts): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const value = flag.value === undefined ? '' : ` ${flag.value}`;
  const option = new Option(`${short}--${flag.name}${value}`, helpOf(flag, parts));
  if (flag.type === 'switch') return option;
  return option.argParser((given: string, before: string | string[] | undefined) => {
    checkValue(flag, given);
    if (flag.isList === true) return [...(before ?? []), given];
    if (before !== undefined && before !== given)
      throw new UsageError(`--${flag.name} given twice with different values`);
    return given;
  });
}

function helpOf(flag: Flag, parts: Parts): string {
  if (flag.key === null) return flag.help ?? '';
  const { description = '', defaultText = null } = parts.texts[flag.key] ?? {};
  return defaultText === null ? description : `${description} (default: ${defaultText})`;
}

function toInvocation(spec: CommandSpec, command: Command, argv: readonly string[]): Invocation {
  const operands = command.args;
  if (!fits(spec, operands.length)) throw countMismatch(spec, operands, argv);
  if (operands.some((operand) => operand.includes('\0'))) throw new UsageError('an argument contains a NUL character');
  const given = command.optsWithGlobals() as Record<string, string | boolean | string[]>;
  const flags: Record<string, FlagValues[string]> = {};
  for (const flag of FLAGS) {
    const value = flag.name.startsWith('no-') ? given[camel(flag.name.slice(3))] === false : given[camel(flag.name)];
    if (value !== undefined && value !== false) flags[flag.name] = value;
  }
  return { command: spec.name, operands, flags };
}

/** Whether that many operands are what the command takes. */
function fits({ operands, takesFewer, rest, repeats }: CommandSpec, count: number): boolean {
  return count < operands.length ? takesFewer === true : count === operands.length || (rest ?? repeats) !== undefined;
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What commander found wrong, in words without values: its own quote the whole argument. */
function explain(code: string, argv: readonly string[], specs: readonly CommandSpec[]): UsageError {
  if (code === 'commander.unknownOption') return unknownOption(argv, specs);
  if (code === 'commander.optionMissingArgument') {
    const name = argv.at(-1) ?? '';
    const flag = FLAGS.find((candidate) => name === `--${candidate.name}` || name === `-${candidate.short}`);
    return new UsageError(`--${flag?.name ?? 'option'} needs a value`);
  }
  if (code === 'commander.unknownCommand') return unknownCommand(argv, specs);
  return new UsageError('cannot read the command line', { hint: TRY_HELP });
}
