import * as z from 'zod';
import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { UsageError } from '../../../contract/errors.ts';
import type { Stage } from '../../../contract/job.ts';
import { Settings } from '../settings.ts';
import type { ConfigFile } from './config-file.ts';

/** How a config writes what something was protected for. */
const STAGES: Readonly<Record<string, Stage>> = {
  dev: 'development',
  development: 'development',
  stg: 'staging',
  staging: 'staging',
  prod: 'production',
  production: 'production',
};

/** The words of a config for an environment, as what they stand for. */
export const stageWord = z.string({ error: 'expected dev, staging or prod' }).transform((word, issues) => {
  const stage = Object.hasOwn(STAGES, word.toLowerCase()) ? STAGES[word.toLowerCase()] : undefined;
  if (stage !== undefined) return stage;
  issues.addIssue({ code: 'custom', message: 'must be dev, staging or prod' });
  return z.NEVER;
});

/** What only a release says of a target; everything else is a setting. */
const OwnKeys = z.strictObject({
  required: z.boolean({ error: 'expected true or false' }).default(true).describe('false: its failure is a warning'),
  environments: z
    .array(stageWord)
    .default([])
    .describe('Environments whose builds this target also accepts, besides production'),
});

/** The settings that a step of a release may have by itself, where its backend has a use for them. */
function sharedKeys({ capabilities }: BackendDefinition, action: 'protect' | 'publish') {
  const files = capabilities.accepts.includes('releaseNotes') ? (['releaseNotesFile'] as const) : [];
  const own = action === 'protect' ? (['output'] as const) : (['until'] as const);
  return [...capabilities.accepts, ...files, ...own, 'timeout'] as const;
}

/** What a step of a release may say, for one backend. */
function stepSchema(backend: BackendDefinition, action: 'protect' | 'publish', isDefault: boolean): z.ZodObject {
  const id = z.literal(backend.id);
  const shared = Object.fromEntries(sharedKeys(backend, action).map((key) => [key, Settings.shape[key]]));
  const own = action === 'publish' ? OwnKeys.shape : {};
  return z
    .strictObject({ ...backend.settings.shape, ...shared })
    .partial()
    .extend({ backend: isDefault ? id.optional() : id, ...own });
}

function protectors(backends: readonly BackendDefinition[]): readonly BackendDefinition[] {
  return backends.filter(({ capabilities }) => capabilities.protects);
}

/** The releases of a config, for its JSON Schema. */
export function releasesSchema(backends: readonly BackendDefinition[]): z.ZodType {
  const protecting = protectors(backends).map((backend, index) => stepSchema(backend, 'protect', index === 0));
  const targets = backends.map((backend) => stepSchema(backend, 'publish', false));
  const ids = z.enum(backends.map(({ id }) => id));
  return z
    .record(
      z.string(),
      z.strictObject({
        protect: z
          .union(protecting)
          .optional()
          .describe('How to protect first; without this key the file is published as it is'),
        publish: z
          .array(z.union([ids, ...targets]))
          .default([])
          .describe('Where to publish, in parallel: backends, or backends with their own settings'),
      }),
    )
    .describe('Pipelines for apptool release, by name');
}

/** One step of a release as it stands in the config. */
export interface StepDefinition {
  readonly backend: string;
  /** Where it stands in the config. */
  readonly path: readonly PropertyKey[];
  /** Its settings: those that every backend may have, and the backend's own. */
  readonly own: Readonly<Record<string, unknown>>;
  readonly required: boolean;
  readonly environments: readonly Stage[];
}

export interface ReleaseDefinition {
  readonly name: string;
  readonly protect: StepDefinition | null;
  readonly publish: readonly StepDefinition[];
  /** What the config says of it, as it stands there. */
  readonly written: unknown;
}

/** The releases of a config, checked. Throws `UsageError` that says where. */
export function releasesIn(
  config: ConfigFile | null,
  backends: readonly BackendDefinition[],
): readonly ReleaseDefinition[] {
  const given = config?.text.value.releases;
  if (config === null || given === undefined) return [];
  return Object.entries(mappingAt(config, ['releases'], given)).map(([name, value]) => {
    const path = ['releases', name];
    const { protect, publish = [], ...others } = mappingAt(config, path, value);
    for (const key of Object.keys(others)) throw unknownPart(config, [...path, key]);
    if (!Array.isArray(publish)) throw wrong(config, [...path, 'publish'], 'expected a list of backends');
    if (protect === undefined && publish.length === 0) throw wrong(config, path, 'neither protects nor publishes');
    return {
      name,
      protect: protect === undefined ? null : stepIn(config, [...path, 'protect'], protect, 'protect', backends),
      publish: publish.map((one, index) => stepIn(config, [...path, 'publish', index], one, 'publish', backends)),
      written: value,
    };
  });
}

/** The backend that a step names; that which protects where nobody says so is the first that can. */
function backendOf(
  config: ConfigFile,
  path: readonly PropertyKey[],
  named: unknown,
  action: 'protect' | 'publish',
  backends: readonly BackendDefinition[],
): BackendDefinition {
  const known = action === 'protect' ? protectors(backends) : backends;
  const id = named ?? (action === 'protect' ? known[0]?.id : undefined);
  const backend = known.find((one) => one.id === id);
  if (backend !== undefined) return backend;
  const what = action === 'protect' ? 'a backend that protects' : 'a backend';
  throw wrong(config, [...path, 'backend'], `expected ${what}: ${known.map((one) => one.id).join(', ')}`);
}

function stepIn(
  config: ConfigFile,
  path: readonly PropertyKey[],
  value: unknown,
  action: 'protect' | 'publish',
  backends: readonly BackendDefinition[],
): StepDefinition {
  const given = action === 'publish' && typeof value === 'string' ? { backend: value } : mappingAt(config, path, value);
  const backend = backendOf(config, path, given.backend, action, backends);
  const parsed = stepSchema(backend, action, true).safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    if (unknown !== undefined) throw unknownPart(config, [...path, unknown]);
    throw wrong(config, [...path, ...(issue?.path ?? [])], issue?.message ?? 'is not valid');
  }
  const { backend: _, required, environments, ...own } = given;
  const said = action === 'publish' ? OwnKeys.parse({ required, environments }) : { required: true, environments: [] };
  return { backend: backend.id, path, own, ...said };
}

function mappingAt(config: ConfigFile, path: readonly PropertyKey[], value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(config, path, 'expected a mapping');
}

function wrong({ text }: ConfigFile, path: readonly PropertyKey[], why: string): UsageError {
  return new UsageError(`${text.locate(path)}: ${path.join('.')}: ${why}`);
}

function unknownPart({ text }: ConfigFile, path: readonly PropertyKey[]): UsageError {
  const key = String(path.at(-1));
  const shown = /^[A-Za-z$][\w.-]{0,40}$/.test(key) ? `unknown key "${key}"` : 'unknown key';
  return new UsageError(`${text.locate(path)}: ${shown}`);
}

/** The config as it holds for one step of a release: what the step says stands over what the config says elsewhere. */
export function configOfStep(config: ConfigFile, step: StepDefinition, definition: BackendDefinition): ConfigFile {
  const action = step.path.includes('protect') ? 'protect' : 'publish';
  const shared: readonly string[] = sharedKeys(definition, action);
  const entries = Object.entries(step.own);
  const common = Object.fromEntries(entries.filter(([key]) => shared.includes(key)));
  const own = Object.fromEntries(entries.filter(([key]) => !shared.includes(key)));
  const { value, locate } = config.text;
  const before = value[step.backend] as Record<string, unknown> | undefined;
  // One way to say what is new takes the place of the other.
  const { releaseNotes, releaseNotesFile, ...rest } = value;
  const news =
    'releaseNotes' in common || 'releaseNotesFile' in common ? {} : given({ releaseNotes, releaseNotesFile });
  return {
    ...config,
    text: {
      value: {
        ...rest,
        ...news,
        ...common,
        ...(entries.length === 0 ? {} : { [step.backend]: { ...before, ...own } }),
      },
      locate: (path) => {
        const [first = '', second = ''] = path.map(String);
        if (path.length === 1 && Object.hasOwn(common, first)) return locate([...step.path, first]);
        return first === step.backend && Object.hasOwn(own, second) ? locate([...step.path, second]) : locate(path);
      },
    },
  };
}

function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
