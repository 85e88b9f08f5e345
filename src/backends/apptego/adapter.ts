import type { Adapter, UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { DescribeError } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { IntegrityError, isNotFound, RejectedError } from '../../contract/errors.ts';
import type { DownloadLink, JobState, Stage } from '../../contract/job.ts';
import { cutText } from '../../contract/text/safe-text.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import type { SignedUploadProtocol } from '../../transfer/upload/signed-protocol.ts';
import { uploadBySignedUrls } from '../../transfer/upload/signed-upload.ts';
import { phaseOfStage } from '../apptego-shared/build-stage.ts';
import { describeError } from '../apptego-shared/describe-error.ts';
import { stageNamed } from '../apptego-shared/environment.ts';
import { multipartCalls } from '../apptego-shared/multipart-calls.ts';
import { orNotReady } from '../apptego-shared/ready.ts';
import { detailsOf } from '../apptego-shared/signed-ticket.ts';
import { demandKey } from '../apptego-shared/signing-key.ts';
import { TICKET_POLICY } from '../apptego-shared/ticket-policy.ts';
import { uploadFields } from '../apptego-shared/upload-fields.ts';
import { DownloadReply, documentedError, StatusReply, UploadReply } from './wire.ts';

/** "Error Response Format": anything else was said by something on the way. */
const describeOwnError: DescribeError = (body, status) => ({
  ...describeError(body, status),
  isForeign: documentedError(body) === null,
});

/** Of an id that is not ours, in a message. */
const LONGEST_ID = 128;
/** Job ids are Unix seconds: of this one, in the year 2001, there is no job. */
const NO_JOB = '1000000000';

/** The Automation API: a signed upload, a job to ask after, a signed download. */
export function createApptego(input: AdapterInput<{ readonly apiUrl: string }>): Adapter {
  const { settings, credentials, storage } = input;
  const access = {
    baseUrl: settings.apiUrl,
    headers: () => ({ authorization: `Bearer ${credentials.apiKey?.reveal() ?? ''}` }),
    describeError: describeOwnError,
  };
  const api = input.api(access);
  // A 404 of whatever else answers at a wrong address has no error in the documented form.
  const strict = input.api({ ...access, describeError: (body) => ({ text: documentedError(body) }) });
  const multipart = multipartCalls(api, { complete: '/automate/upload/complete', abort: '/automate/upload/abort' });

  const poll: Adapter['poll'] = async (id, { patience }, ctx) => {
    const policy = patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read;
    try {
      const path = `/automate/status/${encodeURIComponent(id)}`;
      return stateOf(
        id,
        await api.call({ what: 'get the status', method: 'GET', path, policy, answer: StatusReply }, ctx),
      );
    } catch (error) {
      // "A newly uploaded job can briefly return 404": "Check Status".
      if (isNotFound(error)) return 'absent';
      throw error;
    }
  };

  const protocolFor = (artifact: Artifact, options: UploadOptions): SignedUploadProtocol => ({
    spacingMs: TICKET_POLICY.spacingMs,
    request: async (ctx) => {
      const ticket = await api.call(
        {
          what: 'request the upload',
          method: 'POST',
          path: '/automate/upload',
          json: uploadFields(artifact, options),
          policy: TICKET_POLICY,
          answer: UploadReply,
        },
        ctx,
      );
      await demandKey(options.signingKey, ticket, multipart.abort, ctx);
      return { ...ticket, details: detailsOf(ticket, options.signingKey) };
    },
    ...multipart,
    exists: async (id, ctx) => (await poll(id, { patience: 'once', until: null }, ctx)) !== 'absent',
  });

  const link = async (id: string, ctx: Context): Promise<DownloadLink> => {
    const path = `/automate/download/${encodeURIComponent(id)}`;
    const call = { what: 'get the download', method: 'GET', path, policy: CALL_POLICIES.read } as const;
    const reply = await api.call({ ...call, answer: DownloadReply }, ctx);
    return { url: reply.download_url, fileName: reply.file_name ?? id };
  };

  return {
    plan: (artifact, options) => ({
      method: 'POST',
      url: `${settings.apiUrl}/automate/upload`,
      fields: uploadFields(artifact, options),
    }),
    upload: (artifact, options, ctx) =>
      uploadBySignedUrls({ protocol: protocolFor(artifact, options), storage, artifact, options }, ctx),
    poll,
    // "There is no GET /automate/jobs endpoint": only the job whose id is known can be asked after.
    find: async ({ job }, _since, ctx) => {
      if (job === null) return [];
      return (await poll(job, { patience: 'retried', until: null }, ctx)) === 'absent' ? [] : [job];
    },
    abort: multipart.abort,
    stageOf: ({ environment = '' }) => stageNamed(environment),
    download: (id, _wanted, ctx) => orNotReady(link(id, ctx)),
    // "401: … missing, malformed, unknown, disabled"; "404 means the job ID does not exist for the authenticated tenant".
    proveCredentials: async (ctx) => {
      const call = {
        what: 'check the key',
        method: 'GET',
        path: `/automate/status/${NO_JOB}`,
      } as const;
      try {
        await strict.call({ ...call, policy: CALL_POLICIES.proof, answer: StatusReply }, ctx);
      } catch (error) {
        if (!(error instanceof RejectedError && error.httpStatus === 404 && error.serverText !== null)) throw error;
      }
      return 'the key is valid: the API answered a test request';
    },
  };
}

function stageIn({ version }: StatusReply): { readonly stage?: Stage } {
  const stage = stageNamed(version ?? '');
  return stage === null ? {} : { stage };
}

function stateOf(id: string, reply: StatusReply): JobState {
  if (reply.job_id !== id)
    throw new IntegrityError(`asked for job ${id}, but the response is about job ${cutText(reply.job_id, LONGEST_ID)}`);
  const subject = {
    ...(reply.file_name === null ? {} : { fileName: reply.file_name }),
    ...(reply.platform === null ? {} : { platform: reply.platform }),
    ...stageIn(reply),
  };
  const started = reply.created_at === null ? {} : { startedAt: reply.created_at };
  const base = { status: reply.status, subject, ...started };
  // "updated_at" of a job that is over is when it ended.
  const over = reply.updated_at === null ? base : { ...base, endedAt: reply.updated_at };
  switch (reply.status) {
    case 'processing':
      return { ...base, phase: phaseOfStage(reply.progress), message: reply.progress };
    case 'completed':
      return { ...over, phase: 'succeeded', message: null };
    case 'failed':
      return { ...over, phase: 'failed', message: reply.error_message };
    default:
      return { ...base, phase: 'running', message: reply.progress, unrecognized: true };
  }
}
