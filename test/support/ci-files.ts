import { SaxesParser } from 'saxes';

/** What a report says, read as its reader does. Each throws for what that reader would not take. */

/** As the runner reads GITHUB_OUTPUT: github.com/actions/runner, FileCommandManager.cs. */
export function readGithubOutputs(text: string): Map<string, string> {
  const lines = text.split('\n');
  const found = new Map<string, string>();
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const [, plain = '', value = ''] = /^([^=<]+)=(.*)$/.exec(line) ?? [];
    if (plain !== '' && !found.has(plain)) {
      found.set(plain, value);
      continue;
    }
    const [, name = '', delimiter = ''] = /^([^=]*?)<<(.+)$/.exec(line) ?? [];
    if (name === '') throw new Error(`not an output: ${line}`);
    const end = lines.indexOf(delimiter, at + 1);
    if (end === -1 || found.has(name)) throw new Error(`no end, or said twice: ${name}`);
    found.set(name, lines.slice(at + 1, end).join('\n'));
    at = end;
  }
  return found;
}

/** As GitLab reads a dotenv report: parse_dotenv_artifact_service.rb. */
export function readDotenv(text: string): Map<string, string> {
  if (Buffer.byteLength(text) >= 5 * 1024) throw new Error('too big');
  const lines = text.split('\n').slice(0, -1);
  const entries = lines.map((line): [string, string] => {
    const [, key = '', value = ''] = /^(.*?)=(.*)$/.exec(line) ?? [];
    if (!/^\w+$/.test(key)) throw new Error(`not a line: ${line}`);
    return [key, value.trim()];
  });
  if (!text.endsWith('\n') || entries.length > 20) throw new Error('no end, or too many');
  return new Map(entries);
}

/** As `java.util.Properties.load` reads it, but for lines that go on. */
export function readProperties(text: string): Map<string, string> {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '' && !/^\s*[#!]/.test(line));
  const entries = lines.map((line): [string, string] => {
    const [, key = '', value = ''] = /^\s*((?:\\.|[^\\=:\s])+)\s*[=:]?\s*(.*)$/.exec(line) ?? [];
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(line)) throw new Error('a line that goes on');
    return [unescaped(key), unescaped(value)];
  });
  return new Map(entries);
}

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-f]{4}|.)/gi, (_, what: string) =>
    what.length === 5 ? String.fromCharCode(Number.parseInt(what.slice(1), 16)) : what,
  );
}

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** A document of XML; throws where it is not well-formed, or holds a character that XML forbids. */
export function readXml(text: string): Element {
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = { name, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('text', (piece) => {
    for (const element of open) element.text += piece;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  const [root] = top.children;
  if (root === undefined) throw new Error('empty');
  return root;
}

/** Every element of a name, wherever it stands. */
export function elements(root: Element, name: string): Element[] {
  return root.children.flatMap((child) => [...(child.name === name ? [child] : []), ...elements(child, name)]);
}

export interface WorkflowCommand {
  readonly command: string;
  readonly title: string;
  readonly message: string;
}

/** The commands in a log, as the runner finds them: github.com/actions/runner, ActionCommand.cs. */
export function workflowCommands(log: string): WorkflowCommand[] {
  return log.split(/\r\n|\r|\n/).flatMap((line) => {
    const [, command = '', properties = '', message = ''] = /^\s*::([^\s:]+)(?: (.*?))?::(.*)$/.exec(line) ?? [];
    if (command === '' && /##\[/.test(line)) throw new Error(`an old command: ${line}`);
    if (command === '') return [];
    const given = new Map(properties.split(',').map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));
    if ([...given.keys()].some((key) => key !== 'title')) throw new Error(`other properties: ${line}`);
    return [{ command, title: undone(given.get('title') ?? ''), message: undone(message) }];
  });
}

function undone(text: string): string {
  const parts: Readonly<Record<string, string>> = { '0D': '\r', '0A': '\n', '3A': ':', '2C': ',', '25': '%' };
  return text.replace(/%(0D|0A|3A|2C|25)/g, (_, code: string) => parts[code] ?? '');
}
