import * as z from 'zod';
import type { BackendDefinition, CredentialSpec } from '../../contract/backend/definition.ts';
import type { CommandSpec } from './command.ts';
import { FLAGS, type Flag, variableOf } from './flags.ts';
import type { SettingTexts } from './setting-text.ts';

/** What the reference is made of: the same data that help, checks and schemas come from. */
export interface ReferenceInput {
  readonly commands: readonly CommandSpec[];
  readonly backends: readonly BackendDefinition[];
  readonly texts: SettingTexts;
  /** The variables of a credential, in the order in which they are read. */
  readonly variablesOf: (spec: CredentialSpec) => readonly string[];
}

/** `docs/reference.md`: every command, flag, variable, setting and default. */
export function referencePage(input: ReferenceInput): string {
  return `${[
    '# Reference',
    'Every command, flag, variable and default. This page is made from the code by `npm run reference`; a test compares them.',
    'A flag stands over its variable, the variable over the config, the config over the default. [How a run ends](exit-codes.md).',
    '## Commands',
    table(
      ['command', 'does'],
      input.commands.map((spec) => [`[\`${spec.name}\`](#${anchorOf(spec)})`, spec.summary]),
    ),
    '## Options of every command',
    flagTable(
      FLAGS.filter(({ isGlobal }) => isGlobal === true),
      input,
    ),
    ...input.commands.flatMap((spec) => commandPart(spec, input)),
    '## Backends',
    'A setting is a key below the id of the backend in the config, and `--set <backend>.<key>=<value>` on the command line. A credential is a variable, or a file that',
    '`<VARIABLE>_FILE` names; it is never a flag and never in a config.',
    ...input.backends.flatMap((backend) => backendPart(backend, input)),
  ].join('\n\n')}\n`;
}

function anchorOf({ name }: CommandSpec): string {
  return `apptool-${name.replaceAll(' ', '-')}`;
}

function commandPart(spec: CommandSpec, input: ReferenceInput): string[] {
  const operands = spec.operands.map((name) => (spec.takesFewer === true ? `[${name}]` : `<${name}>`));
  const more = spec.repeats === true ? ['…'] : spec.rest === undefined ? [] : [`[-- <${spec.rest}>]`];
  const flags = FLAGS.filter(({ name }) => spec.flags.includes(name));
  return [
    `## apptool ${spec.name}`,
    `${spec.summary}.`,
    `\`\`\`sh\n${['apptool', spec.name, '[options]', ...operands, ...more].join(' ')}\n${exampleOf(spec)}\n\`\`\``,
    ...(flags.length === 0 ? [] : [flagTable(flags, input)]),
  ];
}

function exampleOf({ example }: CommandSpec): string {
  return example
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
}

function flagTable(flags: readonly Flag[], { texts }: ReferenceInput): string {
  const rows = flags.map((flag) => {
    const value = flag.value === undefined ? '' : ` ${flag.value}`;
    const { description = '', defaultText = null } = (flag.key === null ? null : texts[flag.key]) ?? {};
    const variable = flag.name === 'version' || flag.name === 'help' ? '' : code(variableOf(flag));
    return [
      `${flag.short === undefined ? '' : `\`-${flag.short}\`, `}${code(`--${flag.name}${value}`)}`,
      flag.help ?? description,
      defaultText === null ? '' : code(defaultText),
      variable,
    ];
  });
  return table(['option', 'means', 'default', 'variable'], rows);
}

function backendPart(backend: BackendDefinition, { variablesOf }: ReferenceInput): string[] {
  const { id, title, docsUrl, settings, variables, credentials } = backend;
  const { files, otherFiles = [], limit, milestones } = backend.capabilities;
  const schema = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' });
  const properties = (schema.properties ?? {}) as Record<string, { description?: string; default?: unknown }>;
  const facts = [
    `Takes ${[...files, ...otherFiles].map((kind) => `\`.${kind}\``).join(', ')}.`,
    `Largest file: ${limit === null ? 'not documented' : limit.words}.`,
    milestones.length === 0
      ? 'A job has no milestones.'
      : `\`--until\`: ${milestones.map(({ name }) => code(name)).join(', ')}; the first is the default.`,
  ];
  return [
    `### ${id}`,
    `[${title}](${docsUrl}). ${facts.join(' ')}`,
    table(
      ['credential', 'form', 'variables'],
      credentials.map((spec) => [spec.label, spec.form, variablesOf(spec).map(code).join(' ')]),
    ),
    table(
      ['setting', 'means', 'default', 'variable'],
      Object.entries(properties).map(([key, { description = '', default: value }]) => [
        code(`${id}.${key}`),
        description,
        value === undefined ? '' : code(typeof value === 'string' ? value : JSON.stringify(value)),
        variables[key] === undefined ? '' : code(variables[key]),
      ]),
    ),
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}
