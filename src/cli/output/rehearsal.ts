import type { Rehearsal } from '../../contract/result-document.ts';
import type { SettingValues } from '../settings/settings.ts';

/**
 * What sets a run apart from a release; `null` for a run that is none. One that sends nothing is a dry run, also where there is a sandbox.
 * `isOnLoopback` says that all backends of the run are on this machine.
 */
export function rehearsalOf(
  { dryRun, sandbox }: Pick<SettingValues, 'dryRun' | 'sandbox'>,
  isOnLoopback: boolean,
): Rehearsal | null {
  if (dryRun === true) return 'dry-run';
  return sandbox === true || isOnLoopback ? 'sandbox' : null;
}
