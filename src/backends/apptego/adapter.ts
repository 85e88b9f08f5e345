import { IntegrityError, RejectedError, UsageError } from '../../errors.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { createApiClient } from '../../transfer/http/api.ts';
import { createStorage } from '../../transfer/http/storage.ts';
import type { SignedUploadProtocol } from '../../transfer/signed-protocol.ts';
import { uploadBySignedUrls } from '../../transfer/signed-upload.ts';
import type { Adapter, Artifact, Context, JobState, UploadOptions } from '../../types.ts';
import type { AdapterInput } from '../definition.ts';
import { DownloadReply, StatusReply, UndocumentedReply, UploadReply } from './wire.ts';

/** "Accepted aliases are case-insensitive": Automation API, "Request Body". */
const ENVIRONMENTS: readonly string[] = ['dev', 'development', 'stg', 'staging', 'prod', 'production'];

/** The Automation API: a signed upload, a job to ask after, a signed download. */
export function createApptego(input: AdapterInput<{ readonly apiUrl: string }>): Adapter {
  const { settings, credentials, connections, stallTimeoutMs } = input;
  const api = createApiClient({
    baseUrl: settings.apiUrl,
    headers: () => ({ authorization: `Bearer ${credentials.apiKey?.reveal() ?? ''}` }),
    connections,
    stallTimeoutMs,
  });
  const storage = createStorage({ connections, trustedBase: settings.apiUrl, stallTimeoutMs });

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
    complete: async (session, parts, ctx) => {
      const json = { ...session, parts: parts.map(({ etag, number }) => ({ ETag: etag, PartNumber: number })) };
      await post('complete the upload', '/automate/upload/complete', json, CALL_POLICIES.complete, ctx);
    },
    abort,
    exists: async (id, ctx) => (await poll(id, { patience: 'once', until: null }, ctx)) !== 'absent',
  });

  const post = async (
    what: string,
    path: string,
    json: unknown,
    policy: (typeof CALL_POLICIES)['complete' | 'abort'],
    ctx: Context,
  ): Promise<void> => {
    await api.call({ what, method: 'POST', path, json, policy, answer: UndocumentedReply, mayBeEmpty: true }, ctx);
  };

  const abort: NonNullable<Adapter['abort']> = async (session, ctx) => {
    try {
      await post('abort the upload', '/automate/upload/abort', session, CALL_POLICIES.abort, ctx);
    } catch (error) {
      // Already gone is what was wanted.
      if (!(error instanceof RejectedError && error.httpStatus === 404)) throw error;
    }
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
    abort,
    download: async (id, _wanted, ctx) => {
      const path = `/automate/download/${encodeURIComponent(id)}`;
      const policy = CALL_POLICIES.read;
      const reply = await api.call(
        { what: 'ask for the download', method: 'GET', path, policy, answer: DownloadReply },
        ctx,
      );
      return { url: reply.download_url, fileName: reply.file_name ?? id };
    },
  };
}

/** `file_size` is always sent: without it "the API cannot preflight size or switch to multipart upload". */
function uploadFields(artifact: Artifact, options: UploadOptions): Record<string, string | number> {
  if (!/\.(apk|aab|ipa)$/.test(artifact.name)) {
    const lower = artifact.name.replace(/\.[^.]*$/, (extension) => extension.toLowerCase());
    throw new UsageError(`AppTego needs a lowercase extension; rename to ${lower}`);
  }
  const environment = options.environment?.toLowerCase();
  if (environment === undefined) {
    throw new UsageError('AppTego needs an environment', { hint: 'give --environment dev, staging or prod' });
  }
  if (!ENVIRONMENTS.includes(environment)) {
    throw new UsageError('environment must be dev, staging or prod (aliases: development, stg, production)');
  }
  return {
    file_name: artifact.name,
    platform: artifact.platform,
    version: environment,
    file_size: artifact.sizeBytes,
    ...(options.signingKey === undefined ? {} : { signing_key_id: options.signingKey }),
  };
}

function stateOf(id: string, reply: StatusReply): JobState {
  if (reply.job_id !== id)
    throw new IntegrityError(`asked for job ${id}, the server answered about job ${reply.job_id}`);
  const subject = {
    ...(reply.file_name == null ? {} : { fileName: reply.file_name }),
    ...(reply.platform == null ? {} : { platform: reply.platform }),
    ...(reply.version == null ? {} : { environment: reply.version }),
  };
  const base = { status: reply.status, subject };
  switch (reply.status) {
    case 'processing':
      return { ...base, phase: reply.progress === 'Queued' ? 'queued' : 'running', message: reply.progress ?? null };
    case 'completed':
      return { ...base, phase: 'succeeded', message: null };
    case 'failed':
      return { ...base, phase: 'failed', message: reply.error_message };
    default:
      return { ...base, phase: 'running', message: reply.progress ?? null, unrecognized: true };
  }
}
