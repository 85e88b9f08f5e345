import type { BuildQuota } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { Context } from '../../contract/context.ts';
import { LimitError } from '../../contract/errors.ts';
import type { OpenBackend } from '../backend.ts';

/**
 * Asks the backends that can tell how many builds of the week are left, before anything is sent. Throws `LimitError` where none is. A
 * question without an answer is only warned of: the backend itself decides.
 */
export async function checkQuotas(
  backends: readonly Pick<OpenBackend, 'id' | 'quota'>[],
  { name, platform }: Pick<Artifact, 'name' | 'platform'>,
  environment: string | undefined,
  ctx: Context,
): Promise<void> {
  for (const { id, quota } of backends) {
    if (quota === undefined || platform === 'other') continue;
    const known = await quota({ platform, environment }, ctx).catch((error: unknown) => {
      ctx.signal.throwIfAborted();
      const why = error instanceof Error ? error.message : 'unknown error';
      const message = `cannot read how many builds are left this week: ${why}`;
      ctx.emit({ type: 'warning', code: 'quota-unknown', message });
      return null;
    });
    const isUsedUp = known !== null && known.limit !== null && known.used !== null && known.used >= known.limit;
    if (isUsedUp) throw usedUp(id, name, platform, environment, known);
  }
}

function usedUp(
  backend: string,
  name: string,
  platform: string,
  environment: string | undefined,
  { used, limit, freeAt, setting }: BuildQuota,
): LimitError {
  const of = [platform, environment].filter((part) => part !== undefined).join('/');
  const when = freeAt === null ? 'when the oldest of them is 7 days old' : `from ${freeAt.toISOString()} on`;
  return new LimitError(
    `cannot send ${name} to ${backend}: ${used} of ${limit} builds for ${of} in 7 days are used; nothing was sent`,
    {
      limit: 'week',
      hint: `run again ${when}, or ask for a higher limit; if the plan allows more, set ${setting}`,
    },
  );
}
