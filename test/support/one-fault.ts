import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { apptego } from '../../src/backends/apptego/index.ts';
import { asAppToolError } from '../../src/contract/errors.ts';
import { protect } from '../../src/run/protect.ts';
import { leavesParts } from '../../src/run/telling/way-on.ts';
import { withCleanUp } from '../../src/testing/cleanup.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { type Fault, faultProxy } from '../../src/testing/fault-proxy.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { CALL_NAMES, CALLS, CATALOG, type CallName, type Ending, HARMLESS } from './fault-catalog.ts';
import { expectInvariants } from './invariants.ts';
import { runContext } from './journal.ts';
import { takesTurn } from './share.ts';
import { UPLOAD } from './upload.ts';

const MIB = 1024 * 1024;
/** Calls that only a file in parts makes. */
const IN_PARTS: readonly CallName[] = ['part', 'complete'];

/** One `protect` in this process, with one fault on one call, `times` times. Waits of ours take no time. */
async function protectWith(call: CallName, fault: Fault, times: number): Promise<{ ending: Ending; struck: number }> {
  const folder = await temporaryFolder();
  const isLarge = IN_PARTS.includes(call);
  const box = await sandbox({
    processingMs: 0,
    appearMs: 0,
    ...(isLarge ? { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB } : {}),
  });
  const proxy = await faultProxy(box, [{ ...CALLS[call], times, fault }]);
  const backend = await openBackend(apptego, proxy.variables, 400);
  const inputPath = isLarge
    ? await bigApk(join(folder, 'app.apk'), 11 * MIB)
    : await copyFixture('v2.apk', folder, 'app.apk');
  const outputPath = join(folder, 'out.apk');
  const context = testContext({ clock: fakeClock(0.5, 20) });
  const ctx = runContext(context);
  // Forty questions: the sandbox has almost a second of real time to get a job done, however busy the machine is.
  const waiting = { pollIntervalMs: 6_000, timeoutMs: 240_000, appearTimeoutMs: 120_000 };
  const options = { ...UPLOAD, ...waiting, capacityWaitMs: 0 };

  const error = await protect(
    {
      backend,
      path: inputPath,
      platform: undefined,
      options,
      expected: { allowDebuggable: true },
      output: outputPath,
      force: false,
      detach: false,
      waiting,
    },
    ctx,
  ).then(
    () => null,
    (thrown: unknown) => asAppToolError(thrown),
  );

  const ending = error === null ? 'success' : error.class;
  const said = JSON.stringify([context.events, error?.message, error?.hint, error?.serverText, ctx.journal.current]);
  const toldOfParts = leavesParts(ctx.journal);
  await expectInvariants({ ending, folder, inputPath, outputPath, box, proxy, said, toldOfParts });
  return { ending, struck: proxy.struck[0] ?? 0 };
}

/** Counts the cases of each kind of fault, one of which an ordinary run takes; each kind begins elsewhere, so that they meet several calls. */
function createTurns(entries: readonly { readonly id: string; readonly cases: number }[]) {
  const kinds = [...new Set(entries.map(({ id }) => id))];
  const total = (kind: string): number => entries.reduce((sum, { id, cases }) => sum + (id === kind ? cases : 0), 0);
  const states = new Map(kinds.map((kind, index) => [kind, { next: 3 * index, of: total(kind) }]));
  /** One case, beside a few others: mostly they wait. Left out where another one of its kind has its turn today. */
  return (id: string, name: string, run: () => Promise<void>): void => {
    const state = states.get(id);
    if (state === undefined) throw new Error(`no such fault: ${id}`);
    const add = takesTurn(state.next, state.of) ? test.concurrent : test.skip;
    state.next += 1;
    add(name, async () => await withCleanUp(run));
  };
}

const callsOf = ({ always }: (typeof CATALOG)[number]) => CALL_NAMES.filter((call) => always[call] !== undefined);
/** Calls that a strange answer may not change. */
const UNCHANGED = ['create', 'status', 'link', 'complete'] as const;

/** Puts each fault of the catalog that `belongs` on every call that it is meant for: once, and every time. */
export function testEachFault(belongs: (id: string) => boolean): void {
  const catalog = CATALOG.filter(({ id }) => belongs(id)).map((entry) => ({
    ...entry,
    name: `${entry.id}: ${entry.what}`,
    calls: callsOf(entry),
  }));
  const testCase = createTurns(catalog.map(({ id, calls }) => ({ id, cases: 2 * calls.length })));
  describe.concurrent.each(catalog)('$name', ({ id, make, always, calls, finalAt = [] }) => {
    for (const call of calls) {
      testCase(id, `on every ${call} ends as it should`, async () => {
        const { ending, struck } = await protectWith(call, make(), Number.POSITIVE_INFINITY);

        expect(struck).toBeGreaterThan(0);
        expect(always[call]).toContain(ending);
      });
    }

    for (const call of calls) {
      testCase(id, `on one ${call} is mended, or ends as it should`, async () => {
        const { ending, struck } = await protectWith(call, make(), 1);

        const allowed: readonly Ending[] = finalAt.includes(call) ? ['success', ...(always[call] ?? [])] : ['success'];
        expect(struck).toBe(1);
        expect(allowed).toContain(ending);
      });
    }
  });

  const harmless = HARMLESS.filter(({ id }) => belongs(id)).map((entry) => ({
    ...entry,
    name: `${entry.id}: ${entry.what}`,
  }));
  const testHarmless = createTurns(harmless.map(({ id }) => ({ id, cases: UNCHANGED.length })));
  describe.concurrent.each(harmless)('$name', ({ id, make }) => {
    for (const call of UNCHANGED) {
      testHarmless(id, `on every ${call} changes nothing`, async () => {
        const { ending, struck } = await protectWith(call, make(), Number.POSITIVE_INFINITY);

        expect(struck).toBeGreaterThan(0);
        expect(ending).toBe('success');
      });
    }
  });
}
