import type { UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { Storage } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { RejectedError, UnknownOutcomeError } from '../../contract/errors.ts';
import type { JobDetails } from '../../contract/job.ts';
import type { PartInstructions, StoredPart } from './parts.ts';

/** What complete and abort need, in the backend's own field names; without secrets, so that a receipt can keep it. */
export type MultipartSession = Readonly<Record<string, string>>;

export interface PartsTarget {
  readonly type: 'parts';
  readonly instructions: PartInstructions;
  readonly session: MultipartSession;
}

/** Where and until when a backend lets us put the bytes. */
export interface UploadTicket {
  readonly jobId: string;
  /** What the backend tells of the job that a later question needs. */
  readonly details?: JobDetails;
  /** How long the URLs hold, from when they were asked for (ms). */
  readonly expiresInMs: number;
  readonly target: PartsTarget | { readonly type: 'object'; readonly url: string };
}

/** The calls of a backend that hands out signed URLs. Their order, retries, expiry and cleanup are decided by its caller. */
export interface SignedUploadProtocol {
  /** No request starts sooner than this after the one before (ms). */
  readonly spacingMs: number;
  request(ctx: Context): Promise<UploadTicket>;
  complete(session: MultipartSession, parts: readonly StoredPart[], ctx: Context): Promise<void>;
  /** Resolves when the parts are gone, also when they were gone before. */
  abort(session: MultipartSession, ctx: Context): Promise<void>;
  /** Whether the backend has a record of the job, which it makes when the object has arrived. */
  exists(jobId: string, ctx: Context): Promise<boolean>;
}

/** One upload on its way. */
export interface SignedUpload {
  readonly protocol: SignedUploadProtocol;
  readonly storage: Storage;
  readonly artifact: Artifact;
  readonly options: UploadOptions;
}

/** How long the job's status is asked before a lost answer is called lost (ms). */
export const SETTLE_MS = { object: 30_000, beforeCompleteAgain: 15_000, afterComplete: 120_000 } as const;
/** How often a call whose answer was lost is made again, once the job's status has shown that it did nothing. */
export const MOST_REPEATS_AFTER_LOSS = 3;

/** The storage refused a signed URL, and nothing of its ticket was left behind. */
export class UrlRefused extends Error {
  override readonly name = 'UrlRefused';
  /** What the storage said; `null` when the URL expired before it was used. */
  readonly refusal: RejectedError | null;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.refusal = cause instanceof RejectedError ? cause : null;
  }
}

/** A signed URL that is refused has most often expired; S3 says 403, others 400 or 410 with a code of that name. */
export function isUrlRefusal(error: unknown): error is RejectedError {
  if (!(error instanceof RejectedError)) return false;
  return error.httpStatus === 403 || error.httpStatus === 401 || /expired/i.test(error.backendCode ?? '');
}

/** A change that shows only once everything was sent cannot be taken back: the build of a mixture may be running. */
export async function assertSentUnchanged(artifact: Artifact, jobId: string): Promise<void> {
  try {
    await artifact.assertUnchanged();
  } catch (cause) {
    throw new UnknownOutcomeError(
      `${artifact.name} changed while it was being sent, and build ${jobId} has begun with it`,
      {
        cause,
        hint: 'do not ship the output of this build; run again once the file no longer changes',
      },
    );
  }
}
