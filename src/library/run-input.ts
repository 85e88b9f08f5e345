import { Settings } from '../cli/settings/settings.ts';
import type { UploadOptions } from '../contract/adapter.ts';
import { UsageError } from '../contract/errors.ts';
import type { ArtifactInput } from '../run/artifact.ts';
import type { WaitInput } from '../run/wait.ts';
import type { Opened } from './open/opened.ts';
import type { SendOptions, WaitOptions } from './run-options.ts';

const SHARED = ['environment', 'signingKey', 'releaseNotes', 'tags', 'publishLink'] as const;

/** A file on its way to these backends. Throws `UsageError` for what none of them has a use for. */
export function artifactInput(options: SendOptions, to: readonly Opened[]): ArtifactInput {
  for (const key of SHARED) {
    const isUsed = to.some(({ definition }) => definition.capabilities.accepts.includes(key));
    if (options[key] !== undefined && !isUsed)
      throw new UsageError(`${to.map(({ definition }) => definition.id).join(', ')} does not take ${key}`);
  }
  const { file, platform, expected = {} } = options;
  return {
    path: file,
    platform,
    options: uploadOptions(options),
    expected: { ...expected, allowDebuggable: expected.allowDebuggable === true },
  };
}

function uploadOptions(options: SendOptions): UploadOptions {
  const { signingKey, releaseNotes, tags, publishLink, environment, capacityWaitMs, concurrency } = options;
  const usual = Settings.parse({});
  const { appearTimeoutMs, pollIntervalMs } = waitingFor(options, null);
  return {
    environment: environmentOf(environment),
    signingKey,
    releaseNotes,
    tags,
    publishLink,
    appearTimeoutMs,
    pollIntervalMs,
    capacityWaitMs: capacityWaitMs ?? usual.capacityWait,
    concurrency: concurrency ?? usual.concurrency,
  };
}

function environmentOf(given: string | undefined): UploadOptions['environment'] {
  const parsed = Settings.shape.environment.safeParse(given);
  if (!parsed.success) throw new UsageError(`environment ${parsed.error.issues[0]?.message}`);
  return parsed.data;
}

/** How a job of this backend is waited for; `null` for the wait within an upload. */
export function waitingFor(
  { until, timeoutMs, pollIntervalMs, appearTimeoutMs }: WaitOptions,
  opened: Opened | null,
): Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs' | 'until'> {
  const usual = Settings.parse({});
  const { milestones = [] } = opened?.definition.capabilities ?? {};
  const milestone = milestones.find(({ name }) => name === (until ?? milestones[0]?.name));
  return {
    until,
    timeoutMs: timeoutMs ?? usual.timeout,
    pollIntervalMs: pollIntervalMs ?? milestone?.pollIntervalMs ?? usual.pollInterval,
    appearTimeoutMs: appearTimeoutMs ?? usual.appearTimeout,
  };
}
