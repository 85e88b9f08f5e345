import type { AppIdentity } from '../../contract/artifact.ts';
import type { ReceivedForm, SandboxTools } from '../../contract/backend/sandbox.ts';
import { type ReceivedApp, readReceivedApp } from '../../sandbox/received-app.ts';
import { Refusal } from '../../sandbox/refusal.ts';

interface Version {
  readonly id: string;
  readonly appId: string;
  readonly runId: string;
  readonly identity: AppIdentity & { readonly packageName: string; readonly versionCode: number };
  readonly uploadedAtMs: number;
}

export type Service = ReturnType<typeof createService>;

/**
 * The versions behind the endpoints: each function gives the body of a success, or throws `Refusal`. A validation takes the sandbox's
 * processing time; then the people of the store, who are played here, take as long for each of their steps: review, approval, release.
 */
export function createService({ options, randomId }: SandboxTools) {
  const versions = new Map<string, Version>();
  const appIds = new Map<string, string>();

  const appIdOf = (packageName: string): string => {
    const known = appIds.get(packageName) ?? randomId();
    appIds.set(packageName, known);
    return known;
  };

  const find = (id: string): Version => {
    const version = versions.get(id);
    if (version === undefined) throw new Refusal(404, 'Version not found');
    return version;
  };

  /** How many steps it has gone since its upload: 1 once the validation has ended. */
  const stepsOf = ({ uploadedAtMs }: Version): number =>
    options.processingMs === 0 ? Number.POSITIVE_INFINITY : (Date.now() - uploadedAtMs) / options.processingMs;

  const statusOf = (version: Version): string => {
    const steps = stepsOf(version);
    if (options.result === 'failed' || steps < 1) return 'draft';
    if (steps < 2) return 'in_review';
    return steps < 3 ? 'approved' : 'live';
  };

  return {
    upload: async (form: ReceivedForm): Promise<unknown> => {
      const identity = checkApp(await readReceivedApp(apkOf(form)));
      const { packageName, versionCode, versionName } = identity;
      const earlier = [...versions.values()].filter((version) => version.identity.packageName === packageName);
      if (earlier.some((version) => version.identity.versionCode >= versionCode))
        throw new Refusal(409, `versionCode ${versionCode} is not higher than that of every earlier version`);
      const [id, runId, appId] = [randomId(), randomId(), appIdOf(packageName)];
      versions.set(id, { id, runId, appId, identity, uploadedAtMs: Date.now() });
      return {
        version: { id, app_id: appId, version_code: versionCode, version_name: versionName, status: 'draft' },
        validation_run: { id: runId, status: 'running' },
      };
    },
    validation: (id: string): unknown => {
      const version = find(id);
      if (stepsOf(version) < 1) return { runs: [{ id: version.runId, status: 'running', findings: [] }] };
      const hasFailed = options.result === 'failed';
      const findings = [...(version.identity.debuggable ? [DEBUGGABLE] : []), ...(hasFailed ? [TOLD_TO_FAIL] : [])];
      // The word for a validation that passed is not documented.
      return { runs: [{ id: version.runId, status: hasFailed ? 'failed' : 'passed', findings }] };
    },
    version: (id: string): unknown => {
      const version = find(id);
      const { versionCode, versionName } = version.identity;
      return {
        id,
        version_code: versionCode,
        version_name: versionName,
        status: statusOf(version),
        open_issue_count: 0,
      };
    },
    release: (id: string): unknown => {
      const live = statusOf(find(id)) === 'live';
      const targets = live
        ? { countries: ['DE', 'AT'], vehicle_contexts: ['parked'] }
        : { countries: [], vehicle_contexts: [] };
      return { live, targets };
    },
  };
}

/** Codes other than unsigned_apk are not documented: these are the sandbox's own. */
const DEBUGGABLE = { code: 'debuggable_apk', severity: 'warning', message: 'The APK is debuggable.' };
const TOLD_TO_FAIL = {
  code: 'sandbox_failure',
  severity: 'blocking',
  message: 'The sandbox was told to fail this validation.',
};

/** "One part `apk` (file)": nothing else is documented. */
function apkOf({ files, fields }: ReceivedForm): ReceivedForm['files'][number] {
  const [apk, ...more] = files;
  if (apk?.name !== 'apk') throw new Refusal(400, 'The file part "apk" is missing');
  if (more.length > 0 || fields.length > 0) throw new Refusal(400, 'Only the file part "apk" is expected');
  return apk;
}

/** "422 (unsigned or malformed APK)": API reference. Debug-signed ones are refused too: "App requirements". */
function checkApp(app: ReceivedApp | null): Version['identity'] {
  if (app === null || app.kind !== 'apk' || app.identity === null) throw new Refusal(422, 'The APK is malformed');
  const { packageName, versionCode } = app.identity;
  if (packageName === null || versionCode === null)
    throw new Refusal(422, 'The APK is malformed: no package or version');
  if (!app.isSigned) throw new Refusal(422, 'The APK is not signed');
  if (app.isDebugSigned) throw new Refusal(422, 'The APK is signed with a debug key');
  return { ...app.identity, packageName, versionCode };
}
