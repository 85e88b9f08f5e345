import { setMaxListeners } from 'node:events';
import type { Context } from '../../contract/context.ts';
import { LimitError, UnavailableError } from '../../contract/errors.ts';
import { backoff, waitToRetry } from '../backoff.ts';
import { isFutile } from '../http/failure.ts';
import {
  createLaneControl,
  createSegments,
  type LaneControl,
  type Segments,
  WORTH_LANES_BYTES,
} from '../upload/lanes.ts';
import type { ChunkWriter, OutputFile } from './output-file.ts';
import { BrokenOff, FileChanged, type RemoteFile, tooLarge } from './remote-file.ts';

const MOST_TRIES = 5;
/** Progress that earns a fresh set of tries. */
const PROGRESS_BYTES = 1024 * 1024;

export interface FetchRequest {
  readonly remote: RemoteFile;
  readonly file: OutputFile;
  readonly capBytes: number;
  /** Everything before this position is in the file now. */
  readonly onWhole: (to: number) => void;
  readonly onReceived: (receivedBytes: number) => void;
}

interface Fetching {
  readonly request: FetchRequest;
  /** `null` until the file turns out to be worth several connections. */
  segments: Segments | null;
  readonly control: LaneControl;
  /** What is in the file, by where it begins. */
  readonly written: Map<number, number>;
  wholeTo: number;
  receivedBytes: number;
  lanes: number;
  /** Starts connections until there are as many as wanted, or nothing is left for another one to bring. */
  grow: () => void;
}

/** What one connection brings: from a piece on, as far as no other has taken what follows. */
interface Run {
  /** Everything of it before this position is in the file. */
  position: number;
  isOver: boolean;
}

/**
 * Gets the whole remote file into `file`: over one connection, or, where the storage allows ranges and it makes the download faster,
 * over several at once. What breaks is gone on with where it broke. Resolves with the size. Throws `FileChanged` when the pieces do not
 * belong together, and `BrokenOff` when it has to begin again.
 */
export async function fetchFile(request: FetchRequest, ctx: Context): Promise<number> {
  const stop = new AbortController();
  const inner: Context = { ...ctx, signal: AbortSignal.any([ctx.signal, stop.signal]) };
  setMaxListeners(0, inner.signal);
  const running: Promise<void>[] = [];
  let failure: { readonly error: unknown } | null = null;
  const start = (at: number): void => {
    fetching.lanes += 1;
    const lane = runLane(fetching, at, inner).catch((error: unknown) => {
      failure ??= { error };
      stop.abort(error);
    });
    running.push(lane);
  };
  const fetching: Fetching = {
    request,
    segments: null,
    control: createLaneControl(ctx.clock.now()),
    written: new Map(),
    wholeTo: 0,
    receivedBytes: 0,
    lanes: 0,
    grow: () => {
      // Each turn takes a piece, of which there are finitely many.
      while (fetching.lanes < fetching.control.wanted) {
        const at = fetching.segments?.next() ?? null;
        if (at === null) return;
        start(at);
      }
    },
  };
  start(0);
  // Lanes start others while they run, so the list grows under the loop; each began with a piece, so it ends.
  for (let index = 0; index < running.length; index += 1) await running[index];
  ctx.signal.throwIfAborted();
  const failed = failure as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
  return sizeOf(fetching);
}

function sizeOf({ request, wholeTo }: Fetching): number {
  const expected = request.remote.identity?.sizeBytes ?? null;
  if (expected === null || expected === wholeTo) return wholeTo;
  throw new FileChanged(`${wholeTo} bytes came, of a file of ${expected}`);
}

/** One connection's work: piece after piece, until none is left or this connection is one too many. */
async function runLane(fetching: Fetching, first: number, ctx: Context): Promise<void> {
  // Each turn has a piece of its own, so there are no more turns than pieces.
  for (let at: number | null = first; at !== null; ) {
    await bring(fetching, at, ctx);
    const isOneTooMany = fetching.lanes > fetching.control.wanted;
    at = isOneTooMany ? null : (fetching.segments?.next() ?? null);
  }
  fetching.lanes -= 1;
}

/** Brings what begins at `start`, as far as nobody else has taken what follows; goes on after a break. */
async function bring(fetching: Fetching, start: number, ctx: Context): Promise<void> {
  const run: Run = { position: start, isOver: false };
  let tries = 0;
  // A turn that is not the last has brought all it asked for, or is a try, of which there are five in each MiB.
  while (!run.isOver) {
    const begunAt = run.position;
    try {
      await stream(fetching, run, ctx);
    } catch (error) {
      ctx.signal.throwIfAborted();
      // What goes wrong behind the last byte of ours is no loss.
      if (run.isOver && isPassing(error)) return;
      tries = run.position - begunAt >= PROGRESS_BYTES ? 1 : tries + 1;
      await recover(fetching, error, tries, ctx);
    }
  }
}

function isPassing(error: unknown): error is UnavailableError | LimitError {
  return error instanceof UnavailableError || error instanceof LimitError;
}

/** Waits before another try, or throws what no further try can mend. */
async function recover(fetching: Fetching, error: unknown, tries: number, ctx: Context): Promise<void> {
  if (!isPassing(error) || isFutile(error)) throw error;
  if (error.httpStatus === 429 || error.httpStatus === 503) fetching.control.retreat();
  const { identity } = fetching.request.remote;
  if (identity !== null && !identity.canResume) throw new BrokenOff(error.message, { cause: error });
  if (tries >= MOST_TRIES) throw error;
  const retry = { call: 'download the output', host: 'storage', attempt: tries, reason: error.message };
  await waitToRetry({ ...retry, trouble: null, delayMs: backoff(tries, ctx) }, ctx);
}

/** One request, from where the run stands. Throws `UnavailableError` for an answer that ends before what it was asked for does. */
async function stream(fetching: Fetching, run: Run, ctx: Context): Promise<void> {
  const { remote, file } = fetching.request;
  const start = run.position;
  const end = fetching.segments !== null && fetching.control.wanted > 1 ? fetching.segments.endOf(start) : null;
  await remote.open(start, end, ctx, async (chunks) => {
    if (fetching.segments === null) fetching.segments = segmentsOf(fetching);
    const writer = file.writerAt(start);
    try {
      for await (const chunk of chunks) {
        run.isOver = await take(fetching, chunk, writer, ctx);
        noteFlushed(fetching, start, writer);
        if (run.isOver) break;
      }
    } finally {
      await writer.flush();
      noteFlushed(fetching, start, writer);
      run.position = writer.position;
    }
  });
  if (run.isOver) return;
  const askedTo = end ?? remote.identity?.sizeBytes ?? null;
  if (askedTo !== null && run.position < askedTo) throw new UnavailableError('response cut short');
  // Without pieces there is one run, and it ends where the answer does.
  run.isOver = fetching.segments === null;
}

function segmentsOf({ request }: Fetching): Segments | null {
  const { identity } = request.remote;
  if (identity?.sizeBytes == null || !identity.offersRanges || identity.sizeBytes < WORTH_LANES_BYTES) return null;
  const segments = createSegments(identity.sizeBytes);
  segments.next();
  return segments;
}

/** Writes a chunk as far as it is ours. True when it reached a boundary behind which another lane is at work, or the end. */
async function take(fetching: Fetching, chunk: Buffer, writer: ChunkWriter, ctx: Context): Promise<boolean> {
  const { request, segments } = fetching;
  // Each turn takes a byte at least: a piece ends behind every position in it, and no run goes on behind the end of the file.
  for (let rest = chunk; rest.length > 0; ) {
    const boundary = segments?.endOf(writer.position) ?? Number.POSITIVE_INFINITY;
    const piece = rest.subarray(0, Math.min(rest.length, boundary - writer.position));
    if (writer.position + piece.length > request.capBytes) throw tooLarge(request.capBytes);
    await writer.write(piece);
    rest = rest.subarray(piece.length);
    fetching.receivedBytes += piece.length;
    request.onReceived(fetching.receivedBytes);
    if (segments !== null && fetching.control.received(piece.length, ctx.clock.now())) fetching.grow();
    if (writer.position === boundary && segments?.takeAt(boundary) === false) return true;
  }
  return false;
}

function noteFlushed(fetching: Fetching, start: number, writer: ChunkWriter): void {
  if (writer.flushedTo === start || fetching.written.get(start) === writer.flushedTo) return;
  fetching.written.set(start, writer.flushedTo);
  const before = fetching.wholeTo;
  // Each turn but the last raises `wholeTo` to the end of another entry.
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const [from, to] of fetching.written) {
      if (from > fetching.wholeTo) continue;
      if (to > fetching.wholeTo) {
        fetching.wholeTo = to;
        hasMoved = true;
      }
    }
  }
  if (fetching.wholeTo > before) fetching.request.onWhole(fetching.wholeTo);
}
