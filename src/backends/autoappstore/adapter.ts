import type { Adapter } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { Context } from '../../contract/context.ts';
import { IntegrityError, isNotFound, RejectedError, UnknownOutcomeError } from '../../contract/errors.ts';
import type { JobDetails } from '../../contract/job.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { uploadByForm } from '../../transfer/upload/form-upload.ts';
import { jobFailed } from '../../transfer/wait/poll.ts';
import { openApi, readVersions, type Settings } from './api.ts';
import { proveToken } from './proof.ts';
import { stateOf } from './state.ts';
import { isFailedRun } from './validation.ts';
import { UploadReply } from './wire.ts';

const UPLOAD_PATH = '/uploads/ci';

/** The CI upload API: one form with the APK, then a validation to ask after, then people who decide. Its job is a version. */
export function createAutoappstore(input: AdapterInput<Settings>): Adapter {
  const api = openApi(input);
  const { apiUrl, passedStatus } = input.settings;

  const poll: Adapter['poll'] = async (id, { patience, until, details = {} }, ctx) => {
    const versions = readVersions(api, patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read);
    const version = await orNull(versions.version(id, ctx));
    // What people have decided needs no look at the validation.
    const isDecided = until !== 'validated' && version !== null && DECIDED.has(version.status?.toLowerCase() ?? '');
    const runs = isDecided ? [] : await orNull(versions.validation(id, ctx));
    return stateOf({ version, runs }, until, { passedStatus, ownRun: details.validationRun });
  };

  return {
    plan: (artifact) => ({
      method: 'POST',
      url: `${apiUrl}${UPLOAD_PATH}`,
      fields: { apk: artifact.name },
      carriesFile: true,
    }),
    upload: async (artifact, _options, ctx) => {
      const reply = await uploadByForm(
        {
          api,
          path: UPLOAD_PATH,
          policy: CALL_POLICIES.createUnique,
          answer: UploadReply,
          artifact,
          fields: [],
          file: { name: 'apk', contentType: 'application/vnd.android.package-archive' },
          jobOf: ({ id }) => id,
          detailsOf,
          ifLost: `look in the portal for ${versionOf(artifact)}; if it is not there, upload it again`,
        },
        ctx,
      ).catch((error: unknown) => {
        throw explained(error, artifact);
      });
      checkVersion(reply, artifact, ctx);
      await checkAtOnce(reply, poll, ctx);
      return reply.id;
    },
    proveCredentials: (ctx) => proveToken(api, ctx),
    poll,
  };
}

/** Statuses of which the validation does not say more. */
const DECIDED: ReadonlySet<string> = new Set(['in_review', 'approved', 'live']);

/** What later questions and whoever reads the receipt need: "Upload a new revision". */
function detailsOf({ runId, appId, versionCode, versionName }: UploadReply): JobDetails {
  const known = { validationRun: runId, appId, versionCode: versionCode?.toString() ?? null, versionName };
  return Object.fromEntries(Object.entries(known).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

/** What the store took must be what was sent. */
function checkVersion({ id, versionCode, versionName }: UploadReply, artifact: Artifact, ctx: Context): void {
  const { identity, name } = artifact;
  const sentCode = identity?.versionCode ?? null;
  const sentName = identity?.versionName ?? null;
  if (versionCode !== null && sentCode !== null && versionCode !== sentCode)
    throw new IntegrityError(`version ${id} has versionCode ${versionCode} in the store, ${name} has ${sentCode}`, {
      hint: 'look at the version in the portal: it is not the app that you sent',
    });
  if (versionName === null || sentName === null || versionName === sentName) return;
  const message = `the store calls version ${id} ${JSON.stringify(versionName)}, ${name} says ${JSON.stringify(sentName)}`;
  ctx.emit({ type: 'warning', code: 'version-name', message });
}

/** A response that says at once that it has failed is a failure; the validation has its reasons. */
async function checkAtOnce(
  { id, runId, runStatus, status }: UploadReply,
  poll: Adapter['poll'],
  ctx: Context,
): Promise<void> {
  if (!isFailedRun(runStatus ?? '') && status?.toLowerCase() !== 'rejected') return;
  const details: JobDetails = runId === null ? {} : { validationRun: runId };
  const state = await poll(id, { patience: 'retried', until: 'validated', details }, ctx).catch(() => {
    ctx.signal.throwIfAborted();
    return 'absent' as const;
  });
  const isTold = state !== 'absent' && state.phase === 'failed';
  throw jobFailed(
    `version ${id}`,
    isTold ? state : { phase: 'failed', status: runStatus ?? 'rejected', message: null },
  );
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** "Common errors": API reference, "Upload a new revision". */
function explained(error: unknown, artifact: Artifact): unknown {
  const version = versionOf(artifact);
  if (error instanceof UnknownOutcomeError && error.httpStatus === 409)
    return error.with({
      hint: `the first try probably succeeded: its response was lost, and this versionCode exists now; look in the portal for ${version}`,
    });
  if (!(error instanceof RejectedError)) return error;
  if (error.httpStatus === 409)
    return error.with({
      hint: `raise the versionCode above that of every earlier version (sent: ${version}); if an earlier upload of this file had no response, it may have succeeded`,
    });
  if (error.httpStatus !== 422) return error;
  return error.with({
    hint: 'send the release APK, whole and signed with the production key: unsigned and debug-signed ones are refused',
  });
}

function versionOf({ name, identity }: Artifact): string {
  if (identity === null || identity.versionCode === null) return name;
  return `versionCode ${identity.versionCode}${identity.packageName === null ? '' : ` of ${identity.packageName}`}`;
}
