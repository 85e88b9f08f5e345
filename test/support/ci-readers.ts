/** What is written for CIs that are no GitHub, GitLab or Jenkins, read as its reader does. Each throws for what that reader would not take. */

export interface AgentCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

const UNESCAPED = [
  ['%3B', ';'],
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%5D', ']'],
  ['%AZP25', '%'],
] as const;

/**
 * The commands in a log as Azure's agent finds them: github.com/microsoft/azure-pipelines-agent, Command.cs (TryParse) and
 * CommandStringConvertor.cs (Unescape). `decodes` is its knob DECODE_PERCENTS.
 */
export function agentCommands(log: string, decodes = true): AgentCommand[] {
  const undone = (text: string): string =>
    UNESCAPED.slice(0, decodes ? 5 : 4).reduce((all, [written, meant]) => all.replaceAll(written, meant), text);
  return log.split(/\r\n|\r|\n/).flatMap((line) => {
    const start = line.indexOf('##vso[');
    const end = line.indexOf(']', start);
    if (start < 0) return [];
    if (end < 0) throw new Error(`no command: ${line}`);
    const [, name = '', properties = ''] = /^([^ ]*) ?(.*)$/.exec(line.slice(start + 6, end)) ?? [];
    if (name.split('.').filter((part) => part !== '').length !== 2) throw new Error(`no command: ${line}`);
    const pairs = properties.split(';').flatMap((pair): [string, string][] => {
      const [key = '', value = ''] = pair.split(/=(.*)/s, 2);
      return key === '' || value === '' ? [] : [[key.toLowerCase(), undone(value)]];
    });
    return [{ name, properties: Object.fromEntries(pairs), data: undone(line.slice(end + 1)) }];
  });
}

/**
 * As Codemagic's page describes CM_ENV (docs.codemagic.io, using-environment-variables): `KEY=value` lines, and `KEY<<DELIMITER` to a line that is
 * the delimiter. More strictly: a plain value holds nothing that some reader of such files takes for a quote, a comment or an expansion.
 */
export function readCodemagic(text: string): Map<string, string> {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('no end');
  const found = new Map<string, string>();
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const [, key = '', sign = '', rest = ''] = /^(\w+)(=|<<)(.*)$/.exec(line) ?? [];
    if (key === '' || (sign === '=' && /[\s'"`$\\#;&|<>()~*?![\]{}]/.test(rest)))
      throw new Error(`not a line: ${line}`);
    const end = sign === '=' ? at : lines.indexOf(rest, at + 1);
    if (end < at || rest === undefined) throw new Error(`no delimiter: ${line}`);
    found.set(key, sign === '=' ? rest : lines.slice(at + 1, end).join('\n'));
    at = end;
  }
  return new Map([...found].filter(([, value]) => value !== ''));
}

/**
 * The lines of a file for shells, by the grammar of POSIX (XCU 2.2.2): `unset` of names, and `export NAME=` with text between single quotes and
 * escaped quotes. What real shells make of it is in `env-out.test.ts`.
 */
export function readExports(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let rest = text;
  while (rest !== '') {
    const [whole = '', key, quoted = ''] =
      /^(?:\n|unset(?: \w+)+\n|export (\w+)=((?:'[^']*'|\\')+)\n)/.exec(rest) ?? [];
    if (whole === '') throw new Error(`not a line: ${rest.slice(0, 200)}`);
    if (key !== undefined)
      found.set(
        key,
        quoted.replace(/'([^']*)'|\\(')/g, (_, inner, quote) => inner ?? quote),
      );
    rest = rest.slice(whole.length);
  }
  return found;
}
