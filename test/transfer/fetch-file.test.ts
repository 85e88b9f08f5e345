import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LimitError, UnavailableError } from '../../src/contract/errors.ts';
import { type FakeClock, fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { fetchFile } from '../../src/transfer/download/fetch-file.ts';
import { createOutput } from '../../src/transfer/download/output-file.ts';
import { NoLink, type RemoteFile, type RemoteIdentity } from '../../src/transfer/download/remote-file.ts';
import { takesTurn } from '../support/share.ts';

const MIB = 1024 * 1024;
/** Large enough for several connections, and 18 pieces. */
const SIZE_BYTES = 72 * MIB;
const FILE = Buffer.alloc(SIZE_BYTES, Buffer.from('0123456789abcdef'));

interface Asked {
  readonly start: number;
  readonly end: number | null;
}

type Send = (now: Asked, clock: FakeClock, asked: readonly Asked[]) => AsyncGenerator<Buffer>;

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
      const now = { start, end };
      asked.push(now);
      await use(send(now, clock, asked));
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
  return { sizeBytes, wholeTo, asked, ctx, isWhole: bytes.equals(FILE.subarray(0, ofBytes)) };
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

describe('a storage that takes few connections at once', () => {
  /** Each brings what it was asked for in turns with the others; one more than `most` fails with the refusal. */
  function taking(most: number, refusal: Error) {
    let [atOnce, refused] = [0, 0];
    const send: Send = async function* ({ start, end }, clock) {
      if (atOnce >= most) {
        refused += 1;
        throw refusal;
      }
      atOnce += 1;
      try {
        for await (const chunk of cut(start, end ?? SIZE_BYTES, MIB / 2)) {
          clock.advance(20);
          yield chunk;
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        atOnce -= 1;
      }
    };
    return { send, refused: () => refused };
  }

  test.each([
    [1, new UnavailableError('503', { httpStatus: 503 })],
    [2, new LimitError('429', { httpStatus: 429 })],
    [3, new UnavailableError('connection closed')],
  ])('gets no more than these: %i, with %s for the others', async (most, refusal) => {
    const storage = taking(most, refusal);

    const { isWhole, ctx } = await fetch(storage.send);

    expect(isWhole).toBe(true);
    // Eight are tried, once.
    expect(storage.refused()).toBeGreaterThanOrEqual(8 - most);
    expect(storage.refused()).toBeLessThanOrEqual(8);
    expect(ctx.ofType('debug')[0]?.message).toContain('is left out');
  });

  test('gets no more than these, where there is no link for others', async () => {
    const storage = taking(1, new NoLink('no link'));

    const { isWhole } = await fetch(storage.send);

    expect(isWhole).toBe(true);
    expect(storage.refused()).toBeGreaterThanOrEqual(7);
  });

  test('still gives the whole file when it refuses all that are left in one moment', async () => {
    let refuse = (): void => {};
    const refusal = new Promise<never>((_, reject) => {
      refuse = () => reject(new UnavailableError('503', { httpStatus: 503 }));
    });
    refusal.catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    const { isWhole } = await fetch(async function* ({ start, end }, clock, asked) {
      if (start > 0 && asked.length <= 8) await refusal;
      for await (const chunk of cut(start, end ?? SIZE_BYTES, MIB / 2)) {
        clock.advance(20);
        yield chunk;
        await new Promise((resolve) => setImmediate(resolve));
        // Until only what they are asked for is left.
        clearTimeout(timer);
        timer = setTimeout(refuse, 300);
      }
    });

    expect(isWhole).toBe(true);
  });

  test('is asked for as many as before when the network has broken all of them', async () => {
    const bringing = new Set<Asked>();
    let broken: readonly Asked[] = [];
    let mostAfter = 0;
    const note = (): void => {
      if (broken.length > 0) mostAfter = Math.max(mostAfter, bringing.size);
      if (broken.length > 0 || bringing.size < 8) return;
      broken = [...bringing];
      bringing.clear();
    };
    const { isWhole } = await fetch(async function* (now, clock) {
      for await (const chunk of cut(now.start, now.end ?? SIZE_BYTES, MIB / 2)) {
        if (broken.includes(now)) throw new UnavailableError('connection closed');
        clock.advance(20);
        yield chunk;
        bringing.add(now);
        note();
        await new Promise((resolve) => setImmediate(resolve));
      }
      bringing.delete(now);
    });

    expect(isWhole).toBe(true);
    expect(broken).toHaveLength(8);
    expect(mostAfter).toBe(8);
  });
});

test('connections that bring no more than one of them would do not break the download, though each breaks after a while', async () => {
  /** So many chunks go over the link while a connection lives: over one alone 4 MiB, and over eight half a MiB each. */
  const LIFE = 64;
  let sent = 0;
  const { isWhole } = await fetch(async function* ({ start, end }, clock) {
    const begunAt = sent;
    for await (const chunk of cut(start, end ?? SIZE_BYTES, MIB / 16)) {
      if (sent - begunAt >= LIFE) throw new UnavailableError('connection closed');
      sent += 1;
      clock.advance(10);
      yield chunk;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  expect(isWhole).toBe(true);
});

test('the end of a file is shared, so that no connection works on alone', async () => {
  let share = (): void => {};
  const isShared = new Promise<void>((resolve) => {
    share = resolve;
  });
  const { isWhole, asked } = await fetch(async function* ({ start, end }, clock, all) {
    const hasLast = end === SIZE_BYTES;
    const isFirstOfThem = hasLast && all.filter((other) => other.end === SIZE_BYTES).length === 1;
    if (hasLast && !isFirstOfThem) share();
    for await (const chunk of cut(start, end ?? SIZE_BYTES, MIB / 4)) {
      // Each connection is as fast as the first one, by the clock: the more there are, the faster.
      if (end === null) clock.advance(5);
      yield chunk;
      // The connection that has the last piece stands still until another one has taken the second half of it.
      if (isFirstOfThem) await isShared;
    }
  });

  expect(isWhole).toBe(true);
  expect(asked.filter(({ end }) => end === SIZE_BYTES).length).toBeGreaterThan(1);
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
