import { IS_WHOLE, SEED } from './share.ts';

/** Vitest's `globalSetup`: what the run takes of the long harnesses, and how to take the same again. */
export function setup(): void {
  process.env.APPTOOL_SEED = String(SEED);
  process.stdout.write(
    `${IS_WHOLE ? 'the long harnesses run whole' : 'a share of the long harnesses runs'}; APPTOOL_SEED=${SEED}\n`,
  );
}
