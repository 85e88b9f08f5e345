import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { UnavailableError } from '../../src/contract/errors.ts';
import { type FakeClock, fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { fetchFile } from '../../src/transfer/download/fetch-file.ts';
import { createOutput } from '../../src/transfer/download/output-file.ts';
import type { RemoteFile, RemoteIdentity } from '../../src/transfer/download/remote-file.ts';
import { takesTurn } from '../support/share.ts';

const MIB = 1024 * 1024;
/** Large enough for several connections, and 18 pieces. */
const SIZE_BYTES = 72 * MIB;
const FILE = Buffer.alloc(SIZE_BYTES, Buffer.from('0123456789abcdef'));

interface Asked {
  readonly start: number;
  readonly end: number | null;
}

type Send = (asked: Asked, clock: FakeClock) => AsyncGenerator<Buffer>;

/** For what has nothing to do with several connections. */
const SHORT_BYTES = 8 * MIB;

/** A remote file whose bytes come in the pieces, and at the times, that a test decides. */
async function fetch(send: Send, ofBytes = SIZE_BYTES) {
  const clock = fakeClock();
  const ctx = testContext({ clock });
  const asked: Asked[] = [];
  let identity: RemoteIdentity | null = null;
  const remote: RemoteFile = {
    get identity() {
      return identity;
    },
    forget() {
      identity = null;
    },
    async open(start, end, _, use) {
      identity ??= { sizeBytes: ofBytes, etag: '"v1"', canResume: true, offersRanges: true };
      asked.push({ start, end });
      await use(send({ start, end }, clock));
    },
  };
  const path = join(await temporaryFolder(), 'out.apk');
  const file = await createOutput({ path, force: false }, ctx);
  onTestFinished(() => file.discard());
  let wholeTo = 0;
  const sizeBytes = await fetchFile(
    {
      remote,
      file,
      capBytes: 1024 * MIB,
      onWhole: (to) => {
        wholeTo = to;
      },
      onReceived: () => {},
    },
    ctx,
  );
  const bytes = await readFile(file.temporaryPath);
  return { sizeBytes, wholeTo, asked, isWhole: bytes.equals(FILE.subarray(0, ofBytes)) };
}

async function* cut(from: number, to: number, chunkBytes = MIB): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += chunkBytes) yield FILE.subarray(at, Math.min(to, at + chunkBytes));
}

describe('several connections', () => {
  const LEFT_BYTES = [1, 2 * MIB, 3 * MIB];
  test.each(LEFT_BYTES.filter((_, index) => takesTurn(index, LEFT_BYTES.length)))(
    'end when more of them are wanted while the last piece, with %i bytes to come, is already taken',
    async (leftBytes) => {
      const { sizeBytes, wholeTo, asked, isWhole } = await fetch(async function* ({ start }, clock) {
        yield* cut(start, SIZE_BYTES - leftBytes);
        // From here on the clock says that the first connection was slow, so three more are wanted.
        clock.advance(1_000);
        yield FILE.subarray(SIZE_BYTES - leftBytes);
      });

      expect([sizeBytes, wholeTo]).toEqual([SIZE_BYTES, SIZE_BYTES]);
      expect(asked).toEqual([{ start: 0, end: null }]);
      expect(isWhole).toBe(true);
    },
  );

  test('end when the number wanted rises again and again while they take what is left', async () => {
    const { isWhole, asked } = await fetch(async function* ({ start, end }, clock) {
      for await (const chunk of cut(start, end ?? SIZE_BYTES)) {
        clock.advance(200);
        yield chunk;
      }
    });

    expect(isWhole).toBe(true);
    expect(asked.length).toBeLessThanOrEqual(18);
  });
});

describe('a connection', () => {
  test('takes empty chunks for what they are', async () => {
    const { isWhole } = await fetch(async function* ({ start }) {
      for await (const chunk of cut(start, SHORT_BYTES)) {
        yield Buffer.alloc(0);
        yield chunk;
      }
    }, SHORT_BYTES);

    expect(isWhole).toBe(true);
  });

  test('is done with the last byte, though it breaks after it', async () => {
    const { isWhole, asked } = await fetch(async function* ({ start }) {
      yield* cut(start, SIZE_BYTES);
      throw new UnavailableError('connection closed');
    });

    expect(isWhole).toBe(true);
    expect(asked).toHaveLength(1);
  });

  test('takes nothing beyond the size that was told', async () => {
    const { sizeBytes, isWhole } = await fetch(async function* ({ start }) {
      yield* cut(start, SIZE_BYTES - MIB);
      yield Buffer.concat([FILE.subarray(SIZE_BYTES - MIB), Buffer.from('more')]);
      yield Buffer.from('and more');
    });

    expect(sizeBytes).toBe(SIZE_BYTES);
    expect(isWhole).toBe(true);
  });

  test('ends after five answers that bring nothing', async () => {
    let answers = 0;
    const fetching = fetch(async function* ({ start }) {
      answers += 1;
      if (answers === 1) yield* cut(start, 40 * MIB);
    });

    await expect(fetching).rejects.toMatchObject({ class: 'unavailable' });
    expect(answers).toBeLessThanOrEqual(7);
  });
});
