import { createHash } from 'node:crypto';

/** Chooses what a day's `npm test` takes of the long harnesses. `APPTOOL_SEED` gives it; otherwise it is the day (UTC), as in 20261130. */
export const SEED = Number(process.env.APPTOOL_SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));

/** Whether the long harnesses run whole: `npm run test:all`. */
export const IS_WHOLE = process.env.APPTOOL_WHOLE === '1';

/** Whether a case, which its name tells from all others, is one of the `share` (0 to 1) of today's seed. Every one is where all is run. */
export function isInShare(name: string, share: number): boolean {
  if (IS_WHOLE) return true;
  return createHash('sha256').update(`${SEED} ${name}`).digest().readUInt32BE() < share * 2 ** 32;
}
