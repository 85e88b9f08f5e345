import { setMaxListeners } from 'node:events';
import type { Context } from '../../contract/context.ts';
import { LimitError, UnavailableError } from '../../contract/errors.ts';
import { backoff, waitToRetry } from '../backoff.ts';
import { askedPauseMs, isFutile } from '../http/failure.ts';
import { createLaneControl, type LaneControl } from './lane-control.ts';
import type { ChunkWriter, OutputFile } from './output-file.ts';
import { createPieces, type Piece, type Pieces, WORTH_LANES_BYTES } from './pieces.ts';
import { BrokenOff, FileChanged, NoLink, type RemoteFile, tooLarge } from './remote-file.ts';

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
  pieces: Pieces | null;
  readonly control: LaneControl;
  /** What is in the file, by where it begins. */
  readonly written: Map<number, number>;
  wholeTo: number;
  receivedBytes: number;
  lanes: number;
  /** The connections that bring something now. */
  bringing: number;
  /** Starts connections until there are as many as wanted, or nothing is left for another one to bring. */
  grow: () => void;
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
  const start = (piece: Piece): void => {
    fetching.lanes += 1;
    const lane = runLane(fetching, piece, inner).catch((error: unknown) => {
      failure ??= { error };
      stop.abort(error);
    });
    running.push(lane);
  };
  const fetching: Fetching = {
    request,
    pieces: null,
    control: createLaneControl(),
    written: new Map(),
    wholeTo: 0,
    receivedBytes: 0,
    lanes: 0,
    bringing: 0,
    grow: () => {
      // Each turn takes a piece, of which there are finitely many.
      while (fetching.lanes < fetching.control.wanted) {
        const piece = fetching.pieces?.take(fetching.control.wanted) ?? null;
        if (piece === null) return;
        start(piece);
      }
    },
  };
  start({ position: 0, end: Number.POSITIVE_INFINITY });
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
async function runLane(fetching: Fetching, first: Piece, ctx: Context): Promise<void> {
  // Each turn has a piece of its own, so there are no more turns than pieces.
  for (let piece: Piece | null = first; piece !== null; ) {
    await bring(fetching, piece, ctx);
    const isWanted = fetching.lanes <= fetching.control.wanted;
    piece = isWanted ? (fetching.pieces?.take(fetching.control.wanted) ?? null) : null;
  }
  fetching.lanes -= 1;
}

/** Brings the piece; goes on after a break. Where the storage refuses this connection beside others, the piece is for these. */
async function bring(fetching: Fetching, piece: Piece, ctx: Context): Promise<void> {
  let tries = 0;
  // A turn that is not the last has brought all it asked for, or is a try, of which there are five in each MiB.
  while (piece.position < piece.end) {
    const begunAt = piece.position;
    try {
      await stream(fetching, piece, ctx);
    } catch (error) {
      ctx.signal.throwIfAborted();
      // What goes wrong behind the last byte of ours is no loss.
      if (piece.position >= piece.end && isPassing(error)) break;
      if (hasLeft(fetching, piece, begunAt, error, ctx)) return;
      tries = piece.position - begunAt >= PROGRESS_BYTES ? 1 : tries + 1;
      await recover(fetching, error, tries, ctx);
    }
  }
  fetching.pieces?.done(piece);
}

function isPassing(error: unknown): error is UnavailableError | LimitError {
  return error instanceof UnavailableError || error instanceof LimitError;
}

/**
 * What a storage says to more connections than it likes: 429 or 503, or nothing at all while it serves the others. Nor is one without a link a
 * loss to these.
 */
function isOneTooMany({ lanes, bringing }: Fetching, error: unknown): error is Error {
  if (lanes === 1) return false;
  if (error instanceof NoLink) return bringing > 0;
  if (!isPassing(error) || isFutile(error)) return false;
  return error.httpStatus === 429 || error.httpStatus === 503 || bringing > 0;
}

/** Leaves the piece to the others where this connection is one too many; false where it goes on. */
function hasLeft(fetching: Fetching, piece: Piece, begunAt: number, error: unknown, ctx: Context): boolean {
  const { control, lanes, pieces } = fetching;
  const isRefused = piece.position === begunAt && isOneTooMany(fetching, error);
  // One that nobody wants any more would only take from the others.
  const isSurplus = lanes > control.wanted && isPassing(error);
  if (!isRefused && !isSurplus) return false;
  pieces?.giveBack(piece);
  if (!isRefused) return true;
  control.refused(lanes);
  const message = `one of ${lanes} connections is left out, because the storage refuses it: ${error.message}`;
  ctx.emit({ type: 'debug', message });
  return true;
}

/** Waits before another try, or throws what no further try can mend. */
async function recover(fetching: Fetching, error: unknown, tries: number, ctx: Context): Promise<void> {
  if (!isPassing(error) || isFutile(error)) throw error;
  const { identity } = fetching.request.remote;
  if (identity !== null && !identity.canResume) throw new BrokenOff(error.message, { cause: error });
  if (tries >= MOST_TRIES) throw error;
  const retry = { call: 'download the output', host: 'storage', attempt: tries, reason: error.message };
  await waitToRetry({ ...retry, trouble: null, delayMs: (askedPauseMs(error.cause) ?? 0) + backoff(tries, ctx) }, ctx);
}

/** One request, from where the piece stands. Throws `UnavailableError` for an answer that ends before what it was asked for does. */
async function stream(fetching: Fetching, piece: Piece, ctx: Context): Promise<void> {
  const { remote, file } = fetching.request;
  const start = piece.position;
  const end = fetching.pieces !== null && fetching.control.wanted > 1 ? piece.end : null;
  await remote.open(start, end, ctx, async (chunks) => {
    cutPieces(fetching, piece);
    const writer = file.writerAt(start);
    fetching.bringing += 1;
    try {
      for await (const chunk of chunks) {
        await take(fetching, chunk, piece, writer, ctx);
        noteFlushed(fetching, start, writer);
        if (piece.position >= piece.end) break;
      }
    } finally {
      fetching.bringing -= 1;
      await writer.flush();
      noteFlushed(fetching, start, writer);
    }
  });
  if (piece.position >= piece.end) return;
  const askedTo = end ?? remote.identity?.sizeBytes ?? null;
  if (askedTo !== null && piece.position < askedTo) throw new UnavailableError('response cut short');
  // Without pieces there is one connection, and it ends where the answer does.
  if (fetching.pieces === null) piece.end = piece.position;
}

/** Once it is known that the file is worth several connections, the first of them has a piece as well. */
function cutPieces(fetching: Fetching, first: Piece): void {
  const { identity } = fetching.request.remote;
  if (fetching.pieces !== null || identity?.sizeBytes == null || !identity.offersRanges) return;
  if (identity.sizeBytes < WORTH_LANES_BYTES) return;
  fetching.pieces = createPieces(identity.sizeBytes, first);
}

/** Writes a chunk as far as it is ours. */
async function take(fetching: Fetching, chunk: Buffer, piece: Piece, writer: ChunkWriter, ctx: Context): Promise<void> {
  const { request, pieces, control } = fetching;
  // Each turn takes a byte at least, as long as the piece has not come.
  for (let rest = chunk; rest.length > 0 && piece.position < piece.end; ) {
    const ours = rest.subarray(0, Math.min(rest.length, piece.end - piece.position));
    if (piece.position + ours.length > request.capBytes) throw tooLarge(request.capBytes);
    // Before it is written, so that nobody else takes it meanwhile.
    piece.position += ours.length;
    await writer.write(ours);
    rest = rest.subarray(ours.length);
    fetching.receivedBytes += ours.length;
    request.onReceived(fetching.receivedBytes);
    if (pieces !== null && control.received(ours.length, fetching.bringing, ctx.clock.now())) fetching.grow();
    if (piece.position === piece.end) pieces?.extend(piece);
  }
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
