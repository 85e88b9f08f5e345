import type { Artifact, Body } from '../../contract/artifact.ts';
import type { AnswerShape, ApiClient, CallPolicy } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { AppToolError, CancelledError, UnknownOutcomeError } from '../../contract/errors.ts';
import type { JobDetails } from '../../contract/job.ts';
import { recordLastByte } from '../download/last-byte.ts';
import { encodeForm, type FormAttachment, type FormField } from '../http/form.ts';
import { assertSentUnchanged } from './signed-protocol.ts';

interface FileUpload<T> {
  readonly api: ApiClient;
  readonly path: string;
  /** `CALL_POLICIES.create`, or `createUnique` where the backend itself refuses a second one. */
  readonly policy: CallPolicy;
  readonly answer: AnswerShape<T>;
  readonly artifact: Artifact;
  /** The id of the job in the answer. */
  readonly jobOf: (answer: T) => string;
  /** What the answer tells of the job that a later question needs. */
  readonly detailsOf?: (answer: T) => JobDetails;
  /** What to look for at the backend when nobody can say whether the upload landed. */
  readonly ifLost: string;
}

export interface FormUpload<T> extends FileUpload<T> {
  readonly fields: readonly FormField[];
  readonly attachments?: readonly FormAttachment[];
  /** The part that holds the artifact. */
  readonly file: { readonly name: string; readonly contentType: string };
}

export interface BodyUpload<T> extends FileUpload<T> {
  readonly contentType: string;
  /** Holds the artifact, in whatever encoding. */
  readonly body: Body;
}

/** Sends the artifact in one form, as `uploadInBody` does. */
export async function uploadByForm<T>(upload: FormUpload<T>, ctx: Context): Promise<T> {
  const { artifact, fields, attachments = [] } = upload;
  const file = { ...upload.file, fileName: artifact.name, body: artifact.slice(0, artifact.sizeBytes) };
  return await uploadInBody({ ...upload, ...encodeForm({ fields, attachments, file }) }, ctx);
}

/**
 * Sends the artifact in one request, which also creates its record. Resolves with the answer once the backend has accepted all of it.
 * What may be repeated is the policy's to say; a file that changes while it is sent is never sent whole.
 */
export async function uploadInBody<T>(upload: BodyUpload<T>, ctx: Context): Promise<T> {
  const { api, path, policy, artifact, contentType, body } = upload;
  const { sizeBytes } = artifact;
  ctx.emit({ type: 'upload.plan', parts: 1, partSizeBytes: sizeBytes });
  const onSent = (sentBytes: number): void =>
    ctx.emit({
      type: 'upload.progress',
      sentBytes: Math.floor((sizeBytes * sentBytes) / body.sizeBytes),
      totalBytes: sizeBytes,
      inFlight: 1,
    });
  const answer = await send(upload, ctx, () =>
    api.call(
      {
        what: 'upload the file',
        method: 'POST',
        path,
        form: { contentType, body: recordLastByte(body, ctx), onSent },
        policy,
        answer: upload.answer,
      },
      ctx,
    ),
  );
  const id = upload.jobOf(answer);
  const details = upload.detailsOf?.(answer);
  ctx.record({ type: 'job', id, ...(details === undefined ? {} : { details }) });
  ctx.record({ type: 'may-have-landed' });
  await assertSentUnchanged(artifact, id);
  return answer;
}

async function send<T>(upload: FileUpload<T>, ctx: Context, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const isOpen = error instanceof UnknownOutcomeError || error instanceof CancelledError;
    if (error instanceof AppToolError && !isOpen) ctx.record({ type: 'not-landed' });
    throw error instanceof UnknownOutcomeError ? error.with({ hint: upload.ifLost }) : error;
  }
}
