import type { BackendDefinition } from '../../backends/definition.ts';
import type { Invocation } from '../line/command.ts';
import type { ConfigFile } from '../settings/config/config-file.ts';
import type { ResolvedSettings } from '../settings/resolve-settings.ts';
import type { SettingKey } from '../settings/settings.ts';

/** A setting that says what is released, or where, and that a config decided which nobody named. */
export interface FoundDecision {
  readonly setting: string;
  readonly value: string;
  /** Where it stands: file, line and column. */
  readonly source: string;
}

/** By its flag, because a command that does not take the flag has no use for the setting. */
const DECISIVE: readonly (readonly [key: SettingKey, flag: string])[] = [
  ['environment', 'environment'],
  ['backend', 'backend'],
  ['signingKey', 'signing-key'],
];

/** What a found config decides of this run; nothing for a command that is about no release. */
export function foundDecisions(
  invocation: Invocation,
  flags: readonly string[],
  settings: ResolvedSettings,
  config: ConfigFile | null,
  backends: readonly BackendDefinition[],
): readonly FoundDecision[] {
  if (config?.wasFound !== true || !flags.includes('github')) return [];
  const common = DECISIVE.filter(([, flag]) => flags.includes(flag)).map(([key]) =>
    decisionOf([key], settings.values[key], settings.sources[key], config),
  );
  const own = backends
    .filter(({ id }) => isMeant(id, invocation, settings))
    .flatMap(({ id, decisive = [] }) => {
      const { values = {}, sources = {} } = settings.backends[id] ?? {};
      return decisive.map((key) => decisionOf([id, key], values[key], sources[key], config));
    });
  return [...common, ...own].filter((decision) => decision !== null);
}

/** In one line, each with its place. */
export function wordsOf(decisions: readonly FoundDecision[]): string {
  const parts = decisions.map(({ setting, value, source }) => `${setting} ${value} (${source})`);
  return `decided by the config of this project: ${parts.join(', ')}`;
}

function decisionOf(
  path: readonly string[],
  value: unknown,
  source: string | undefined,
  config: ConfigFile,
): FoundDecision | null {
  const isFromConfig = value !== undefined && source === config.text.locate(path) && isIn(config.text.value, path);
  return isFromConfig ? { setting: path.join('.'), value: String(value), source } : null;
}

function isIn(config: unknown, path: readonly string[]): boolean {
  let value: unknown = config;
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  return value !== undefined;
}

/** Named as the backend, as a target, or in a job's reference; a receipt does not tell before it is read. */
function isMeant(id: string, { operands, flags }: Invocation, { values }: ResolvedSettings): boolean {
  const targets = [flags.to].flat().flatMap((to) => (typeof to === 'string' ? to.split(',') : []));
  const references = operands.flatMap((operand) => /^([a-z-]+):/.exec(operand)?.[1] ?? []);
  const isReceipt = operands.some((operand) => operand.endsWith('.json'));
  return isReceipt || [values.backend, ...targets, ...references].includes(id);
}
