import type { NotReady } from '../../contract/adapter.ts';
import { RejectedError } from '../../contract/errors.ts';
import type { DownloadLink } from '../../contract/job.ts';

/** "400: … job not completed": Automation API, "Errors". It may still say so when the status has said completed [assumed]. */
export async function orNotReady(link: Promise<DownloadLink>): Promise<DownloadLink | NotReady> {
  try {
    return await link;
  } catch (error) {
    if (error instanceof RejectedError && error.httpStatus === 400) return { notReady: error };
    throw error;
  }
}
