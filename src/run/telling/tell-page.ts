import type { OpenBackend } from '../backend.ts';
import type { StepContext } from '../journal/journal.ts';

/** Tells of the page of a step's job, where the job is known and its backend has an address for it. */
export function tellPage({ pageOf }: Pick<OpenBackend, 'pageOf'>, { step, journal, emit }: StepContext): void {
  if (step.job === null || pageOf === undefined) return;
  const { packageName = null, versionName = null, versionCode = null } = journal.artifact ?? journal.input ?? {};
  const page = pageOf({ job: step.job.id, package: packageName, versionName, versionCode });
  if (page === null) return;
  step.tell({ type: 'links', links: { page } });
  emit({ type: 'note', message: `page of the job: ${page}` });
}
