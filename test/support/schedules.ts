import { join } from 'node:path';
import pLimit from 'p-limit';
import { expect } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { withCleanUp } from '../../src/testing/cleanup.ts';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from './cli.ts';
import { CALL_NAMES, CALLS, CATALOG, type Ending } from './fault-catalog.ts';
import { expectInvariants } from './invariants.ts';
import { fc } from './properties.ts';
import { IS_WHOLE, takesTurn } from './share.ts';

const MIB = 1024 * 1024;
/** Mostly they wait for one another, so several fit on one core. */
const AT_ONCE = 4;
/** How many there are of each seed. An ordinary run takes three of them. */
const COUNT = 150;
const DAYS = 50;

interface Strike {
  readonly fault: number;
  readonly call: (typeof CALL_NAMES)[number];
  readonly after: number;
  readonly times: number;
}

interface Schedule {
  readonly isLarge: boolean;
  readonly strikes: readonly Strike[];
}

const strike: fc.Arbitrary<Strike> = fc
  .record({
    fault: fc.nat(CATALOG.length - 1),
    pick: fc.nat(99),
    after: fc.nat(2),
    times: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ fault, pick, after, times }) => {
    const calls = CALL_NAMES.filter((call) => CATALOG[fault]?.always[call] !== undefined);
    return { fault, call: calls[pick % calls.length] ?? 'create', after, times };
  });

/** Several faults, each on a call, some requests later, some times. */
function schedules(seed: number, count: number): Schedule[] {
  const arbitrary = fc.record({ isLarge: fc.boolean(), strikes: fc.array(strike, { minLength: 1, maxLength: 4 }) });
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** How a run with these faults may end: well, or as one of them would make it end by itself. */
function allowedEndings({ strikes }: Schedule): Set<Ending> {
  const allowed = new Set<Ending>(['success']);
  for (const { fault, call } of strikes) for (const ending of CATALOG[fault]?.always[call] ?? []) allowed.add(ending);
  // A lost answer that the status could settle is lost for good when the status cannot be asked either.
  const isCreationHit = strikes.some(({ call }) => call === 'object' || call === 'complete');
  if (isCreationHit) allowed.add('unknown').add('unavailable');
  return allowed;
}

/** Runs the schedules of a seed through the built command line, with a clock that runs faster, and checks what holds after every run. */
export async function testSchedules(seed: number): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const endings = new Set<Ending>();
  let struck = 0;
  const chosen = [...schedules(seed, COUNT).entries()].filter(([index]) => takesTurn(index, DAYS));
  await Promise.all(
    chosen.map(([index, schedule]) =>
      limit(async () => {
        const label = `seed ${seed}, schedule ${index}: ${describeSchedule(schedule)}`;
        const result = await withCleanUp(() => runSchedule(schedule, label)).catch((error: unknown) => {
          throw new Error(label, { cause: error });
        });
        struck += result.struck;
        endings.add(result.ending);
      }),
    ),
  );
  expect(chosen.length).toBeGreaterThan(0);
  if (!IS_WHOLE) return;
  expect(struck).toBeGreaterThan(COUNT);
  expect(endings.size).toBeGreaterThan(4);
}

function describeSchedule({ isLarge, strikes }: Schedule): string {
  const words = strikes.map(
    ({ fault, call, after, times }) =>
      `${CATALOG[fault]?.id} ${CATALOG[fault]?.what} on ${call} after ${after}, ${times} times`,
  );
  return `${isLarge ? 'parts' : 'object'}; ${words.join('; ')}`;
}

async function runSchedule(
  schedule: Schedule,
  label: string,
): Promise<{ readonly ending: Ending; readonly struck: number }> {
  const folder = await temporaryFolder();
  const box = await sandbox({
    processingMs: 100,
    ...(schedule.isLarge ? { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB } : {}),
  });
  const planned = schedule.strikes.map(({ fault, call, after, times }): PlannedFault => {
    const make = CATALOG[fault]?.make;
    if (make === undefined) throw new Error('no such fault');
    return { ...CALLS[call], after, times, fault: make() };
  });
  const proxy = await faultProxy(box, planned);
  const inputPath = schedule.isLarge
    ? await bigApk(join(folder, 'app.apk'), 11 * MIB)
    : await copyFixture('v2.apk', folder, 'app.apk');
  const outputPath = join(folder, 'out.apk');
  const flags = [
    '--poll-interval',
    '100ms',
    '--appear-timeout',
    '2m',
    '--capacity-wait',
    '0',
    '--stall-timeout',
    '20s',
    '--json',
    '--verbose',
  ];
  const args = ['protect', inputPath, '-e', 'prod', '-o', outputPath, ...flags];

  const result = await runCli(args, { env: proxy.variables, isFast: true });

  const document = ResultDocument.parse(JSON.parse(result.stdout));
  const ending = document.ok ? 'success' : (document.error?.class as Ending);
  const said = result.stdout + result.stderr;
  expect(result.signal, label).toBeNull();
  expect(result.code, label).toBe(document.exitCode);
  expect([...allowedEndings(schedule)], `${label}\n${result.stderr}`).toContain(ending);
  await expectInvariants({
    ending,
    folder,
    inputPath,
    outputPath,
    box,
    proxy,
    said,
    toldOfParts: said.includes('apptool abort'),
  });
  return { ending, struck: proxy.struck.reduce((sum, one) => sum + one, 0) };
}
