import type { Adapter, UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import { IntegrityError, RejectedError } from '../../contract/errors.ts';
import type { JobState } from '../../contract/job.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { createApiClient } from '../../transfer/http/api.ts';
import { createStorage } from '../../transfer/http/storage.ts';
import type { SignedUploadProtocol } from '../../transfer/upload/signed-protocol.ts';
import { uploadBySignedUrls } from '../../transfer/upload/signed-upload.ts';
import { multipartCalls } from '../apptego-shared/multipart-calls.ts';
import { uploadFields } from '../apptego-shared/upload-fields.ts';
import type { AdapterInput } from '../definition.ts';
import { DownloadReply, documentedError, StatusReply, UploadReply } from './wire.ts';

/** Job ids are Unix seconds: of this one, in the year 2001, there is no job. */
const NO_JOB = '1000000000';

/** The Automation API: a signed upload, a job to ask after, a signed download. */
export function createApptego(input: AdapterInput<{ readonly apiUrl: string }>): Adapter {
  const { settings, credentials, connections, stallTimeoutMs } = input;
  const access = {
    baseUrl: settings.apiUrl,
    headers: () => ({ authorization: `Bearer ${credentials.apiKey?.reveal() ?? ''}` }),
    connections,
    stallTimeoutMs,
  };
  const api = createApiClient(access);
  // A 404 of whatever else answers at a wrong address has no error in the documented form.
  const strict = createApiClient({ ...access, describeError: (body) => ({ text: documentedError(body) }) });
  const storage = createStorage({ connections, trustedBase: settings.apiUrl, stallTimeoutMs });
  const multipart = multipartCalls(api, { complete: '/automate/upload/complete', abort: '/automate/upload/abort' });

  const poll: Adapter['poll'] = async (id, { patience }, ctx) => {
    const policy = patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read;
    try {
      const path = `/automate/status/${encodeURIComponent(id)}`;
      return stateOf(
        id,
        await api.call({ what: 'ask for the status', method: 'GET', path, policy, answer: StatusReply }, ctx),
      );
    } catch (error) {
      // "A newly uploaded job can briefly return 404": "Check Status".
      if (error instanceof RejectedError && error.httpStatus === 404) return 'absent';
      throw error;
    }
  };

  const protocolFor = (artifact: Artifact, options: UploadOptions): SignedUploadProtocol => ({
    request: (ctx) =>
      api.call(
        {
          what: 'request the upload',
          method: 'POST',
          path: '/automate/upload',
          json: uploadFields(artifact, options),
          policy: CALL_POLICIES.mint,
          answer: UploadReply,
        },
        ctx,
      ),
    ...multipart,
    exists: async (id, ctx) => (await poll(id, { patience: 'once', until: null }, ctx)) !== 'absent',
  });

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
    download: async (id, _wanted, ctx) => {
      const path = `/automate/download/${encodeURIComponent(id)}`;
      const policy = CALL_POLICIES.read;
      const reply = await api.call(
        { what: 'ask for the download', method: 'GET', path, policy, answer: DownloadReply },
        ctx,
      );
      return { url: reply.download_url, fileName: reply.file_name ?? id };
    },
    // "401: … missing, malformed, unknown, disabled"; "404 means the job ID does not exist for the authenticated tenant".
    proveCredentials: async (ctx) => {
      const call = {
        what: 'ask for a job that does not exist',
        method: 'GET',
        path: `/automate/status/${NO_JOB}`,
      } as const;
      try {
        await strict.call({ ...call, policy: CALL_POLICIES.proof, answer: StatusReply }, ctx);
      } catch (error) {
        if (!(error instanceof RejectedError && error.httpStatus === 404 && error.serverText !== null)) throw error;
      }
      return 'the key was taken: a question about a job that does not exist was answered';
    },
  };
}

function stateOf(id: string, reply: StatusReply): JobState {
  if (reply.job_id !== id)
    throw new IntegrityError(`asked for job ${id}, the server answered about job ${reply.job_id}`);
  const subject = {
    ...(reply.file_name === null ? {} : { fileName: reply.file_name }),
    ...(reply.platform === null ? {} : { platform: reply.platform }),
    ...(reply.version === null ? {} : { environment: reply.version }),
  };
  const base = { status: reply.status, subject };
  switch (reply.status) {
    case 'processing':
      return { ...base, phase: reply.progress === 'Queued' ? 'queued' : 'running', message: reply.progress };
    case 'completed':
      return { ...base, phase: 'succeeded', message: null };
    case 'failed':
      return { ...base, phase: 'failed', message: reply.error_message };
    default:
      return { ...base, phase: 'running', message: reply.progress, unrecognized: true };
  }
}
