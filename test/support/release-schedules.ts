import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import { expect } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { standingOf } from '../../src/run/journal/standing.ts';
import { withCleanUp } from '../../src/testing/cleanup.ts';
import { fastClock } from '../../src/testing/clock.ts';
import { type Fault, type FaultProxy, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, ROOT, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { cleanEnvironment, type RunningCli, startCli } from './cli.ts';
import { IGNITE_SETTINGS } from './ignite.ts';
import { runHere } from './in-process.ts';
import { type Landed, observedSandbox } from './observed-sandbox.ts';
import { fc } from './properties.ts';
import { IS_WHOLE, takesTurn } from './share.ts';

const AT_ONCE = 3;
/** An ordinary run takes two of 300. */
const DAYS = 150;
const MOST_RUNS = 14;
const POWER_CUT = `--import ${pathToFileURL(join(ROOT, 'test', 'support', 'power-cut.mjs')).href}`;

/** Where a fault of a schedule can strike. */
const CALLS = {
  create: { method: 'POST', path: /\/automate\/upload$/ },
  object: { origin: 'storage', method: 'PUT' },
  status: { method: 'GET', path: /\/automate\/status/ },
  output: { origin: 'storage', method: 'GET' },
  store: { method: 'POST', path: /\/uploads\/ci$/ },
  testers: { method: 'POST', path: /\/builds\/?$/ },
  preload: { method: 'POST', path: /\/upload_apk\/external_user$/ },
} as const;
const FAULTS: Readonly<Record<string, () => Fault>> = {
  'answer lost': () => faults.lostAnswer(),
  'nothing done': () => faults.lostBeforeWork(),
  'answer 503': () => faults.answer(503, {}),
  'answer 400': () => faults.answer(400, { status: false }),
  'answer 429': () => faults.answer(429, { error: 'too many builds' }),
};

type Call = keyof typeof CALLS;

interface Strike {
  readonly fault: string;
  readonly call: Call;
  readonly times: number;
}

interface Kill {
  /** `power` is a kill after which the disk shows what was synced. */
  readonly signal: 'SIGTERM' | 'SIGKILL' | 'power';
  /** How many requests come first. */
  readonly after: number;
  /** Whether the request at which it dies reaches the backend. */
  readonly lands: boolean;
}

/** The power goes at a write of the receipt. */
interface Cut {
  /** In which run of the line. */
  readonly run: number;
  readonly write: number;
  readonly when: 'before' | 'between' | 'after';
}

/** The line goes on at another machine, which has the receipt, the file, and perhaps the protected file. */
interface Move {
  /** Before which run of the line. */
  readonly run: number;
  readonly hasOutput: boolean;
}

interface Schedule {
  readonly strikes: readonly Strike[];
  readonly kills: readonly Kill[];
  readonly cuts: readonly Cut[];
  readonly moves: readonly Move[];
}

function schedules(seed: number, count: number): Schedule[] {
  const strike = fc.record({
    fault: fc.constantFrom(...Object.keys(FAULTS)),
    call: fc.constantFrom(...(Object.keys(CALLS) as Call[])),
    times: fc.integer({ min: 1, max: 3 }),
  });
  const kill = fc.record({
    signal: fc.constantFrom('SIGTERM' as const, 'SIGKILL' as const, 'power' as const),
    after: fc.nat(18),
    lands: fc.boolean(),
  });
  const cut = fc.record({
    run: fc.nat(2),
    write: fc.integer({ min: 1, max: 24 }),
    when: fc.constantFrom('before' as const, 'between' as const, 'after' as const),
  });
  const move = fc.record({ run: fc.integer({ min: 1, max: 4 }), hasOutput: fc.boolean() });
  const arbitrary = fc.record({
    strikes: fc.array(strike, { maxLength: 2 }),
    kills: fc.array(kill, { maxLength: 3 }),
    cuts: fc.uniqueArray(cut, { maxLength: 2, selector: ({ run }) => run }),
    moves: fc.uniqueArray(move, { maxLength: 2, selector: ({ run }) => run }),
  });
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** Exit codes that these faults and kills can lead to; `null` after SIGKILL. */
const ALLOWED = [0, 4, 5, 6, 7, 9, 10, 12, 143, null];

/**
 * Runs whole releases of a seed, each by one command line that is repeated until it succeeds or says that something may have landed, and
 * checks that no target got two builds, that what landed is the right file, and that the receipt says so. `isWhole` for every one of them.
 */
export async function testReleaseSchedules(seed: number, count: number, isWhole: boolean): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const chosen = [...schedules(seed, count).entries()].filter(([index]) => isWhole || takesTurn(index, DAYS));
  const failed: string[] = [];
  const endings = await Promise.all(
    chosen.map(([index, schedule]) =>
      limit(async () => {
        try {
          return await withCleanUp(() => runSchedule(schedule));
        } catch (error) {
          const why = error instanceof Error ? error.message : '';
          failed.push(`seed ${seed}, schedule ${index}: ${JSON.stringify(schedule)}\n${why}`);
          return 'failed';
        }
      }),
    ),
  );
  expect(failed.join('\n\n')).toBe('');
  expect(endings.length).toBeGreaterThan(0);
  if (isWhole || IS_WHOLE) expect(endings).toContain('done');
}

const RELEASES = {
  production: {
    protect: { environment: 'prod', signingKey: 'sandbox' },
    publish: ['autoappstore', 'applivery', { backend: 'ignite', ...IGNITE_SETTINGS, required: false }],
  },
};
/** With whole paths: several of them run in the process of the test at once. */
function lineIn(folder: string): readonly string[] {
  const [app, receipt, config] = ['app.apk', 'r.json', 'apptool.config.json'].map((name) => join(folder, name));
  return ['release', app ?? '', '--resume', receipt ?? '', '--config', config ?? '', '--capacity-wait', '0s'];
}

/** The machine that runs the line: what it is killed by, and its disk. */
interface Machine {
  folder: string;
  /** Folders of the machines before. */
  readonly left: string[];
  readonly current: { run: RunningCli | null; hasLostPower: boolean; killsLeft: number };
}

async function runSchedule({ strikes, kills, cuts, moves }: Schedule): Promise<'done' | 'look'> {
  const { box, landed } = await observedSandbox();
  const machine: Machine = {
    folder: await folderOfMachine(),
    left: [],
    current: { run: null, hasLostPower: false, killsLeft: kills.length },
  };
  const proxy = await faultProxy(box, [...kills.map((kill) => killed(kill, machine)), ...strikes.map(struck)]);
  let code: number | null = null;
  let said = '';
  const input = await sha256Of(await copyFixture('v123.apk', machine.folder, 'app.apk'));
  for (let tries = 0; tries < MOST_RUNS; tries += 1) {
    const before = code;
    const move = moves.find(({ run }) => run === tries);
    if (move !== undefined) await moveOn(machine, move);
    const mayDie = machine.current.killsLeft > 0 || cuts.some(({ run }) => run >= tries);
    const cut = cuts.find(({ run }) => run === tries);
    ({ code, said } = mayDie ? await runOnce(machine, proxy, cut) : await runToItsEnd(machine, proxy));
    expect(ALLOWED, said).toContain(code);
    // A run that ends by itself as the one before it did has nothing left to do.
    const isOver = code !== null && code !== 143 && code === before;
    if (code === 0 || (isOver && (await isUnknownSomewhere(machine.folder)))) break;
  }
  const { folder } = machine;
  await expectNothingTwice(folder, await landed(), input);
  if (code !== 0) {
    expect([5, 9, 12], said).toContain(code);
    expect(await isUnknownSomewhere(folder), said).toBe(true);
    return 'look';
  }
  await expectTrueReceipt(machine, input, await landed());
  return 'done';
}

const OUTPUT = 'app-protected.apk';

async function folderOfMachine(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'apptool.config.json'), JSON.stringify({ releases: RELEASES, pollInterval: '50ms' }));
  return folder;
}

/** The receipt comes whole to another machine, so its disk shows it from the beginning. */
async function moveOn(machine: Machine, { hasOutput }: Move): Promise<void> {
  const [before, folder] = [machine.folder, await folderOfMachine()];
  const copies = { 'app.apk': 'app.apk', 'r.json': 'r.json', disk: 'r.json' };
  for (const [name, from] of Object.entries(hasOutput ? { ...copies, [OUTPUT]: OUTPUT } : copies))
    await copyFile(join(before, from), join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  machine.left.push(before);
  machine.folder = folder;
}

function struck({ fault, call, times }: Strike): PlannedFault {
  return { ...CALLS[call], times, fault: (FAULTS[fault] as () => Fault)() };
}

function killed({ signal, after, lands }: Kill, { current }: Machine): PlannedFault {
  return {
    after,
    fault: async (exchange) => {
      current.killsLeft -= 1;
      current.run?.child.kill(signal === 'power' ? 'SIGKILL' : signal);
      current.hasLostPower ||= signal === 'power';
      if (lands) await exchange.forward(await exchange.readBody());
      exchange.request.socket.destroy();
    },
  };
}

/** Runs the line once. After a loss of power the disk shows of the receipt what was synced, and nothing else. */
async function runOnce({ folder, current }: Machine, { variables }: FaultProxy, cut: Cut | undefined) {
  const [receipt, disk] = [join(folder, 'r.json'), join(folder, 'disk')];
  const env = {
    ...variables,
    NODE_OPTIONS: POWER_CUT,
    POWER_CUT: JSON.stringify({ receipt, disk, write: cut?.write, when: cut?.when }),
  };
  current.hasLostPower = false;
  current.run = startCli(lineIn(folder), { cwd: folder, env, isFast: true });
  const { code, stderr } = await current.run.result;
  if (code === null && (current.hasLostPower || cut !== undefined)) {
    const shown = await readFile(disk).catch(() => null);
    if (shown === null) await rm(receipt, { force: true });
    else await writeFile(receipt, shown);
  }
  return { code, said: stderr };
}

/** Runs the line once, where nothing can kill it any more: in this process, which costs no start. */
async function runToItsEnd({ folder }: Machine, { variables }: FaultProxy) {
  const { code, stderr } = await runHere(lineIn(folder), {
    cwd: folder,
    env: cleanEnvironment(variables),
    clock: fastClock,
  });
  return { code, said: stderr };
}

async function isUnknownSomewhere(folder: string): Promise<boolean> {
  return (await stepsIn(folder)).some((step) => standingOf(step) === 'unknown');
}

async function expectTrueReceipt({ folder, left }: Machine, input: string, landed: readonly Landed[]): Promise<void> {
  const receipt = await receiptIn(folder);
  // A machine that had nothing to publish has not fetched it.
  const outputs = [folder, ...left].map((one) => join(one, OUTPUT)).filter((path) => existsSync(path));
  const [output, ...others] = new Set(await Promise.all(outputs.map(sha256Of)));
  expect([receipt?.input?.sha256, receipt?.output?.sha256, others]).toEqual([input, output, []]);
  for (const step of receipt?.steps ?? []) {
    if (step.required) expect([step.id, standingOf(step)]).toEqual([step.id, 'done']);
    if (step.sha256 !== null) expect(step.sha256).toBe(step.action === 'publish' ? output : input);
    const builds = landed.filter(({ backend }) => backend === step.backend);
    if (standingOf(step) === 'done') expect([step.id, builds.length]).toEqual([step.id, 1]);
  }
}

/** No backend has two builds, each has the right file, and the receipt knows of each. */
async function expectNothingTwice(folder: string, landed: readonly Landed[], input: string): Promise<void> {
  const receipt = await receiptIn(folder);
  for (const { backend, sha256 } of landed) {
    expect(landed.filter((one) => one.backend === backend).length, `builds of ${backend}`).toBe(1);
    expect([backend, sha256]).toEqual([backend, backend === 'apptego' ? input : receipt?.output?.sha256]);
    const step = receipt?.steps.find((one) => one.backend === backend);
    expect(['unknown', 'running', 'done'], backend).toContain(step === undefined ? 'not begun' : standingOf(step));
  }
}

async function receiptIn(folder: string): Promise<Receipt | null> {
  const text = await readFile(join(folder, 'r.json'), 'utf8').catch(() => '');
  return text === '' ? null : Receipt.parse(JSON.parse(text));
}

async function stepsIn(folder: string): Promise<Receipt['steps']> {
  return (await receiptIn(folder))?.steps ?? [];
}
