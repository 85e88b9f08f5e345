import type { UploadOptions } from '../../contract/adapter.ts';
import { AppToolError, detailsOf, LimitError, PendingError, UnavailableError } from '../../contract/errors.ts';
import type { JobRef } from '../../contract/job.ts';
import type { OpenBackend } from '../backend.ts';
import type { StepContext } from '../journal/journal.ts';

/** Whether an upload to this backend with these options shall have a link at which people get the build. */
export function wantsLink({ adapter }: Pick<OpenBackend, 'adapter'>, { publishLink }: UploadOptions): boolean {
  return publishLink !== undefined && adapter.publishLink !== undefined;
}

/**
 * Makes the link of a job where one is asked for, and tells the step of it. The build is there whatever happens here, so no error says to send it
 * again.
 */
export async function giveLink(
  { adapter }: OpenBackend,
  job: JobRef,
  options: UploadOptions,
  ctx: StepContext,
): Promise<void> {
  const { publishLink: name } = options;
  if (name === undefined || adapter.publishLink === undefined) return;
  // What is made here is no job: the step knows it by its link alone.
  const quiet = { ...ctx, record: () => {} };
  try {
    const install = await adapter.publishLink(job.id, { ...options, publishLink: name }, quiet);
    ctx.step.tell({ type: 'links', links: { install } });
    ctx.emit({ type: 'note', message: `testers get it at ${install}` });
  } catch (error) {
    throw withoutLink(error);
  }
}

function withoutLink(error: unknown): unknown {
  if (!(error instanceof AppToolError)) return error;
  const hint = `the build is there, and only its link is missing${error.hint === null ? '' : `; ${error.hint}`}`;
  // Never "run again": the same command would send the file once more.
  const next = error.next?.do === 'again' ? null : error.next;
  if (error instanceof UnavailableError || error instanceof LimitError)
    return new PendingError(error.message, { ...detailsOf(error), hint, next });
  return error.with({ hint, next });
}
