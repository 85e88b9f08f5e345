import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { describe, expect, test } from 'vitest';
import { withCleanUp } from '../../src/testing/cleanup.ts';
import { type Fault, faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { IGNITE_SETTINGS, STATUS } from '../support/ignite.ts';
import { takesTurn } from '../support/share.ts';

/** How each backend is asked after a job, and how it refuses a key in the form that it documents. */
const BACKENDS = [
  { id: 'apptego', question: { path: /\/automate\/status\// }, refusal: { error: 'invalid automation key' } },
  {
    id: 'apptego-management',
    // The first of them asks for the quota, before the upload.
    question: { method: 'POST', path: /\/get_application_builds$/, after: 1 },
    refusal: { error: 'invalid token' },
  },
  { id: 'autoappstore', question: { path: /\/versions\/[^/]+(\/validation)?$/ }, refusal: { error: 'invalid token' } },
  { id: 'ignite', question: STATUS, refusal: { errors: [{ title: 'Unauthorized' }] } },
  {
    id: 'applivery',
    question: { method: 'GET', path: /\/builds\/[^/]+$/ },
    refusal: { status: false, error: { code: 4002, message: 'Invalid Token' } },
  },
] as const;
type BackendCase = (typeof BACKENDS)[number];

const page =
  (status: number, headers: Record<string, string> = {}): Fault =>
  async (exchange) => {
    await exchange.readBody();
    const body = Buffer.from('<!doctype html><html><head><title>Gateway</title></head></html>');
    exchange.reply({
      status,
      headers: { 'content-type': 'text/html', 'content-length': String(body.length), ...headers },
      body,
    });
  };

interface Odd {
  readonly name: string;
  readonly make: (backend: BackendCase) => Fault;
}

/** What a gateway, or the API itself for a moment, says to a question that was right. */
const ODD: readonly Odd[] = [
  { name: '401', make: ({ refusal }) => faults.answer(401, refusal) },
  { name: '401 as a page', make: () => page(401) },
  { name: '403 as a page', make: () => page(403) },
  { name: '400', make: () => faults.answer(400, { error: 'bad request' }) },
  { name: '400 as a page', make: () => page(400) },
  { name: '404 as a page', make: () => page(404) },
  { name: '422', make: () => faults.answer(422, { error: 'unprocessable' }) },
  { name: 'a redirect', make: () => page(302, { location: 'https://login.example/' }) },
  { name: '503', make: () => faults.answer(503, { error: 'unavailable' }) },
  { name: 'a reset', make: () => faults.resetAtOnce() },
  { name: 'JSON of another shape', make: () => faults.answer(200, { ok: 'yes' }) },
];

/** Runs in this process at one time. */
const AT_ONCE = 8;
const FOREVER = Number.POSITIVE_INFINITY;
const WAIT = ['--poll-interval', '15s', '--appear-timeout', '5m'];
/** What no error may say once a job may be running. */
const AS_IF_NOTHING_RAN = /run again|nothing was left running|error\[unavailable\]/;

async function setUp(backend: BackendCase, odd: readonly { readonly fault: Fault; readonly times?: number }[]) {
  const folder = await temporaryFolder();
  const file = await copyFixture('v2.apk', folder, 'app.apk');
  const config = join(folder, 'apptool.config.json');
  await writeFile(config, JSON.stringify({ ignite: IGNITE_SETTINGS }));
  const box = await sandbox({ processingMs: 0, appearMs: 0 });
  const planned = odd.map(({ fault, times = 1 }) => ({ origin: 'api' as const, ...backend.question, times, fault }));
  const proxy = await faultProxy(box, planned);
  // With paths that hold anywhere, so that several run in this process at once.
  const run = (args: readonly string[]) => runCli([...args, '-c', config], { env: proxy.variables, isFast: true });
  const environment = backend.id.startsWith('apptego') ? ['-e', 'dev'] : [];
  const sends = ['publish', file, '--to', backend.id, ...environment, ...WAIT];
  return { box, proxy, run, sends, receipt: join(folder, 'r.json') };
}

/** A test for each, a few of them at once: mostly they wait. */
function each(cases: readonly Odd[], title: string, run: (one: Odd) => Promise<void>): void {
  test.each(cases)(title, async (one) => await withCleanUp(async () => await run(one)));
}

/** In an ordinary run each backend gets one odd response, and one pair of them, and one or two backends get a response for ever. */
describe.concurrent.each(BACKENDS.map((backend, place) => ({ ...backend, place })))(
  '$id: an odd response to a question',
  (backend) => {
    const once = ODD.filter((_, index) => takesTurn(index + 2 * backend.place, ODD.length));
    each(once, '$name, once and on the second question: the run goes on', async ({ name, make }) => {
      // Twice, 15 s apart, is a verdict where the API itself refuses the key.
      const strikes = name === '401' ? [make(backend)] : [make(backend), make(backend)];
      const faultsOf = strikes.map((fault) => ({ fault }));
      const { run, proxy, box, sends } = await setUp(backend, faultsOf);

      const result = await run([...sends, '--timeout', '30m']);

      expect(result.code, result.stderr).toBe(0);
      expect(proxy.struck).toEqual(strikes.map(() => 1));
      expect(box.store.stored().length).toBeLessThanOrEqual(1);
    });

    const forEver = ODD.filter((_, index) => takesTurn(index + ODD.length * backend.place, 3 * ODD.length));
    each(forEver, '$name for ever: never told as if nothing ran', async ({ name, make }) => {
      const { run, sends, receipt } = await setUp(backend, [{ fault: make(backend), times: FOREVER }]);

      const sent = await run([...sends, '--timeout', '40s', '--receipt', receipt]);
      const later = [await run(['wait', receipt, ...WAIT, '--timeout', '40s']), await run(['status', receipt])];

      // Credentials that the API itself refuses, twice, are the only verdict.
      const classes = name === '401' ? [4] : [7];
      expect(classes, sent.stderr).toContain(sent.code);
      for (const { code, stderr } of [sent, ...later]) {
        expect([4, 5, 7], stderr).toContain(code);
        expect(stderr).not.toMatch(AS_IF_NOTHING_RAN);
        expect(stderr).toMatch(new RegExp(`apptool wait ${backend.id}:\\S+`));
        expect(stderr).toMatch(new RegExp(`${backend.id}:\\S+`));
      }
    });

    const PAIRS = ODD.flatMap((first) => ODD.map((second) => ({ first, second }))).filter(
      ({ first, second }) => first !== second,
    );
    test('each pair of them, one after the other: the run goes on, and sends once', async () => {
      const ofDay = PAIRS.filter((_, index) => takesTurn(index + 3 * backend.place, PAIRS.length));
      const atOnce = pLimit(AT_ONCE);
      await Promise.all(
        ofDay.map(({ first, second }) =>
          atOnce(async () => {
            await withCleanUp(async () => {
              const strikes = [first, second].map(({ make }) => ({ fault: make(backend) }));
              const { run, box, sends } = await setUp(backend, strikes);

              const result = await run([...sends, '--timeout', '30m']);

              expect(result.code, `${first.name}, ${second.name}: ${result.stderr}`).toBe(0);
              expect(box.store.stored().length).toBeLessThanOrEqual(1);
            });
          }),
        ),
      );
    }, 240_000);
  },
);

test.each([
  ['apptego', 0],
  ['apptego-management', 2],
])('%s: a download that fails after the job is done is not run again', async (id, place) => {
  const folder = await temporaryFolder();
  await copyFixture('v123.apk', folder, 'app.apk');
  const box = await sandbox({ processingMs: 0, appearMs: 0 });
  const link = { origin: 'api' as const, path: /download/, times: FOREVER };
  const odd = [faults.answer(503, {}), page(403), page(404), faults.resetAtOnce()];
  for (const fault of odd.filter((_, index) => takesTurn(index + place, odd.length))) {
    const proxy = await faultProxy(box, [{ ...link, fault }]);
    const args = ['protect', 'app.apk', '--backend', id, '-e', 'dev', ...WAIT];

    const result = await runCli(args, { cwd: folder, env: proxy.variables, isFast: true });

    expect([4, 7], result.stderr).toContain(result.code);
    expect(result.stderr).toMatch(new RegExp(`apptool download ${id}:\\S+ -o app-protected.apk`));
    expect(result.stderr).not.toMatch(AS_IF_NOTHING_RAN);
  }
  expect(await readdir(folder)).toEqual(['app.apk']);
});
