import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { ArchiveProblem } from '../../src/archive/zip/archive-file.ts';
import { fixture } from '../../src/testing/files.ts';
import { fileOf, inspected } from '../support/inspected.ts';
import { fc } from '../support/properties.ts';
import { IS_WHOLE, SEED } from '../support/share.ts';
import { zip } from '../support/zip-bytes.ts';

// Archives with a few bytes changed: each is inspected or refused, and never anything else. APPTOOL_MUTATIONS sets how many, the seed
// which ones.

const RUNS = Number(process.env.APPTOOL_MUTATIONS ?? (IS_WHOLE ? 6_000 : 1_000));
const MIB = 1024 * 1024;
const MOST_GROWTH = 64 * MIB;
/** After this many the engine has its code and its heap, so that what is seen to grow is ours. */
const WARM_UP = 500;

const NAMES = [
  'v1.apk',
  'v123.apk',
  'rich.apk',
  'rich-utf16.apk',
  'signed.aab',
  'app.ipa',
  'signed/v31-rotated.apk',
  'signed/v1-ber.apk',
];

/** The entries of an archive, to be changed one at a time: a change of the archive would mostly break their compression. */
async function entriesOf(bytes: Buffer): Promise<{ readonly name: string; readonly data: Buffer }[]> {
  const { zip: directory } = await openAppArchive(fileOf(bytes));
  const read = directory.names.map(async (name) => ({ name, data: (await directory.read(name)) ?? Buffer.alloc(0) }));
  return await Promise.all(read);
}

/** What is changed, and how the archive around it is made again. */
interface Target {
  readonly bytes: Buffer;
  rebuild(changed: Buffer): Buffer;
}

async function targetsOf(name: string): Promise<Target[]> {
  const bytes = await readFile(fixture(name));
  const entries = await entriesOf(bytes);
  const inside = entries.map(({ data }, index) => ({
    bytes: data,
    rebuild: (changed: Buffer) => zip(entries.map((entry, at) => (at === index ? { ...entry, data: changed } : entry))),
  }));
  return [{ bytes, rebuild: (changed) => changed }, ...signingBlocksIn(bytes), ...inside];
}

/** The signing block alone, to be changed without changing its size. */
function signingBlocksIn(bytes: Buffer): Target[] {
  const directoryAt = bytes.readUInt32LE(bytes.length - 22 + 16);
  if (bytes.toString('latin1', directoryAt - 16, directoryAt) !== 'APK Sig Block 42') return [];
  const from = directoryAt - Number(bytes.readBigUInt64LE(directoryAt - 24)) - 8;
  // What pads the block to a page is of no interest.
  const to = bytes.lastIndexOf('wrBB', directoryAt) > from ? bytes.lastIndexOf('wrBB', directoryAt) : directoryAt;
  const block = bytes.subarray(from, to);
  const rebuild = (changed: Buffer) => {
    const whole = Buffer.from(bytes);
    changed.copy(whole, from, 0, block.length);
    return whole;
  };
  // Most of what is checked is in here.
  return Array.from({ length: 4 }, () => ({ bytes: block, rebuild }));
}

const TARGETS = (await Promise.all(NAMES.map(targetsOf))).flat();

type Mutation =
  | { readonly type: 'set'; readonly at: number; readonly bytes: readonly number[] }
  | { readonly type: 'cut'; readonly at: number; readonly length: number }
  | { readonly type: 'repeat'; readonly at: number; readonly length: number };

/** A place in what is changed, in millionths of its length; no place is likelier than another. */
const place = fc.noBias(fc.integer({ min: 0, max: 999_999 }));
/** What readers trip over: single bits, and the smallest and largest lengths, offsets and counts. */
const telling = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((byte) => [byte]),
  fc.constantFrom(
    [0, 0, 0, 0],
    [255, 255, 255, 255],
    [255, 255, 255, 127],
    [0, 0, 0, 128],
    [255, 255],
    [0, 0],
    [1, 0, 0, 0],
  ),
  fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 8 }),
);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('set' as const), at: place, bytes: telling }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('cut' as const), at: place, length: fc.integer({ min: 1, max: 64 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('repeat' as const), at: place, length: fc.integer({ min: 1, max: 64 }) }),
  },
);

function mutated(source: Buffer, mutations: readonly Mutation[]): Buffer {
  let bytes = Buffer.from(source);
  for (const one of mutations) {
    const at = Math.floor((one.at * bytes.length) / 1_000_000);
    if (one.type === 'set') Buffer.from(one.bytes).copy(bytes, at);
    if (one.type === 'cut') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + one.length)]);
    if (one.type === 'repeat') bytes = Buffer.concat([bytes.subarray(0, at + one.length), bytes.subarray(at)]);
  }
  return bytes;
}

test('archives with a few bytes changed are inspected or refused', { timeout: 60_000 + 20 * RUNS }, async () => {
  let refused = 0;
  let runs = 0;
  let startBytes = 0;
  let peakBytes = 0;
  const changed = fc.tuple(fc.constantFrom(...TARGETS), fc.array(mutation, { minLength: 1, maxLength: 6 }));

  await fc.assert(
    fc.asyncProperty(changed, async ([target, mutations]) => {
      const bytes = target.rebuild(mutated(target.bytes, mutations));
      try {
        const facts = await inspected(fileOf(bytes));
        expect(['apk', 'aab', 'ipa']).toContain(facts.kind);
      } catch (error) {
        if (!(error instanceof ArchiveProblem)) throw error;
        refused += 1;
      }
      const { rss } = process.memoryUsage();
      runs += 1;
      if (runs <= WARM_UP) startBytes = rss;
      peakBytes = Math.max(peakBytes, rss);
    }),
    { numRuns: RUNS, seed: SEED },
  );

  // Both happen often, so the changes reach what they are meant for.
  expect(refused).toBeGreaterThan(RUNS / 10);
  expect(refused).toBeLessThan(RUNS / 2);
  expect(peakBytes - startBytes).toBeLessThan(MOST_GROWTH);
});
