import type { Adapter } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import type { Context } from '../../contract/context.ts';
import { RejectedError, UnknownOutcomeError } from '../../contract/errors.ts';
import type { Finding, JobState } from '../../contract/job.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { uploadByForm } from '../../transfer/upload/form-upload.ts';
import type { AdapterInput } from '../definition.ts';
import { openApi, readVersions, type Settings, type VersionReader } from './api.ts';
import { proveToken } from './proof.ts';
import { type Run, UploadReply, type Version } from './wire.ts';

const UPLOAD_PATH = '/uploads/ci';

/** The CI upload API: one form with the APK, then a validation to ask after, then people who decide. Its job is a version. */
export function createAutoappstore(input: AdapterInput<Settings>): Adapter {
  const api = openApi(input);
  const { apiUrl, passedStatus } = input.settings;
  /** The validation run that an upload of this process began, by version. */
  const runs = new Map<string, string>();

  /** The validation of a version; `absent` when it has none on record. */
  const validation = async (id: string, versions: VersionReader, ctx: Context): Promise<JobState | 'absent'> => {
    const found = await orAbsent(versions.validation(id, ctx));
    return found === 'absent' ? found : stateOfRun(runOf(found, runs.get(id)), passedStatus);
  };

  const release = async (
    id: string,
    until: string,
    versions: VersionReader,
    ctx: Context,
  ): Promise<JobState | 'absent'> => {
    const version = await orAbsent(versions.version(id, ctx));
    if (version === 'absent' || !AWAITS_VALIDATION.has(version.status)) return stateOfVersion(version, until);
    const validated = await validation(id, versions, ctx);
    if (version.status === 'draft') return stateOfDraft(validated);
    return failed(version.status, [REJECTED, ...(validated === 'absent' ? [] : (validated.findings ?? []))]);
  };

  return {
    plan: (artifact) => ({
      method: 'POST',
      url: `${apiUrl}${UPLOAD_PATH}`,
      fields: { apk: artifact.name },
      carriesFile: true,
    }),
    upload: async (artifact, _options, ctx) => {
      try {
        const { id, runId } = await uploadByForm(
          {
            api,
            path: UPLOAD_PATH,
            policy: CALL_POLICIES.createUnique,
            answer: UploadReply,
            artifact,
            fields: [],
            file: { name: 'apk', contentType: 'application/vnd.android.package-archive' },
            jobOf: (reply) => reply.id,
            ifLost: `look in the portal for ${versionOf(artifact)}; if it is not there, upload it again`,
          },
          ctx,
        );
        if (runId !== null) runs.set(id, runId);
        return id;
      } catch (error) {
        throw explained(error, artifact);
      }
    },
    proveCredentials: (ctx) => proveToken(api, ctx),
    poll: async (id, { patience, until }, ctx) => {
      const versions = readVersions(api, patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read);
      const isOfPeople = until === 'approved' || until === 'live';
      return isOfPeople ? await release(id, until, versions, ctx) : await validation(id, versions, ctx);
    },
  };
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | 'absent'> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RejectedError && error.httpStatus === 404) return 'absent';
    throw error;
  }
}

/** Statuses of which the validation says more. */
const AWAITS_VALIDATION: ReadonlySet<string> = new Set(['draft', 'rejected']);

/** "draft, in_review, approved, live, rejected": API reference, "Read a version"; what the validation says more of is not for this. */
function stateOfVersion(version: Version | 'absent', until: string): JobState | 'absent' {
  if (version === 'absent') return version;
  const { status, openIssues } = version;
  switch (status) {
    case 'in_review':
      return { phase: 'action-required', status, message: null };
    case 'approved':
      return { phase: until === status ? 'succeeded' : 'action-required', status, message: null };
    case 'live':
      return { phase: 'succeeded', status, message: null, ...(openIssues > 0 ? { findings: [live(openIssues)] } : {}) };
    default:
      return { phase: 'running', status, message: null, unrecognized: true };
  }
}

/** A draft whose validation has passed waits for whoever submits it: "Complete the store listing and submit for review" ("Upload process"). */
function stateOfDraft(validated: JobState | 'absent'): JobState {
  if (validated === 'absent') return { phase: 'running', status: 'draft', message: null };
  if (validated.phase !== 'succeeded') return validated;
  const { findings } = validated;
  const message = 'to be submitted for review in the portal';
  return { phase: 'action-required', status: 'draft', message, ...(findings === undefined ? {} : { findings }) };
}

/** The run that the upload began; of several that it did not begin the last, by the order given. */
function runOf(runs: readonly Run[], id: string | undefined): Run | undefined {
  return runs.find((run) => run.id === id) ?? runs.at(-1);
}

const RUNNING: ReadonlySet<string> = new Set(['running', 'pending', 'queued', 'in_progress']);
const FAILED: ReadonlySet<string> = new Set(['failed', 'error', 'errored', 'cancelled']);

/**
 * Only running and failed are documented; the others are likely words for the same [assumed]. Any other word is an end, whose findings
 * decide, unless the setting says which one it is.
 */
function stateOfRun(run: Run | undefined, passedStatus: string | undefined): JobState {
  if (run === undefined) return { phase: 'queued', status: 'no validation run yet', message: null };
  const { status, findings } = run;
  const word = status.toLowerCase();
  if (RUNNING.has(word)) return { phase: 'running', status, message: null, findings };
  if (FAILED.has(word)) return failed(status, findings);
  if (passedStatus !== undefined && word !== passedStatus.toLowerCase())
    return { phase: 'running', status, message: null, findings, unrecognized: true };
  if (findings.some(({ severity }) => severity === 'blocking')) return failed(status, findings);
  return { phase: 'succeeded', status, message: null, findings };
}

function failed(status: string, findings: readonly Finding[]): JobState {
  const blocking = findings.filter(({ severity }) => severity === 'blocking');
  const message = blocking.map(({ code, message: words }) => `${code}: ${words}`).join('; ');
  return { phase: 'failed', status, message: message === '' ? null : message, findings };
}

/** A version's status gives no reason: tickets are in the portal alone ("Feedback loop"). */
const REJECTED: Finding = {
  code: 'rejected',
  severity: 'blocking',
  message: 'the store has rejected this version; its reasons are in the portal',
};

/** "When a version is live with open_issue_count > 0, it is live with open issues": API reference. */
function live(openIssues: number): Finding {
  const issues = openIssues === 1 ? '1 open issue' : `${openIssues} open issues`;
  return { code: 'open_issues', severity: 'warning', message: `live with ${issues}; see them in the portal` };
}

/** "Common errors": API reference, "Upload a new revision". */
function explained(error: unknown, artifact: Artifact): unknown {
  if (error instanceof UnknownOutcomeError && error.httpStatus === 409)
    error.hint = `probably landed: this versionCode now exists, and the answer to the first try was lost; look in the portal for ${versionOf(artifact)}`;
  if (!(error instanceof RejectedError)) return error;
  if (error.httpStatus === 409)
    error.hint = `raise the versionCode above that of every earlier version (sent: ${versionOf(artifact)}); if an earlier upload of this file had no answer, it may have succeeded`;
  if (error.httpStatus === 422)
    error.hint =
      'send the release APK, whole and signed with the production key: unsigned and debug-signed ones are refused';
  return error;
}

function versionOf({ name, identity }: Artifact): string {
  if (identity === null || identity.versionCode === null) return name;
  return `versionCode ${identity.versionCode}${identity.packageName === null ? '' : ` of ${identity.packageName}`}`;
}
