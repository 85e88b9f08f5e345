import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { CommandSpec, Invocation } from '../line/command.ts';
import type { ConfigFile } from '../settings/config/config-file.ts';
import type { ResolvedSettings } from '../settings/resolve-settings.ts';
import type { SettingKey } from '../settings/settings.ts';
import type { Source } from '../settings/source.ts';

/** A setting that says what is released, or where, and that a config decided which nobody named. */
export interface FoundDecision {
  readonly setting: string;
  readonly value: string;
  /** Where it stands: file, line and column. */
  readonly source: string;
}

/** By its flag, because a command that does not take the flag does not take the setting. */
const DECISIVE: readonly (readonly [key: SettingKey, flag: string])[] = [
  ['environment', 'environment'],
  ['backend', 'backend'],
  ['to', 'to'],
  ['signingKey', 'signing-key'],
];

/** What a found config decides of this run; nothing for a command that is about no release. */
export function foundDecisions(
  spec: CommandSpec,
  invocation: Invocation,
  settings: ResolvedSettings,
  config: ConfigFile | null,
  backends: readonly BackendDefinition[],
): readonly FoundDecision[] {
  const { reports, flags } = spec;
  if (config?.wasFound !== true || reports !== true) return [];
  const common = DECISIVE.filter(([, flag]) => flags.includes(flag)).map(([key]) =>
    decisionOf([key], settings.values[key], settings.sources[key]),
  );
  const own = backends
    .filter(({ id }) => isMeant(id, spec, invocation, settings))
    .flatMap(({ id, decisive = [] }) => {
      const { values = {}, sources = {} } = settings.backends[id] ?? {};
      return decisive.map((key) => decisionOf([id, key], values[key], sources[key]));
    });
  return [...common, releasesOf(flags, config), ...own].filter((decision) => decision !== null);
}

/** In one line, each with its place. */
export function wordsOf(decisions: readonly FoundDecision[]): string {
  const parts = decisions.map(({ setting, value, source }) => `${setting} ${value} (${source})`);
  return `set by this project's config: ${parts.join(', ')}`;
}

/** A release says all of it: what is protected for what, and where it goes. */
function releasesOf(flags: CommandSpec['flags'], { text }: ConfigFile): FoundDecision | null {
  const { releases } = text.value;
  if (!(flags.includes('resume') || flags.includes('plan')) || typeof releases !== 'object' || releases === null)
    return null;
  return { setting: 'releases', value: Object.keys(releases).join(', '), source: text.locate(['releases']) };
}

function decisionOf(path: readonly string[], value: unknown, source: Source | undefined): FoundDecision | null {
  return source?.from === 'config' ? { setting: path.join('.'), value: String(value), source: source.at } : null;
}

/** Named as the backend, as a target, or in a job's reference; a receipt does not tell before it is read. */
function isMeant(id: string, { flags }: CommandSpec, { operands }: Invocation, { values }: ResolvedSettings): boolean {
  const targets = flags.includes('to') ? (values.to ?? '').split(',') : [];
  const references = operands.flatMap((operand) => /^([a-z-]+):/.exec(operand)?.[1] ?? []);
  const isReceipt = operands.some((operand) => operand.endsWith('.json'));
  return isReceipt || [values.backend, ...targets, ...references].includes(id);
}
