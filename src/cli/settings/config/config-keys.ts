import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { type AppToolError, PolicyError, UsageError } from '../../../contract/errors.ts';
import { nearest } from '../../../contract/text/suggest.ts';
import { SETTING_KEYS } from '../settings.ts';
import type { ConfigFile } from './config-file.ts';
import { configOfStep, releasesIn } from './releases.ts';

/** Keys by which a config could send our credentials elsewhere, or take them from elsewhere. */
const PROTECTED = new Set([
  'proxy',
  'httpProxy',
  'httpsProxy',
  'noProxy',
  'ca',
  'cafile',
  'insecure',
  'rejectUnauthorized',
]);
/** Keys by which a run would look like a release and be none. */
const PRETENDS = new Set(['sandbox', 'dryRun', 'detach']);
/** Keys that change what is lost and what is seen of a run, and nothing of the release: whoever runs it says so, no file does. */
export const OF_THE_RUN = ['force', 'json', 'quiet'] as const;
/** Keys by which a check would be weaker than whoever runs it believes. */
const WEAKENS = new Set(['allowDebuggable', 'allowUnfit']);
const NAMES_CREDENTIAL_FILE = /(Key|Token|Secret)File$/;
const SOUNDS_SECRET = /(api[-_]?key|secret|token|password|passphrase|credential|private[-_]?key)s?$/i;
/** A key that is certainly no secret may be shown again. */
const HARMLESS_KEY = /^[A-Za-z$][\w.-]{0,40}$/;

/**
 * Checks the keys of a config before any value is looked at: unknown ones, ones that sound like a secret, and ones that a config which
 * was only found may not set. Throws `UsageError` or `PolicyError`; never quotes a value.
 */
export function checkConfigKeys(config: ConfigFile, backends: readonly BackendDefinition[]): void {
  const topLevel = ['$schema', 'releases', ...SETTING_KEYS, ...backends.map((backend) => backend.id)];
  for (const [key, value] of Object.entries(config.text.value)) {
    checkKey([key], topLevel, config, backends);
    const backend = backends.find((candidate) => candidate.id === key);
    if (backend === undefined) continue;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new UsageError(`${config.text.locate([key])}: ${key}: expected a mapping`);
    }
    for (const inner of Object.keys(value))
      checkKey([key, inner], Object.keys(backend.settings.shape), config, backends);
  }
  checkReleases(config, backends);
}

/** What a step of a release says is guarded as the same setting is elsewhere. */
function checkReleases(config: ConfigFile, backends: readonly BackendDefinition[]): void {
  for (const { protect, publish } of releasesIn(config, backends)) {
    for (const step of protect === null ? publish : [protect, ...publish]) {
      const definition = backends.find(({ id }) => id === step.backend);
      if (definition === undefined || Object.keys(step.own).length === 0) continue;
      const { releases: _, ...value } = configOfStep(config, step, definition).text.value;
      const { locate } = configOfStep(config, step, definition).text;
      checkConfigKeys({ ...config, text: { value, locate } }, backends);
    }
  }
}

function checkKey(
  path: readonly string[],
  known: readonly string[],
  config: ConfigFile,
  backends: readonly BackendDefinition[],
): void {
  const key = path.at(-1) ?? '';
  const at = config.text.locate(path);
  const shown = HARMLESS_KEY.test(key) ? `"${key}"` : 'a key';
  const owners = path.length > 1 ? backends.filter(({ id }) => id === path[0]) : backends;
  if (path.length === 1 && OF_THE_RUN.some((name) => name === key))
    throw new PolicyError(`${at}: ${shown} is not allowed in a config; give it as a flag or as a variable`);
  if (config.wasFound) refuseProtected(key, `${at}: ${shown}`, owners);
  if (!known.includes(key)) throw unknownKey(key, known, at, 'the config file');
}

function refuseProtected(key: string, what: string, backends: readonly BackendDefinition[]): void {
  const owner = backends.find(
    ({ addresses, derivedAddresses }) => addresses.includes(key) || derivedAddresses?.from === key,
  );
  const isFlag = PRETENDS.has(key) || WEAKENS.has(key);
  const isProtected = owner !== undefined || PROTECTED.has(key) || isFlag || NAMES_CREDENTIAL_FILE.test(key);
  if (!isProtected) return;
  const way = owner?.variables[key] ?? (isFlag ? 'a flag' : 'a variable');
  throw new PolicyError(
    `${what} is not allowed in a config that was only found; name the config with --config, or use ${way}`,
  );
}

/** The error for a key that is not one of `known`; `at` is where it stands, and `place` what no secret belongs into. */
export function unknownKey(key: string, known: readonly string[], at: string, place: string): AppToolError {
  const isHarmless = HARMLESS_KEY.test(key);
  if (SOUNDS_SECRET.test(key)) {
    return new PolicyError(`${at}: ${isHarmless ? `"${key}"` : 'a key'}: keep secrets out of ${place}`, {
      hint: 'put credentials in variables; apptool backends lists them',
    });
  }
  const shown = isHarmless ? `unknown key "${key}"` : 'unknown key';
  const near = nearest(key, known);
  return new UsageError(near === null ? `${at}: ${shown}` : `${at}: ${shown}; did you mean "${near}"?`);
}
