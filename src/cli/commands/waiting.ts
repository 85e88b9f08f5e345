import type { OpenBackend } from '../../run/backend.ts';
import type { WaitInput } from '../../run/wait.ts';
import type { Session } from '../session/session.ts';
import { isFlag, isGiven } from '../settings/source.ts';

/** How a job of this backend is waited for. Nobody has to be asked every few seconds whether a person has decided. */
export function waiting(
  session: Session,
  { milestones }: OpenBackend,
): Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs' | 'until'> {
  const { values, sources } = session.settings;
  const { pollInterval, timeout, appearTimeout } = values;
  const until = untilFor(session, milestones);
  const usual = milestones.find(({ name }) => name === (until ?? milestones[0]?.name))?.pollIntervalMs;
  const pollIntervalMs = isGiven(sources.pollInterval) ? pollInterval : (usual ?? pollInterval);
  return { pollIntervalMs, timeoutMs: timeout, appearTimeoutMs: appearTimeout, until };
}

/** A milestone in a variable or the config is for the backends that have it; one in a flag is for this. */
export function untilFor(
  { settings: { values, sources } }: Session,
  milestones: OpenBackend['milestones'],
): string | undefined {
  return isFlag(sources.until) || milestones.some(({ name }) => name === values.until) ? values.until : undefined;
}

/** The same for one of several: a flag, too, is for those that have the milestone. */
export function ownUntil(until: string | undefined, { milestones }: OpenBackend): string | undefined {
  return milestones.some(({ name }) => name === until) ? until : undefined;
}
