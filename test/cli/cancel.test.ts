import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { withCleanUp } from '../../src/testing/cleanup.ts';
import { type Fault, type FaultProxy, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli, startCli } from '../support/cli.ts';
import type { Variables } from '../support/command-lines.ts';
import { takesTurn } from '../support/share.ts';

const MIB = 1024 * 1024;
/** A file of a few parts: the same way as a large one, in less time. */
const IN_PARTS = { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB };
const QUICK = ['-e', 'prod', '--poll-interval', '50ms', '--capacity-wait', '0'];
/** From the first signal to the end of the process, whatever servers do. */
const LONGEST_END_MS = 5_500;

const SILENT: PlannedFault = { times: 1_000, fault: faults.silence() };
const CREATE = { method: 'POST', path: /\/automate\/upload$/ };
const COMPLETE = { method: 'POST', path: /\/complete$/ };
const PART = { origin: 'storage', method: 'PUT', path: /^\/part\// } as const;
const STATUS = { method: 'GET', path: /\/status\// };
const FETCH = { origin: 'storage', method: 'GET' } as const;

interface Scene {
  readonly name: string;
  readonly planned: readonly PlannedFault[];
  /** Index of the fault whose striking is the moment of the signal. */
  readonly moment: number;
  readonly isLarge: boolean;
  readonly hint: RegExp;
  /** What else has to be true at the end. */
  readonly leaves?: (scene: { readonly box: Sandbox; readonly proxy: FaultProxy }) => void;
}

const PARTS_STOP: Scene = {
  name: '',
  planned: [{ ...SILENT, ...PART, after: 2 }],
  moment: 0,
  isLarge: true,
  hint: /no build was started; the uploaded data was removed/,
};

/** Every moment of a run at which somebody may press Ctrl-C, with a server that says nothing from then on. */
const SCENES: readonly Scene[] = [
  {
    name: 'while the upload is asked for',
    planned: [{ ...SILENT, ...CREATE }],
    moment: 0,
    isLarge: false,
    hint: /nothing was left at the backend/,
  },
  {
    name: 'while the file is sent',
    planned: [{ ...SILENT, origin: 'storage', method: 'PUT' }],
    moment: 0,
    isLarge: false,
    hint: /may still be running on the server|no build was started/,
  },
  {
    ...PARTS_STOP,
    name: 'F-SIG-03: while parts are sent, of which nothing is left in the storage',
    leaves: ({ box, proxy }) => {
      expect(box.store.openUploads()).toEqual([]);
      expect(proxy.seen.filter(({ path }) => path.endsWith('/abort')).length).toBeGreaterThanOrEqual(2);
    },
  },
  {
    name: 'while it waits',
    planned: [{ ...SILENT, ...STATUS }],
    moment: 0,
    isLarge: false,
    hint: /to keep waiting: apptool wait apptego:\d+/,
  },
  {
    name: 'while it downloads',
    planned: [{ ...SILENT, ...FETCH }],
    moment: 0,
    isLarge: false,
    hint: /the output is ready; to download its output: apptool download apptego:\d+/,
  },
];

const COMPLETED: Scene = {
  name: 'while it is completed',
  planned: [
    { ...SILENT, ...COMPLETE },
    { ...SILENT, ...STATUS },
  ],
  moment: 0,
  isLarge: true,
  hint: /the job may still be running on the server; to keep waiting: apptool wait/,
};

const NOTHING_ANSWERS: Scene = {
  ...PARTS_STOP,
  planned: [...PARTS_STOP.planned, { ...SILENT, path: /\/abort$/ }],
  hint: /the uploaded parts could not be removed/,
};

async function setUp(scene: Scene) {
  const folder = await temporaryFolder();
  const box = await sandbox(scene.isLarge ? IN_PARTS : {});
  const proxy = await faultProxy(box, scene.planned);
  const file = scene.isLarge
    ? await bigApk(join(folder, 'app.apk'), 17 * MIB, 'hole')
    : await copyFixture('v2.apk', folder, 'app.apk');
  return { folder, box, proxy, file };
}

async function struck(proxy: FaultProxy, index: number): Promise<void> {
  await expect.poll(() => proxy.struck[index], { timeout: 40_000, interval: 10 }).toBeGreaterThan(0);
}

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

/** Sends the signal at the moment of the scene. Checks what every stopped run has to do, and resolves with what this one left. */
async function stop(scene: Scene, [signal, code]: readonly [NodeJS.Signals, number], variables: Variables = {}) {
  const { folder, box, proxy, file } = await setUp(scene);
  const env = { ...proxy.variables, ...variables };
  const running = startCli(['protect', file, ...QUICK, '--json'], { env, cwd: folder });
  await struck(proxy, scene.moment);

  const at = performance.now();
  running.child.kill(signal);
  const result = await running.result;
  const tookMs = performance.now() - at;

  const document = ResultDocument.parse(JSON.parse(result.stdout));
  const names = await readdir(folder);
  const receipts = names.filter((name) => name.endsWith('.receipt.json'));
  expect(result).toMatchObject({ code, signal: null });
  expect(tookMs).toBeLessThan(LONGEST_END_MS);
  expect(document.error).toMatchObject({ class: 'cancelled', hint: expect.stringMatching(scene.hint) });
  expect(names.filter((name) => !receipts.includes(name))).toEqual(['app.apk']);
  scene.leaves?.({ box, proxy });
  return { folder, box, proxy, stderr: result.stderr, receipts };
}

// Three of them a day, each with another signal; all where all is run.
const OF_TODAY = SCENES.flatMap((scene) =>
  SIGNALS.map((signal) => ({ scene, signal, name: `${signal[0]} ${scene.name}` })),
).filter((_, index) => takesTurn(index, 5));

test.each(OF_TODAY)(
  'F-SIG: $name: ends within 5 s, leaves no file, says how to go on',
  async ({ scene, signal }) => {
    const { receipts } = await stop(scene, signal);

    if (scene.isLarge) expect(receipts).toEqual([]);
  },
  60_000,
);

// These wait for servers, so they do it side by side.
describe.each(SIGNALS.filter((_, index) => takesTurn(index, 3)))(
  'F-SIG: %s at a server that says nothing for long',
  (...signal) => {
    test.concurrent(
      'while it is completed: ends within 5 s, leaves no file, says how to go on',
      async () => await withCleanUp(async () => void (await stop(COMPLETED, signal))),
      60_000,
    );

    test.concurrent(
      'F-SIG-10: while parts are sent: a receipt and the command that removes them',
      async () =>
        await withCleanUp(async () => {
          const ofBuild = { CIRCLECI: 'true', CIRCLE_BRANCH: 'main' };
          let isStopped = false;
          const untilStopped: Fault = async (exchange) => {
            if (isStopped) exchange.reply(await exchange.forward(await exchange.readBody()));
            else await faults.silence()(exchange);
          };
          const planned = NOTHING_ANSWERS.planned.map((one) =>
            one.origin === undefined ? { ...one, fault: untilStopped } : one,
          );
          const { folder, box, proxy, stderr, receipts } = await stop({ ...NOTHING_ANSWERS, planned }, signal, ofBuild);
          isStopped = true;
          const receipt = /to remove them: apptool abort (\S+)/.exec(stderr)?.[1] ?? '';
          const open = box.store.openUploads();
          const aborted = await runCli(['abort', receipt], { env: proxy.variables, cwd: folder });
          const again = await runCli(['abort', receipt], { env: proxy.variables, cwd: folder });

          expect(receipts).toEqual([receipt]);
          expect(open).toHaveLength(1);
          expect(Receipt.parse(JSON.parse(await readFile(join(folder, receipt), 'utf8')))).toMatchObject({
            build: { provider: 'circleci', branch: 'main' },
            steps: [{ backend: 'apptego' }],
            runs: [{ ended: { errorClass: 'cancelled' } }],
          });
          expect(aborted).toMatchObject({
            code: 0,
            stdout: expect.stringMatching(/^aborted the unfinished upload of apptego:\d+\n$/),
          });
          expect(box.store.openUploads()).toEqual([]);
          expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^nothing to abort/) });
        }),
      60_000,
    );

    test.concurrent(
      'F-SIG-04: complete is given the time to answer, and is not aborted',
      async () =>
        await withCleanUp(async () => {
          const late: Fault = async (exchange) => {
            const answer = await exchange.forward(await exchange.readBody());
            setTimeout(() => exchange.reply(answer), 800);
          };
          const { box, proxy } = await stop({ ...COMPLETED, planned: [{ ...COMPLETE, fault: late }] }, signal);

          expect(proxy.seen.filter(({ path }) => path.endsWith('/abort'))).toEqual([]);
          expect(box.store.openUploads()).toEqual([]);
        }),
      60_000,
    );
  },
);

describe('what a stopped run leaves', () => {
  test('F-SIG-09: the second signal ends it at once, without a temporary file', async () => {
    const slowly: Fault = async (exchange) => {
      exchange.response.writeHead(200, { 'content-length': '1000000' });
      exchange.response.write(Buffer.alloc(1000));
    };
    const planned = [...NOTHING_ANSWERS.planned, { ...FETCH, times: 10, fault: slowly }];
    const { proxy, file, folder } = await setUp({ ...NOTHING_ANSWERS, planned });
    const running = startCli(['protect', file, ...QUICK, '--json'], { env: proxy.variables, cwd: folder });
    await struck(proxy, 0);
    running.child.kill('SIGINT');
    await running.seen('again to stop at once');
    // Sooner, it would be the same signal passed on twice.
    await sleep(600);

    const at = performance.now();
    running.child.kill('SIGINT');
    const result = await running.result;

    // Without it, the abort would be waited for two seconds more.
    expect(performance.now() - at).toBeLessThan(1_500);
    expect(result.code).toBe(130);
    expect(ResultDocument.parse(JSON.parse(result.stdout)).error?.class).toBe('cancelled');
    expect(result.stderr).toContain('apptool abort');
  }, 60_000);

  test('F-SIG-14: a signal that comes twice within half a second is one signal', async () => {
    const lateAbort: Fault = async (exchange) => {
      const answer = await exchange.forward(await exchange.readBody());
      setTimeout(() => exchange.reply(answer), 300);
    };
    const late = { origin: 'api', path: /\/abort$/, times: 10, fault: lateAbort } as const;
    const { box, proxy, file, folder } = await setUp({ ...PARTS_STOP, planned: [...PARTS_STOP.planned, late] });
    const running = startCli(['protect', file, ...QUICK], { env: proxy.variables, cwd: folder });
    await struck(proxy, 0);

    running.child.kill('SIGTERM');
    await running.seen('again to stop at once');
    running.child.kill('SIGTERM');
    running.child.kill('SIGINT');
    const result = await running.result;

    expect(result.code).toBe(143);
    expect(result.stderr).toContain('hint: no build was started; the uploaded data was removed');
    expect(box.store.openUploads()).toEqual([]);
  }, 60_000);
});

describe('--receipt', () => {
  test('F-IO-19: is there while the run goes on, so that a killed one can be cleaned up', async () => {
    const { box, proxy, file, folder } = await setUp(PARTS_STOP);
    const running = startCli(['protect', file, ...QUICK, '--receipt', 'run.json'], {
      env: proxy.variables,
      cwd: folder,
    });
    await struck(proxy, 0);

    running.child.kill('SIGKILL');
    await running.result;
    const receipt = Receipt.parse(JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')));
    const aborted = await runCli(['abort', 'run.json'], { env: proxy.variables, cwd: folder });

    expect(receipt).toMatchObject({
      steps: [{ id: 'protect:apptego', ended: null, mayHaveLanded: false, unfinished: { session: {} } }],
      runs: [{ command: 'protect', ended: null }],
      input: { name: 'app.apk', size: 17 * MIB },
    });
    expect(aborted.code).toBe(0);
    expect(box.store.openUploads()).toEqual([]);
  }, 60_000);

  test('is taken wherever a job reference is', async () => {
    const folder = await temporaryFolder();
    const elsewhere = await temporaryFolder();
    const { variables: env } = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const uploaded = await runCli(
      ['upload', file, '--to', 'apptego', '-e', 'prod', '--receipt', join(elsewhere, 'r.json')],
      { env },
    );
    const waited = await runCli(['wait', 'r.json', '--poll-interval', '50ms'], { env, cwd: elsewhere });
    const asked = await runCli(['status', './r.json'], { env, cwd: elsewhere });
    const fetched = await runCli(['download', 'r.json'], { env, cwd: elsewhere });

    expect([uploaded.code, waited.code, asked.code, fetched.code]).toEqual([0, 0, 0, 0]);
    expect((await readdir(elsewhere)).sort()).toEqual(['r.json', 'v2-protected.apk']);
  });

  test('holds hashes and names, and no secret, signed URL or path', async () => {
    const folder = await temporaryFolder();
    const { variables: env } = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    await runCli(['protect', file, ...QUICK, '--receipt', join(folder, 'r.json')], { env });

    const text = await readFile(join(folder, 'r.json'), 'utf8');
    const receipt = Receipt.parse(JSON.parse(text));
    expect(receipt).toMatchObject({
      runs: [{ command: 'protect', ended: { exitCode: 0 } }],
      environment: 'prod',
      input: { name: 'v2.apk', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      output: { name: 'v2-protected.apk', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      steps: [{ unfinished: null, ended: { exitCode: 0 } }],
    });
    expect(text).not.toContain(env.APPTEGO_API_KEY?.split(':')[1]);
    expect(text).not.toContain('X-Amz');
    expect(text).not.toContain(folder);
  });

  test('F-IO-14: one that cannot be written is a warning, and the run goes on', async () => {
    const folder = await temporaryFolder();
    const { variables: env } = await sandbox();
    const file = await copyFixture('v2.apk', folder);

    const result = await runCli(['protect', file, ...QUICK, '--receipt', join(folder, 'none', 'r.json')], { env });

    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^warning: cannot write the receipt .*: its folder does not exist$/m);
  });

  test.each([
    ['something else', '{"a":1}', 'is not a receipt of apptool'],
    ['a token', 'ghp_0123456789', 'is not a receipt of apptool'],
    ['a later version', '{"receiptVersion":2}', 'is not a receipt of apptool'],
  ])('refuses %s, without quoting it', async (_, content, words) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'r.json'), content);

    const result = await runCli(['abort', 'r.json'], { cwd: folder });

    expect(result.code).toBe(2);
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toContain('ghp_');
  });
});
