import type * as z from 'zod';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import { UsageError } from '../../contract/errors.ts';
import { nearest } from '../../contract/text/suggest.ts';
import { FLAGS, type Flag, type FlagValues, variableOf } from '../line/flags.ts';
import type { ConfigFile } from './config/config-file.ts';
import { checkConfigKeys, unknownKey } from './config/config-keys.ts';
import { pathInProject } from './config/project-paths.ts';
import { type SettingKey, Settings, type SettingValues } from './settings.ts';
import { DEFAULT, isFlag, isGiven, type Source, subjectOf } from './source.ts';

/** A value that was given, and where; `key` is its path of keys in a config. */
interface Given {
  readonly value: unknown;
  readonly source: Source;
  readonly key: string;
}

interface SourcedValues<T> {
  readonly values: T;
  /** By key. */
  readonly sources: Readonly<Record<string, Source>>;
}

export interface ResolvedSettings extends SourcedValues<SettingValues> {
  /** Each backend's own settings, by its id. */
  readonly backends: Readonly<Record<string, SourcedValues<Readonly<Record<string, unknown>>>>>;
}

export interface SettingsInput {
  readonly flags: FlagValues;
  readonly environment: Env;
  readonly config: ConfigFile | null;
  readonly backends: readonly BackendDefinition[];
  /** Contents of the file that `--set <backend>.<key>=@<file>` names. */
  readonly readValueFile: (path: string) => string;
}

/** Flag, then variable, then config file, then default, each checked where it stands. Throws `UsageError` or `PolicyError`. */
export function resolveSettings(input: SettingsInput): ResolvedSettings {
  if (input.config !== null) checkConfigKeys(input.config, input.backends);
  const common = merge(Settings, (key) => givenSetting(key as SettingKey, input));
  checkNames(common, input.backends);
  const assignments = readAssignments(input);
  const backends: Record<string, SourcedValues<Readonly<Record<string, unknown>>>> = {};
  for (const backend of input.backends) {
    const assigned = assignments.get(backend.id) ?? new Map<string, Given>();
    const own = merge(backend.settings, (key) => assigned.get(key) ?? givenBackendSetting(backend, key, input));
    backends[backend.id] = withDerivedAddresses(backend, own);
  }
  return { ...common, backends };
}

/** Throws `UsageError` where a config or a variable names a backend that there is not, or one twice. What a flag says is for its command to check. */
function checkNames({ values, sources }: SourcedValues<SettingValues>, backends: readonly BackendDefinition[]): void {
  const { backend, to } = values;
  if (backend !== undefined && !isFlag(sources.backend))
    backendNamed(backend, backends, `${subjectOf(sources.backend, 'backend')} `);
  if (to !== undefined && !isFlag(sources.to)) backendsNamed(to, backends, `${subjectOf(sources.to, 'to')} `);
}

/** The backends of a list `a,b`. Throws `UsageError` for an unknown one, and for one that is named twice. */
export function backendsNamed(
  list: string,
  backends: readonly BackendDefinition[],
  prefix = '',
): readonly BackendDefinition[] {
  const ids = list.split(',').map((id) => id.trim());
  if (ids.includes('')) throw new UsageError(`${prefix}has an empty name in its list: remove the extra comma`);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  const named = ids.map((id) => backendNamed(id, backends, prefix));
  if (twice !== undefined) throw new UsageError(`${prefix}${twice} is named twice`);
  return named;
}

function backendNamed(id: string, backends: readonly BackendDefinition[], prefix: string): BackendDefinition {
  const found = backends.find((candidate) => candidate.id === id);
  if (found === undefined) throw unknownBackend(id, backends, prefix);
  return found;
}

/** Every key of a schema from where it was given, checked there, so that an error can say where. */
function merge<Schema extends z.ZodObject>(
  schema: Schema,
  find: (key: string) => Given | null,
): SourcedValues<z.infer<Schema>> {
  const merged: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [key, shape] of Object.entries(schema.shape)) {
    const given = find(key);
    sources[key] = given?.source ?? DEFAULT;
    if (given === null) continue;
    const parsed = (shape as z.ZodType).safeParse(given.value);
    if (!parsed.success) {
      const why = isPadded(given.value, shape as z.ZodType)
        ? 'has a space around its value: remove it'
        : parsed.error.issues[0]?.message;
      throw new UsageError(`${subject(given)} ${why ?? 'is not valid'}`);
    }
    merged[key] = given.value;
  }
  return { values: schema.parse(merged), sources };
}

/** Whether a value would be a right one but for white space around it. */
function isPadded(value: unknown, shape: z.ZodType): boolean {
  return typeof value === 'string' && value !== value.trim() && shape.safeParse(value.trim()).success;
}

/** The addresses that nobody has set, where they follow from another setting. */
function withDerivedAddresses(
  { derivedAddresses }: BackendDefinition,
  { values, sources }: SourcedValues<Readonly<Record<string, unknown>>>,
): SourcedValues<Readonly<Record<string, unknown>>> {
  const { from = '', of } = derivedAddresses ?? {};
  const given = values[from];
  if (of === undefined || given === undefined) return { values, sources };
  const derived = Object.entries(of(String(given))).filter(([key]) => !isGiven(sources[key]));
  const source = sources[from] ?? DEFAULT;
  return {
    values: { ...values, ...Object.fromEntries(derived) },
    sources: { ...sources, ...Object.fromEntries(derived.map(([key]) => [key, source])) },
  };
}

function givenSetting(key: SettingKey, { flags, environment, config }: SettingsInput): Given | null {
  const flag = FLAGS.find((candidate) => candidate.key === key);
  if (flag !== undefined) {
    const onLine = flags[flag.name];
    if (onLine !== undefined) return named('flag', `--${flag.name}`, fromText(flag, onLine));
    const inEnvironment = environment[variableOf(flag)];
    if (inEnvironment !== undefined && inEnvironment !== '')
      return named('variable', variableOf(flag), fromText(flag, inEnvironment));
  }
  const given = givenInConfig(config, [key]);
  const use = PATHS[key];
  return given !== null && config !== null && use !== undefined ? insideProject(given, config, use) : given;
}

function named(from: 'flag' | 'set' | 'variable', name: string, value: unknown): Given {
  return { value, source: { from, name }, key: name };
}

function subject({ source, key }: Given): string {
  return subjectOf(source, key);
}

function givenInConfig(config: ConfigFile | null, path: readonly string[]): Given | null {
  let value: unknown = config?.text.value;
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  if (config === null || value === undefined) return null;
  return { value, source: { from: 'config', at: config.text.locate(path) }, key: path.join('.') };
}

/** Settings that name files. What is read leaves this machine, so it is guarded like what is written. */
const PATHS: Readonly<Partial<Record<SettingKey, 'write' | 'read'>>> = {
  output: 'write',
  receipt: 'write',
  events: 'write',
  gitlabDotenv: 'write',
  junit: 'write',
  jenkinsProperties: 'write',
  envOut: 'write',
  summary: 'write',
  releaseNotesFile: 'read',
};

function insideProject(given: Given, config: ConfigFile, use: 'write' | 'read'): Given {
  const { value } = given;
  return typeof value === 'string'
    ? { ...given, value: pathInProject({ value, subject: `${subject(given)} ` }, config, use) }
    : given;
}

/** The words for yes and no; `null` for any other. */
export function readSwitch(text: string): boolean | null {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  return /^(0|false|no|off)$/i.test(text) ? false : null;
}

/** A flag's or variable's text as the value that its setting takes. */
function fromText(flag: Flag, given: FlagValues[string]): unknown {
  if (flag.type === 'switch') {
    return given === true ? true : (readSwitch(String(given)) ?? given);
  }
  return flag.type === 'number-or-text' && /^-?\d{1,9}(\.\d+)?$/.test(String(given)) ? Number(given) : given;
}

function givenBackendSetting(
  backend: BackendDefinition,
  key: string,
  { environment, config, readValueFile }: SettingsInput,
): Given | null {
  const variable = backend.variables[key];
  const value = variable === undefined ? undefined : environment[variable];
  if (variable !== undefined && value !== undefined && value !== '') return named('variable', variable, value);
  const path = variable === undefined ? undefined : environment[`${variable}_FILE`];
  if (path !== undefined && path !== '') return named('variable', `${variable}_FILE`, readValueFile(path));
  const given = givenInConfig(config, [backend.id, key]);
  const isFile = backend.fileSettings?.includes(key) === true;
  return given !== null && config !== null && isFile ? insideProject(given, config, 'read') : given;
}

/** `--set <backend>.<key>=<value>`, by backend and key. */
function readAssignments({
  flags,
  backends,
  readValueFile,
}: SettingsInput): ReadonlyMap<string, ReadonlyMap<string, Given>> {
  const found = new Map<string, Map<string, Given>>();
  const assignments = flags.set;
  for (const assignment of typeof assignments === 'object' ? assignments : []) {
    const [, id = '', key = '', text = ''] = /^([a-z-]+)\.(\w+)=([\s\S]*)$/.exec(assignment) ?? [];
    if (id === '') throw new UsageError('--set expects <backend>.<key>=<value>');
    const backend = backends.find((candidate) => candidate.id === id);
    if (backend === undefined) throw unknownBackend(id, backends);
    const known = Object.keys(backend.settings.shape);
    if (!known.includes(key)) throw unknownKey(key, known, `--set ${id}`, 'arguments, which others can see');
    const value = text.startsWith('@') ? readValueFile(text.slice(1)) : text;
    const ofBackend = found.get(id) ?? new Map<string, Given>();
    refuseAnother(value, ofBackend.get(key), `--set ${id}.${key}`);
    found.set(id, ofBackend.set(key, named('set', `--set ${id}.${key}`, value)));
  }
  return found;
}

function refuseAnother(value: string, before: Given | undefined, what: string): void {
  if (before !== undefined && before.value !== value) throw new UsageError(`${what} given twice with different values`);
}

export function unknownBackend(id: string, backends: readonly BackendDefinition[], prefix = ''): UsageError {
  const known = backends.map((backend) => backend.id).join(', ');
  const shown = /^[a-z-]{1,24}$/i.test(id) ? ` "${id}"` : '';
  const near = nearest(
    id.toLowerCase(),
    backends.map((backend) => backend.id),
  );
  const hint = near === null && /\s/.test(id) ? 'write commas between several, without spaces' : null;
  return new UsageError(`${prefix}unknown backend${shown}; known: ${known}`, {
    hint: near === null ? hint : `did you mean ${near}?`,
  });
}
