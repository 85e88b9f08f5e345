import type { Adapter, UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { Context } from '../../contract/context.ts';
import { AuthError } from '../../contract/errors.ts';
import type { DownloadLink } from '../../contract/job.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import type { SignedUploadProtocol } from '../../transfer/upload/signed-protocol.ts';
import { uploadBySignedUrls } from '../../transfer/upload/signed-upload.ts';
import { stageNamed } from '../apptego-shared/environment.ts';
import { multipartCalls } from '../apptego-shared/multipart-calls.ts';
import { orNotReady } from '../apptego-shared/ready.ts';
import { detailsOf } from '../apptego-shared/signed-ticket.ts';
import { demandKey } from '../apptego-shared/signing-key.ts';
import { TICKET_POLICY } from '../apptego-shared/ticket-policy.ts';
import { uploadFields } from '../apptego-shared/upload-fields.ts';
import { type ManagementSettings, openManagementApi, readTenants } from './api.ts';
import { buildsSince, findBuild } from './build-history.ts';
import { stateOf } from './build-state.ts';
import { buildFields, buildKeyOf, jobIdOf } from './job-id.ts';
import { checkQuota } from './quota.ts';
import { AddressReply, UploadReply } from './wire.ts';

/** A token has one or a few. */
const MOST_TENANTS = 10;

/** The Management API: the same signed upload as the Automation API's, a row in the build history, a signed download. */
export function createManagement(input: AdapterInput<ManagementSettings>): Adapter {
  const { settings, storage } = input;
  const api = openManagementApi(input);
  const multipart = multipartCalls(api, {
    complete: '/complete_multipart_upload',
    abort: '/abort_multipart_upload',
  });

  /** The names that the history gave, by job id. */
  const names = new Map<string, string>();

  const read = async (id: string, policy: (typeof CALL_POLICIES)['poll' | 'read'], ctx: Context) => {
    const build = await findBuild({ api, policy, key: buildKeyOf(id) }, ctx);
    if (build !== null && build.name !== '') names.set(id, build.name);
    return build;
  };

  const poll: Adapter['poll'] = async (id, { patience, details = {} }, ctx) => {
    const { awaitsSigning } = settings;
    const build = await read(id, patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read, ctx);
    const { name } = buildKeyOf(id);
    return build === null ? 'absent' : stateOf(build, { awaitsSigning, signingKey: details.signingKey, name });
  };

  const find: NonNullable<Adapter['find']> = async ({ job, name, platform, environment }, since, ctx) => {
    const policy = CALL_POLICIES.read;
    if (job !== null) return (await read(job, policy, ctx)) === null ? [] : [job];
    const version = stageNamed(environment ?? '');
    if (version === null) return [];
    return (await buildsSince({ api, version, policy }, { platform, name, since }, ctx)).map(jobIdOf);
  };

  const protocolFor = (artifact: Artifact, options: UploadOptions): SignedUploadProtocol => ({
    spacingMs: TICKET_POLICY.spacingMs,
    request: async (ctx) => {
      const json = fieldsOf(artifact, options);
      const ticket = await api.call(
        {
          what: 'request the upload',
          method: 'POST',
          path: '/upload_application_build',
          json,
          policy: TICKET_POLICY,
          answer: UploadReply,
        },
        ctx,
      );
      await demandKey(options.signingKey, ticket, multipart.abort, ctx);
      const { version, platform } = json;
      const jobId = jobIdOf({ version, platform, startTime: ticket.startTime, name: artifact.name });
      return { ...ticket, jobId, details: detailsOf(ticket, options.signingKey) };
    },
    ...multipart,
    exists: async (id, ctx) => (await poll(id, { patience: 'once', until: null }, ctx)) !== 'absent',
  });

  const link = async (id: string, ctx: Context): Promise<DownloadLink> => {
    // "Use the version, platform, start_time, and name values from build history."
    if (!names.has(id)) await read(id, CALL_POLICIES.read, ctx);
    const key = buildKeyOf(id);
    const name = names.get(id) ?? key.name;
    const call = { what: 'get the download', method: 'POST', path: '/download_application_build' } as const;
    const json = buildFields({ ...key, name });
    const { url } = await api.call({ ...call, json, policy: CALL_POLICIES.read, answer: AddressReply }, ctx);
    return { url, fileName: name };
  };

  return {
    plan: (artifact, options) => ({
      method: 'POST',
      url: `${api.baseUrl}/upload_application_build`,
      fields: fieldsOf(artifact, options),
    }),
    upload: (artifact, options, ctx) =>
      uploadBySignedUrls({ protocol: protocolFor(artifact, options), storage, artifact, options }, ctx),
    poll,
    find,
    quota: async ({ platform, environment }, ctx) => {
      const version = stageNamed(environment ?? '') ?? '';
      const { used = null, limit = null, freeAt = null } = (await checkQuota(input, { version, platform }, ctx)) ?? {};
      return { used, limit, freeAt, setting: 'apptego-management.weeklyBuilds' };
    },
    abort: multipart.abort,
    stageOf: ({ environment = '' }) => stageNamed(environment),
    download: (id, _wanted, ctx) => orNotReady(link(id, ctx)),
    proveCredentials: async (ctx) => {
      const { configured, tenants } = await readTenants(input, CALL_POLICIES.proof, ctx);
      const ids = tenants.map(({ id }) => id);
      if (tenants.some(({ id }) => id === configured)) return `the token is valid for tenant ${configured}`;
      throw new AuthError(`the token is valid, but not for tenant ${configured}`, {
        hint: `set APPTEGO_TENANT to a tenant of this token: ${ids.slice(0, MOST_TENANTS).join(', ') || 'it has none'}`,
      });
    },
  };
}

/** "version: development, staging, or production": unlike the Automation API, this one documents no aliases. */
function fieldsOf(artifact: Artifact, options: UploadOptions) {
  const fields = uploadFields(artifact, options);
  const version = stageNamed(options.environment ?? '') ?? '';
  return { ...fields, platform: artifact.platform, version };
}
