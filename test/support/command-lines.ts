import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type * as z from 'zod';
import type { AddedKey } from '../../src/backends/apptego-management/commands/command-data.ts';
import type { NewToken } from '../../src/backends/autoappstore/commands/command-data.ts';
import { backends } from '../../src/backends/index.ts';
import type { EventRecord } from '../../src/contract/events.ts';
import type { Receipt } from '../../src/contract/record/journal.ts';
import type { ResultDocument } from '../../src/contract/result-document.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { type CliResult, runCli, runProcess, startCli } from './cli.ts';
import { checked } from './published-schema.ts';

export type Variables = Readonly<Record<string, string>>;

/** What the first runs made, for the others to name. */
interface Made {
  readonly apptego: string;
  readonly deleted: string;
  readonly signed: string;
  readonly autoappstore: string;
  readonly applivery: string;
  readonly removed: string;
  readonly key: string;
  readonly token: string;
}

interface Lines {
  /** Its operands and flags in a run that works. */
  readonly works: (made: Made) => string;
  /** In one that fails, with these variables. */
  readonly fails: string;
  readonly variables?: Variables;
  /** Where it fails because its events cannot be written: it has its data then, and an error. */
  readonly events?: '/dev/full';
}

/** A file of a build, which is there before it is fetched. */
const ATTACHED = 'mapping.txt';
const BARE = { works: () => '', fails: '' };
const QUICK = '--poll-interval 50ms';
const KEY_FLAGS = '--platform android --alias release';
const MANAGEMENT_REFUSES = { APPTEGO_TOKEN_SECRET: 'another' };
const STORE_REFUSES = { AUTOAPPSTORE_TOKEN: 'another-token' };
const APPLIVERY_REFUSES = { APPLIVERY_APP_TOKEN: 'another-token', APPLIVERY_SERVICE_TOKEN: '' };
const named = (job: string) => job.slice(job.indexOf(':') + 1);

/** Each command in success and in failure. One that is added needs its lines here. */
export const LINES: Readonly<Record<string, Lines>> = {
  protect: { works: () => `app.apk -e dev -o out.apk -f ${QUICK}`, fails: 'missing.apk -e dev' },
  upload: { works: () => 'app.apk --to apptego -e dev', fails: 'app.apk --to nowhere' },
  publish: {
    works: () => `app.apk --to apptego,applivery -e dev ${QUICK}`,
    fails: `app.apk --to apptego,autoappstore -e dev ${QUICK}`,
    variables: STORE_REFUSES,
  },
  release: {
    works: () => `app.apk -c release.json -o released.apk -f ${QUICK}`,
    fails: `app.apk -c release.json -o released.apk -f ${QUICK}`,
    variables: APPLIVERY_REFUSES,
  },
  'fleet plan': { works: () => '--fleet fleet.json -c release.json -o wave.json', fails: '--fleet missing.json' },
  'fleet run': {
    works: () => `acme -c release.json ${QUICK}`,
    fails: 'acme -c release.json',
    variables: APPLIVERY_REFUSES,
  },
  'fleet status': { works: () => 'shipped', fails: 'missing' },
  status: { works: ({ apptego }) => apptego, fails: 'apptego:1' },
  wait: {
    works: ({ apptego }) => `${apptego} ${QUICK}`,
    fails: 'ignite:1',
    variables: { IGNITE_CLIENT_SECRET: 'another' },
  },
  download: { works: ({ apptego }) => `${apptego} -o fetched.apk -f`, fails: 'autoappstore:b1c2' },
  abort: { works: () => 'unfinished.json', fails: 'missing.json' },
  report: { works: () => 'unfinished.json -o page.html', fails: 'missing.json' },
  inspect: { works: () => 'app.apk', fails: 'broken.apk' },
  doctor: { works: () => '--to apptego,ignite', fails: '--to apptego,nowhere' },
  backends: { ...BARE, events: '/dev/full' },
  'config show': { works: () => '', fails: '--sandbox --set apptego.apiUrl=https://api.example' },
  'config schema': { ...BARE, events: '/dev/full' },
  sandbox: { works: () => '', fails: '--port 70000' },
  init: { works: () => '--to apptego -e dev -o new.json -f', fails: '--to nowhere' },
  completion: { works: () => 'bash', fails: 'tcsh' },
  'apptego-management apps list': { ...BARE, variables: MANAGEMENT_REFUSES },
  'apptego-management apps delete': { works: () => 'app-sandbox --yes', fails: 'app-sandbox' },
  'apptego-management builds list': { works: () => '--limit 2', fails: '--limit 0' },
  'apptego-management quota': { works: () => '-e dev', fails: '', variables: MANAGEMENT_REFUSES },
  'apptego-management builds delete': {
    works: ({ deleted }) => `${deleted} --yes`,
    fails: 'production/android/1/app.apk --yes',
  },
  'apptego-management builds sign': { works: ({ signed }) => signed, fails: 'production/android/1/app.apk' },
  'apptego-management keys list': { ...BARE, variables: MANAGEMENT_REFUSES },
  'apptego-management keys add': {
    works: () => `release.jks --name Release ${KEY_FLAGS}`,
    fails: `missing.jks --name Release ${KEY_FLAGS}`,
  },
  'apptego-management keys set-default': { works: () => 'none --platform android', fails: 'no-such-key' },
  'apptego-management keys delete': { works: ({ key }) => `${key} --yes`, fails: 'no-such-key --yes' },
  'apptego-management code-signing upload': {
    works: () => `app-android-app.apk release.jks ${KEY_FLAGS}`,
    fails: 'app-android-app.apk release.jks --platform android',
  },
  'autoappstore validation': { works: ({ autoappstore }) => named(autoappstore), fails: 'b1c2' },
  'autoappstore version': { works: ({ autoappstore }) => named(autoappstore), fails: 'b1c2' },
  'autoappstore release': { works: ({ autoappstore }) => named(autoappstore), fails: 'b1c2' },
  'autoappstore tokens list': { ...BARE, variables: STORE_REFUSES },
  'autoappstore tokens create': { works: () => '--name ci', fails: '', variables: STORE_REFUSES },
  'autoappstore tokens revoke': { works: ({ token }) => `${token} --yes`, fails: 'b1c2 --yes' },
  'applivery builds list': { ...BARE, variables: APPLIVERY_REFUSES },
  'applivery builds show': { works: ({ applivery }) => named(applivery), fails: '0123456789abcdef01234567' },
  'applivery builds edit': {
    works: ({ applivery }) => `${named(applivery)} --tags approved`,
    fails: '0123456789abcdef01234567 --tags approved',
  },
  'applivery publications list': { ...BARE, variables: APPLIVERY_REFUSES },
  'applivery publications create': { works: () => 'nightly --shows branch:main', fails: 'Nightly' },
  'applivery apps list': { ...BARE, variables: { APPLIVERY_SERVICE_TOKEN: 'another-token' } },
  'applivery files add': {
    works: ({ applivery }) => `${named(applivery)} release.jks`,
    fails: '0123456789abcdef01234567 release.jks',
  },
  'applivery files get': {
    works: ({ applivery }) => `${named(applivery)} mapping.txt -o fetched.txt -f`,
    fails: '0123456789abcdef01234567 mapping.txt',
  },
  'applivery builds delete': { works: ({ removed }) => `${removed} --yes`, fails: '0123456789abcdef01234567 --yes' },
};

export const own = backends.flatMap(({ id, commands = [] }) => commands.map((command) => ({ ...command, id })));
/** Those whose rehearsal has a plan. */
export const WRITERS = [
  ...['protect', 'upload', 'publish', 'release', 'fleet run', 'download', 'abort'],
  ...own.flatMap(({ id, name, writes }) => (writes === true ? [`${id} ${name}`] : [])),
];

/** The receipt of an upload whose parts are gone: to remove them works again. */
const UNFINISHED: Receipt = {
  receiptVersion: 2,
  tool: { name: 'apptool', version: '1.0.0' },
  updatedAt: '2026-11-23T00:00:00.000Z',
  environment: 'dev',
  build: null,
  release: null,
  input: null,
  output: null,
  steps: [
    {
      id: 'upload:apptego',
      action: 'upload',
      backend: 'apptego',
      host: null,
      required: true,
      stage: null,
      until: null,
      sha256: null,
      job: { ref: 'apptego:1', id: '1', details: {} },
      links: { page: null, install: null },
      accepted: false,
      state: null,
      findings: [],
      mayHaveLanded: false,
      unfinished: { session: { file_path: 'tenant-sandbox/app.apk', upload_id: 'gone' } },
      ended: null,
      startedAt: '2026-11-23T00:00:00.000Z',
      remains: null,
      acceptedAt: null,
      runningAt: null,
      fetchingAt: null,
      fetchedAt: null,
      endedAt: null,
      settledAt: null,
      updatedAt: '2026-11-23T00:00:00.000Z',
      earlier: [],
    },
  ],
  runs: [],
};

/** The receipt of an app that has reached its store. */
const SHIPPED: Receipt = {
  ...UNFINISHED,
  steps: UNFINISHED.steps.map((step) => ({
    ...step,
    id: 'publish:applivery',
    action: 'publish',
    backend: 'applivery',
    job: { ref: 'applivery:1', id: '1', details: {} },
    state: { phase: 'succeeded', status: 'processed', message: null, startedAt: null, endedAt: null },
    accepted: true,
    unfinished: null,
  })),
};

const FLEET = { defaults: { slots: 1 }, apps: { acme: { file: 'app.apk', package: 'dev.apptool.fixture' } } };

const RELEASE = {
  releases: { tests: { protect: { environment: 'prod', signingKey: 'sandbox' }, publish: ['applivery'] } },
};

/** A few processes at a time, as many as keep two cores busy. */
export async function forEach<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

/** A project and a sandbox, and how a command is run there (by a Node.js of its own where one is named): its document, checked with all that happened. */
export async function setUp(node?: string) {
  const cwd = await temporaryFolder();
  const box = await sandbox({ processingMs: 0, appearMs: 0 });
  const env = { ...box.variables, APPTEGO_SIGNING_KEY_PASSWORD: 'pass-word-of-the-key' };
  await copyFixture('v1.apk', cwd, 'app.apk');
  await writeFile(join(cwd, 'release.json'), JSON.stringify(RELEASE));
  await writeFile(join(cwd, 'fleet.json'), JSON.stringify(FLEET));
  await mkdir(join(cwd, 'shipped'));
  await writeFile(join(cwd, 'shipped', 'acme.json'), JSON.stringify(SHIPPED));
  await writeFile(join(cwd, 'broken.apk'), 'PK and no more');
  await writeFile(join(cwd, 'release.jks'), 'bytes of a keystore');
  await writeFile(join(cwd, ATTACHED), 'a -> b');
  await writeFile(join(cwd, 'unfinished.json'), JSON.stringify(UNFINISHED));
  let runs = 0;

  const run = async (
    command: string,
    rest: string,
    {
      variables = {},
      events,
      runIt = runCli,
      isFast = false,
    }: Partial<Lines> & { readonly runIt?: typeof runCli; readonly isFast?: boolean } = {},
  ) => {
    runs += 1;
    const file = join(cwd, `${runs}.ndjson`);
    const args = `${command} ${rest} --json --events ${events ?? file}`.split(/ +/);
    const options = { cwd, env: { ...env, ...variables }, ...(node === undefined ? { isFast } : { node }) };
    const isServing = command === 'sandbox' && rest === '';
    const result = isServing ? await serve(args, options) : await runIt(args, options);
    const document = documentOf(result);
    expect(document.command, result.stderr).toBe(command);
    if (command === 'inspect') checked('inspect.schema.json', document);
    if (events === undefined) expectEvents(file, result);
    return document;
  };
  const works = async (command: string, rest: string, runIt = runCli) => {
    const document = await run(command, rest, { runIt });
    expect(document.error, `${command} ${rest}`).toBeNull();
    return document;
  };
  const fails = async (command: string, { fails: rest, ...how }: Lines) => {
    // A key that is refused is tried again after 15 s.
    const document = await run(command, rest, { ...how, isFast: true });
    expect(document.error, `${command} ${rest}`).not.toBeNull();
    if (how.events === undefined) expect(document.data).toBeNull();
    else expect(document.data).not.toBeNull();
  };
  return { works, fails };
}

/** Serves until its document is there. */
async function serve(args: readonly string[], options: Parameters<typeof startCli>[1]): Promise<CliResult> {
  const serving = startCli(args, options);
  await serving.seen(/\}\n/);
  serving.child.kill('SIGTERM');
  return await serving.result;
}

/** The one line of stdout, which agrees with the exit code. */
export function documentOf({ stdout, stderr, code }: CliResult): ResultDocument {
  expect(stdout.split('\n'), stderr).toEqual([expect.stringMatching(/^\{.*\}$/), '']);
  const document = checked<ResultDocument>('result.schema.json', JSON.parse(stdout));
  expect(document).toMatchObject({ exitCode: code, ok: code === 0, error: code === 0 ? null : {} });
  return document;
}

function expectEvents(path: string, { code, stderr }: CliResult): void {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const records = lines.map((line) => checked<z.infer<typeof EventRecord>>('events.schema.json', JSON.parse(line)));
  expect(records.at(-1), stderr).toMatchObject({ type: 'run.end', exitCode: code });
}

/** What makes the things that the others name: these have worked then. */
export const MAKERS = [
  'apptego-management keys add',
  'autoappstore tokens create',
  'apptego-management code-signing upload',
];

/** Runs what makes the things that the others name. */
export async function makeThings(
  works: (command: string, rest: string, runIt?: typeof runCli) => Promise<ResultDocument>,
): Promise<Made> {
  const upload = async (to: string) => (await works('upload', `app.apk --to ${to}`)).job?.ref ?? '';
  const management = 'apptego-management -e prod';
  const [apptego = '', deleted = '', signed = '', autoappstore = '', applivery = '', removed = ''] = await Promise.all(
    ['apptego -e dev', management, management, 'autoappstore', 'applivery', 'applivery'].map(upload),
  );
  const jobs = { apptego, deleted, signed, autoappstore, applivery, removed, key: '', token: '' };
  const [key, token] = await Promise.all(
    MAKERS.map(async (command) => (await works(command, LINES[command]?.works(jobs) ?? '', runProcess)).data),
  );
  await works('fleet plan', '--fleet fleet.json -c release.json -o plan.json');
  await works('applivery files add', `${named(applivery)} ${ATTACHED}`);
  return { ...jobs, key: (key as AddedKey).key.id, token: (token as NewToken).token.id ?? '' };
}
