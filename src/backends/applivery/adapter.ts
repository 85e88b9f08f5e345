import type { Adapter, UploadOptions } from '../../contract/adapter.ts';
import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { Context } from '../../contract/context.ts';
import { AppToolError, IntegrityError, isNotFound, RejectedError, UnknownOutcomeError } from '../../contract/errors.ts';
import type { JobState, Phase } from '../../contract/job.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import type { FormField } from '../../transfer/http/form.ts';
import { uploadByForm } from '../../transfer/upload/form-upload.ts';
import { jobFailed } from '../../transfer/wait/poll.ts';
import { type Builds, createAccess } from './access.ts';
import { assertGivesBack, mintLink } from './download-link.ts';
import { buildFields, deployerFields, iconAttachments } from './fields.ts';
import { buildsLikeSent } from './find-build.ts';
import { checkDescribed, OTHER_FILES, otherEndingOf } from './other-files.ts';
import { checkSlug } from './publications/publications.ts';
import { linkTo, readyPublication, type Shared } from './publications/publish-link.ts';
import type { Settings } from './settings.ts';
import { BuildRecord, BuildReply, PageReply, UploadReply } from './wire.ts';

/** "Required when uploading a Custom Build Platform. Values". A workspace may have more. */
const PLATFORMS = ['ios', 'macos', 'android', 'ps4', 'ps5', 'switch', 'xbox-one', 'xbox-series'];

const IF_LOST =
  'the upload may have created a build: look for a new one in the Applivery dashboard before you run it again, because a second one would notify people twice';

/** Applivery: one form that carries the file, a build to ask after, and with the Workspace API a download by a token for one use. */
export function createApplivery(input: AdapterInput<Settings>): Adapter {
  const { settings } = input;
  const access = createAccess(input);

  const fieldsOf = async (options: UploadOptions): Promise<FormField[]> => [
    ...buildFields(settings, options),
    ...(settings.deployer ? deployerFields(settings, await input.build()) : []),
  ];

  const plan: Adapter['plan'] = async (artifact, options, ctx) => {
    const { api, uploads, path } = access.chosen();
    checkDescribed(artifact, settings);
    if (options.publishLink !== undefined) {
      checkSlug(options.publishLink, { do: 'set', setting: 'publishLink' });
      access.publications();
    }
    warnOfOddities(settings, api, ctx);
    const fields = (await fieldsOf(options)).map(({ name, value }) => [name, value] as const);
    const files = iconAttachments(settings).map(({ name, fileName }) => [name, fileName] as const);
    const url = `${uploads.baseUrl}${path}`;
    const sent = Object.fromEntries([...fields, ...files, ['build', artifact.name]]);
    return { method: 'POST', url, fields: sent, carriesFile: true };
  };

  const upload: Adapter['upload'] = async (artifact, options, ctx) => {
    const builds = access.chosen();
    // A name that cannot be used is found out before there is a build.
    if (options.publishLink !== undefined)
      await readyPublication(access.publications(), await sharedBy(options.publishLink, options, null), ctx);
    const idOf = (build: BuildRecord | null): string => {
      if (build !== null) return builds.jobId(build.id);
      throw new UnknownOutcomeError('the response to the upload has no build id', {
        hint: IF_LOST,
        isAnswerLost: true,
      });
    };
    const build = await uploadByForm(
      {
        api: builds.uploads,
        path: builds.path,
        policy: CALL_POLICIES.create,
        answer: UploadReply,
        artifact,
        fields: await fieldsOf(options),
        attachments: iconAttachments(settings),
        file: { name: 'build', contentType: 'application/octet-stream' },
        jobOf: idOf,
        ifLost: IF_LOST,
      },
      ctx,
    );
    const id = idOf(build);
    const state = build === null ? null : stateOf(build.id, build);
    if (state?.phase === 'failed') throw jobFailed(`applivery:${id}`, state);
    return id;
  };

  const sharedBy = async (slug: string, { tags }: UploadOptions, build: string | null): Promise<Shared> => {
    const { branch = null, tag = null } = settings.deployer ? await input.build() : {};
    return { slug, tags: tags ?? settings.tags ?? [], branch, gitTag: tag, build };
  };

  const publishLink: NonNullable<Adapter['publishLink']> = async (id, options, ctx) => {
    const shared = await sharedBy(options.publishLink, options, access.ofJob(id).build);
    return await linkTo(access.publications(), shared, ctx).catch((error: unknown) => {
      if (!(error instanceof AppToolError) || (error.next !== null && error.next.do !== 'again')) throw error;
      const operands = [options.publishLink];
      throw error.with({ next: { do: 'call', backend: 'applivery', command: 'publications create', operands } });
    });
  };

  const poll: Adapter['poll'] = async (id, { patience }, ctx) => {
    const { builds, build } = access.ofJob(id);
    const policy = patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read;
    try {
      return stateOf(build, await details(builds, build, policy, ctx));
    } catch (error) {
      if (isNotFound(error)) return 'absent';
      throw error;
    }
  };

  const find: NonNullable<Adapter['find']> = async (lost, since, ctx) => {
    const { versionName, buildPlatform } = settings;
    const deployer = settings.deployer ? (lost.build ?? (await input.build())) : null;
    const builds = access.chosen();
    const found = await buildsLikeSent(builds, { lost, versionName, buildPlatform, deployer }, since, ctx);
    return found.map(builds.jobId);
  };

  /** Every link is for one use, so there may be many of a build, which is the same for all of them. */
  const records = new Map<string, BuildRecord>();
  const fileOf = async (id: string, wanted: string | null, ctx: Context) => {
    const { builds, build } = access.ofJob(id);
    const record = records.get(id) ?? (await details(builds, build, CALL_POLICIES.read, ctx));
    records.set(id, record);
    const other = otherEndingOf(record.originalExtension);
    if (other !== null) return { ending: other, sizeBytes: record.size == null ? {} : { sizeBytes: record.size } };
    // Of an app another file than the one that was sent may be wanted, which has another size.
    const os = record.os ?? 'android';
    const app = os === 'ios' ? 'ipa' : 'apk';
    if (os !== 'ios' && os !== 'android') return { ending: wanted, sizeBytes: {} };
    return { ending: wanted === null || OTHER_FILES.includes(wanted) ? app : wanted, sizeBytes: {} };
  };

  const assertDownloadable = (id: string): void => assertGivesBack(access.ofJob(id).builds);

  const nameOf = (build: string, ending: string | null): string => (ending === null ? build : `${build}.${ending}`);

  const outputName: NonNullable<Adapter['outputName']> = async (id, wanted, ctx) =>
    nameOf(access.ofJob(id).build, (await fileOf(id, wanted, ctx)).ending);

  const download: NonNullable<Adapter['download']> = async (id, wanted, ctx) => {
    assertDownloadable(id);
    const { builds, build } = access.ofJob(id);
    const { ending, sizeBytes } = await fileOf(id, wanted, ctx);
    // "file" is the raw file, and for an AAB the universal APK; "aab" the bundle itself; "auto" can be a manifest.
    const type = ending === 'aab' ? 'aab' : 'file';
    const fileName = nameOf(build, ending);
    return await mintLink(input, { builds, build }, { query: { type }, fileName, ...sizeBytes }, ctx);
  };

  const proveCredentials: NonNullable<Adapter['proveCredentials']> = async (ctx) => {
    const { api, reads, path } = access.chosen();
    const call = { what: 'list the builds', method: 'GET', path: `${path}?page=1&limit=1` } as const;
    try {
      await reads.call({ ...call, policy: CALL_POLICIES.proof, answer: PageReply(BuildRecord) }, ctx);
    } catch (error) {
      const isElsewhere = api === 'workspace' && error instanceof RejectedError && error.httpStatus === 404;
      if (!isElsewhere) throw error;
      throw error.with({ hint: 'check APPLIVERY_ORGANIZATION_ID, APPLIVERY_APPLICATION_ID and the base address' });
    }
    const [token, name] = api === 'workspace' ? ['Service Account', 'Workspace'] : ['App API', 'Integrations'];
    return `the ${token} token is valid: the builds were listed by the ${name} API`;
  };

  return { plan, upload, publishLink, poll, find, assertDownloadable, outputName, download, proveCredentials };
}

function details(
  { reads, path }: Builds,
  build: string,
  policy: (typeof CALL_POLICIES)['poll' | 'read'],
  ctx: Context,
): Promise<BuildRecord> {
  const what = 'get the build';
  return reads.call({ what, method: 'GET', path: `${path}/${build}`, policy, answer: BuildReply }, ctx);
}

function warnOfOddities(settings: Settings, api: Builds['api'], ctx: Context): void {
  const { notifyLanguage, buildPlatform, notifyCollaborators, notifyEmployees, deployer } = settings;
  const idle = (keys: readonly (keyof Settings)[], why: string): void => {
    const names = keys.filter((key) => settings[key] !== undefined).map((key) => `applivery.${key}`);
    if (names.length === 0) return;
    ctx.emit({
      type: 'warning',
      code: 'setting-without-effect',
      message: `${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} no effect: ${why}`,
    });
  };
  if (!notifyCollaborators && !notifyEmployees)
    idle(['notifyMessage', 'notifyLanguage', 'filter'], 'no mails are sent (see notifyCollaborators, notifyEmployees)');
  if (!deployer) idle(['deployerName'], 'deployer is false');
  if (api === 'integrations')
    idle(['organizationId', 'applicationId', 'storeId'], 'the build goes to the app of the App API token');
  if (notifyLanguage === 'de') {
    const message = 'notifyLanguage de is sent as it is, but Applivery documents German as ge';
    ctx.emit({ type: 'warning', code: 'undocumented-value', message });
  }
  if (buildPlatform !== undefined && !PLATFORMS.includes(buildPlatform)) {
    const message = `Applivery does not document this buildPlatform; it documents ${PLATFORMS.join(', ')}`;
    ctx.emit({ type: 'warning', code: 'undocumented-value', message });
  }
}

/** Build details and the list know "pending, in_progress, processed, error"; the upload's page says "success" for the third. */
const PHASES: Readonly<Record<string, Phase>> = {
  pending: 'queued',
  in_progress: 'running',
  processed: 'succeeded',
  success: 'succeeded',
  error: 'failed',
};

function stateOf(build: string, record: BuildRecord): JobState {
  const { id, status, os } = record;
  if (id !== build) throw new IntegrityError(`asked for build ${build}, but the response is about build ${id}`);
  const phase = Object.hasOwn(PHASES, status) ? PHASES[status] : undefined;
  return {
    phase: phase ?? 'running',
    status,
    message: phase === 'failed' ? reasonIn(record) : null,
    ...(phase === 'failed' ? codeIn(record) : {}),
    ...(phase === undefined ? { unrecognized: true } : {}),
    subject: os === 'android' || os === 'ios' ? { platform: os } : {},
  };
}

/** "Build Processing Codes": where the code of an error stands is not documented [assumed]. */
function codeIn(record: BuildRecord): Pick<JobState, 'code'> {
  const { errorCode, error } = record as Record<string, unknown>;
  const code =
    errorCode ?? (typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined);
  return typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {};
}

/** Where the reason of an error stands is not documented: what sounds like one, else all that is short and about no person. */
function reasonIn(record: BuildRecord): string {
  const entries = Object.entries(record).filter(([, value]) => value != null);
  const reasons = entries.filter(([key]) => /error|reason|statusMessage/i.test(key));
  const plain = entries.filter(([, value]) => typeof value !== 'object');
  return (reasons.length > 0 ? reasons : plain)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
