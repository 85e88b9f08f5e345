import { existsSync } from 'node:fs';
import { PolicyError } from '../../../contract/errors.ts';
import type { FleetCell } from '../../../contract/record/fleet-plan.ts';
import { laneDelayMs } from '../../../run/fleet/lane-delay.ts';
import { sha256At } from '../../../run/release/file-at.ts';
import type { CommandResult } from '../../line/command.ts';
import type { PlannedRelease } from '../../output/command-data.ts';
import type { Session } from '../../session/session.ts';
import { readRelease } from '../release/read-release.ts';
import { carryOut } from '../release/release.ts';
import { cellOf } from './cell.ts';

/** `apptool fleet run <app>`: the release of one app. What it stands for has been settled before: see `cell.ts`. */
export async function fleetRunCommand(session: Session): Promise<CommandResult<PlannedRelease>> {
  const { settings } = session;
  const { cell, slots } = cellOf(session.invocation);
  const file = await checkedFile(cell, session);
  await waitForLane(cell, slots, session);
  const [release = ''] = Object.keys((session.config?.text.value.releases ?? {}) as object);
  const operands = file === null ? [release] : [release, file];
  const own = { ...session, invocation: { ...session.invocation, operands } };
  const receipt = session.settings.values.receipt ?? cell.receipt;
  const resume = { do: 'resume', receipt, command: lineOf(session.invocation) } as const;
  return await carryOut({ ...(await readRelease(own)), resume: settings.values.sandbox === true ? null : resume }, own);
}

/** The line that goes on: the one that was given. */
function lineOf({ operands, flags }: Session['invocation']): readonly string[] {
  const given = ['config', 'plan', 'receipt', 'until', 'from'].flatMap((name) => {
    const value = flags[name];
    return typeof value === 'string' ? [`--${name}`, value] : [];
  });
  return ['fleet', 'run', ...operands, ...given];
}

/** The file, where it is here: once an app is protected, its release goes on without. Throws `PolicyError` for another file than the planned one. */
async function checkedFile({ id, file, sha256 }: FleetCell, { ctx }: Session): Promise<string | null> {
  if (!existsSync(file)) return null;
  const found = await sha256At(file, ctx.signal);
  if (found === sha256) return file;
  throw new PolicyError(`${file} is not the file that was planned for ${id}: that has the SHA-256 ${sha256}`, {
    hint: 'nothing was sent; plan again, and see who has changed the file',
  });
}

/** Two builds that begin in one second could be taken for each other, so each lane has times of its own. */
async function waitForLane(
  { lane, steps }: FleetCell,
  slots: number,
  { ctx, settings, invocation }: Session,
): Promise<void> {
  const isSending = steps.some((id) => id.startsWith('protect:')) && invocation.flags.from !== 'publish';
  if (!isSending || settings.values.dryRun === true) return;
  const delayMs = laneDelayMs(lane, slots, ctx.clock.date().getTime());
  if (delayMs > 0) await ctx.clock.sleep(delayMs, ctx.signal);
}
