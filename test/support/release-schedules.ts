import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import pLimit from 'p-limit';
import { expect } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { standingOf } from '../../src/run/journal/standing.ts';
import { withCleanUp } from '../../src/testing/cleanup.ts';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { type RunningCli, runCli, startCli } from './cli.ts';
import { IGNITE_SETTINGS } from './ignite.ts';
import { isInShare } from './share.ts';

const AT_ONCE = 3;
const SHARE = 0.02;
const MOST_RUNS = 12;

/** Where a fault of a schedule can strike. */
const CALLS = {
  create: { method: 'POST', path: /\/automate\/upload$/ },
  object: { origin: 'storage', method: 'PUT' },
  status: { method: 'GET', path: /\/automate\/status/ },
  store: { method: 'POST', path: /\/uploads\/ci$/ },
  testers: { method: 'POST', path: /\/builds\/?$/ },
} as const;
const FAULTS: Readonly<Record<string, () => Fault>> = {
  'answer lost': () => faults.lostAnswer(),
  'answer 503': () => faults.answer(503, {}),
  'answer 400': () => faults.answer(400, { status: false }),
};

type Call = keyof typeof CALLS;

interface Strike {
  readonly fault: string;
  readonly call: Call;
  readonly times: number;
}

interface Kill {
  readonly signal: 'SIGTERM' | 'SIGKILL';
  /** How many requests come first. */
  readonly after: number;
  /** Whether the request at which it dies reaches the backend. */
  readonly lands: boolean;
}

interface Schedule {
  readonly strikes: readonly Strike[];
  readonly kills: readonly Kill[];
}

function schedules(seed: number, count: number): Schedule[] {
  const strike = fc.record({
    fault: fc.constantFrom(...Object.keys(FAULTS)),
    call: fc.constantFrom(...(Object.keys(CALLS) as Call[])),
    times: fc.integer({ min: 1, max: 3 }),
  });
  const kill = fc.record({
    signal: fc.constantFrom('SIGTERM' as const, 'SIGKILL' as const),
    after: fc.nat(18),
    lands: fc.boolean(),
  });
  const arbitrary = fc.record({
    strikes: fc.array(strike, { maxLength: 2 }),
    kills: fc.array(kill, { minLength: 1, maxLength: 3 }),
  });
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** Exit codes that these faults and kills can lead to; `null` after SIGKILL. */
const ALLOWED = [0, 4, 5, 6, 7, 9, 12, 143, null];

/**
 * Runs whole releases of a seed, each by one command line that is repeated until it succeeds or says that something may have landed, and
 * checks that no target got two builds, that what landed is the right file, and that the receipt says so.
 */
export async function testReleaseSchedules(seed: number, count: number): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const chosen = [...schedules(seed, count).entries()].filter(([index]) =>
    isInShare(`release ${seed} ${index}`, SHARE),
  );
  const endings = await Promise.all(
    chosen.map(([index, schedule]) =>
      limit(async () => {
        const label = `seed ${seed}, schedule ${index}: ${JSON.stringify(schedule)}`;
        return await withCleanUp(() => runSchedule(schedule)).catch((error: unknown) => {
          throw new Error(label, { cause: error });
        });
      }),
    ),
  );
  expect(endings).toContain('done');
}

async function runSchedule({ strikes, kills }: Schedule): Promise<'done' | 'look'> {
  const folder = await temporaryFolder();
  const input = await copyFixture('v123.apk', folder, 'app.apk');
  const box = await sandbox();
  const current: { run: RunningCli | null } = { run: null };
  const planned = [
    ...kills.map(
      ({ signal, after, lands }): PlannedFault => ({
        after,
        fault: async (exchange) => {
          current.run?.child.kill(signal);
          if (lands) await exchange.forward(await exchange.readBody());
          exchange.request.socket.destroy();
        },
      }),
    ),
    ...strikes.map(
      ({ fault, call, times }): PlannedFault => ({
        ...CALLS[call],
        times,
        fault: (FAULTS[fault] as () => Fault)(),
      }),
    ),
  ];
  const proxy = await faultProxy(box, planned);
  const releases = {
    production: {
      protect: { environment: 'prod', signingKey: 'sandbox' },
      publish: ['autoappstore', 'applivery', { backend: 'ignite', ...IGNITE_SETTINGS, required: false }],
    },
  };
  await writeFile(join(folder, 'apptool.config.json'), JSON.stringify({ releases, pollInterval: '50ms' }));
  const args = ['release', 'app.apk', '--resume', 'r.json', '--capacity-wait', '0s'];
  let code: number | null = null;
  let said = '';
  for (let tries = 0; tries < MOST_RUNS; tries += 1) {
    current.run = startCli(args, { cwd: folder, env: proxy.variables, isFast: true });
    ({ code, stderr: said } = await current.run.result);
    expect(ALLOWED, said).toContain(code);
    const wasKilled = code === null || code === 143;
    const isToBeLookedFor =
      tries > kills.length && !wasKilled && (await steps(folder)).some((step) => standingOf(step) === 'unknown');
    if (code === 0 || isToBeLookedFor) break;
  }
  await expectNothingTwice(folder, box);
  for (const object of box.store.stored()) expect(await sha256Of(object.path)).toBe(await sha256Of(input));
  if (code === 0) {
    await expectTrueReceipt(folder);
    return 'done';
  }
  expect([5, 9, 12], said).toContain(code);
  return 'look';
}

async function expectTrueReceipt(folder: string): Promise<void> {
  const receipt = await receiptIn(folder);
  const [input, output] = [await sha256Of(join(folder, 'app.apk')), await sha256Of(join(folder, 'app-protected.apk'))];
  expect(receipt?.output?.sha256).toBe(output);
  for (const step of receipt?.steps ?? []) {
    if (step.required) expect([step.id, standingOf(step)]).toEqual([step.id, 'done']);
    if (step.sha256 !== null) expect(step.sha256).toBe(step.action === 'publish' ? output : input);
  }
}

async function receiptIn(folder: string): Promise<Receipt | null> {
  const text = await readFile(join(folder, 'r.json'), 'utf8').catch(() => '');
  return text === '' ? null : Receipt.parse(JSON.parse(text));
}

async function steps(folder: string): Promise<Receipt['steps']> {
  return (await receiptIn(folder))?.steps ?? [];
}

/** The store takes a version once by itself; the others are asked. */
async function expectNothingTwice(
  folder: string,
  box: { readonly variables: Readonly<Record<string, string>>; readonly store: { stored(): readonly unknown[] } },
): Promise<void> {
  expect(box.store.stored().length).toBeLessThanOrEqual(1);
  const listed = await runCli(['applivery', 'builds', 'list', '--json'], { cwd: folder, env: box.variables });
  const { data } = JSON.parse(listed.stdout) as { data: { builds: readonly unknown[] } };
  expect(data.builds.length).toBeLessThanOrEqual(1);
}
