import type { UploadOptions } from '../../contract/adapter.ts';
import type { Platform } from '../../contract/artifact.ts';
import type { Next } from '../../contract/next.ts';
import type { OpenBackend } from '../backend.ts';
import type { Expectations } from '../checks/preflight.ts';
import type { Kept } from '../journal/same-release.ts';
import type { WaitInput } from '../wait.ts';
import type { Plan, PlannedProtection, PlannedTarget } from './plan.ts';
import type { Asked } from './remaining.ts';

/** A backend of a release, with the settings that hold for its step. */
export interface ReleaseBackend {
  readonly backend: OpenBackend;
  readonly options: UploadOptions;
  readonly waiting: Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs'>;
}

export interface ReleaseInput {
  readonly plan: Plan;
  /** How the environment was given. */
  readonly environment: string | null;
  readonly asked: Omit<Asked, 'input' | 'hasOutput'>;
  /** How to go on from the receipt of this run; `null` where none is kept, or where nothing can. */
  readonly resume: Extract<Next, { do: 'resume' }> | null;
  /** What earlier runs have written; `null` for a fresh start. */
  readonly kept: Kept | null;
  /** The file that goes in; `undefined` where the receipt has to do. */
  readonly path: string | undefined;
  readonly platform: Platform | undefined;
  readonly expected: Expectations;
  readonly protect: (ReleaseBackend & { readonly planned: PlannedProtection }) | null;
  readonly targets: readonly (ReleaseBackend & { readonly planned: PlannedTarget })[];
  /** Where the output goes, where that was said. */
  readonly output: string | undefined;
  readonly force: boolean;
  /** The output as somebody else has signed it. */
  readonly signed: string | undefined;
  /** Stop once what is sent now is accepted. */
  readonly detach: boolean;
  /** Stop the others when a required target has failed. */
  readonly failFast: boolean;
}
