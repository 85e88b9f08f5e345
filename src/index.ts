/** The door of the library: what the command line does, as functions. docs/library.md shows it. */
export type { AppFacts } from './archive/inspect.ts';
export type { BackendDefinition } from './contract/backend/definition.ts';
export * from './contract/errors.ts';
export type { AppEvent } from './contract/events.ts';
export type { JobRef, JobState } from './contract/job.ts';
export type { Next } from './contract/next.ts';
export type { JournalFacts, StepFacts } from './contract/record/journal.ts';
export { type DownloadOptions, download, wait } from './library/go-on.ts';
export { type Diagnosis, doctor, inspect } from './library/look.ts';
export { openBackend } from './library/open/open.ts';
export type { Backend, OpenOptions } from './library/open/open-options.ts';
export {
  type Released,
  type ReleaseOptions,
  type ReleaseProtection,
  type ReleaseTarget,
  release,
} from './library/release.ts';
export type { RecordOptions, RunOptions, SendOptions, WaitOptions } from './library/run-options.ts';
export {
  type Protected,
  type ProtectOptions,
  type Published,
  type PublishOptions,
  protect,
  publish,
  type Uploaded,
  upload,
} from './library/send.ts';
export type { Written } from './library/written.ts';
export type { Check } from './run/checks/check.ts';
