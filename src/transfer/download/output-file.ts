import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, link, lstat, open, rename, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Context } from '../../contract/context.ts';
import { AppToolError, errorCode, LocalIoError } from '../../contract/errors.ts';
import { checkOutsideGit } from '../../contract/text/repository-path.ts';
import { checkPath } from '../../contract/text/safe-text.ts';

/** Gathered before each write: TLS hands over 16 KiB at a time, and one file write per record is what costs. */
const WRITE_BYTES = 1024 * 1024;
/** So much is brought to the disk while more comes, so that little is left for the end. */
const SYNC_BYTES = 32 * 1024 * 1024;
/** While it is being written only the user may read it; what is done has the usual mode. */
const PRIVATE_MODE = 0o600;
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'EBUSY', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
/** On Windows a scanner that looks at a new file keeps it from being renamed for a moment. */
const BUSY: ReadonlySet<string> = new Set(['EBUSY', 'EPERM', 'EACCES']);
const MOST_BUSY_TRIES = 10;
const BUSY_PAUSE_MS = 500;

export interface OutputTarget {
  readonly path: string;
  /** Replace what is there. */
  readonly force: boolean;
}

/**
 * Checks that the output can be written, before anything is sent: its folder exists and is writable, nothing is in the way (or `force`),
 * and it is not the input. Throws `LocalIoError`; `UsageError` for a path that cannot be printed.
 */
export async function checkOutput(target: OutputTarget, inputPath: string | null): Promise<void> {
  const { path, force } = target;
  checkPath(path, 'output');
  checkOutsideGit(path, 'the output');
  const folder = dirname(path);
  if (/[/\\]$/.test(path)) throw notRegular(`${path} names a directory`, true);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR') {
      throw new LocalIoError(`directory "${folder}" does not exist`, {
        cause,
        hint: 'create it, or choose another place for the output',
        next: { do: 'set', setting: 'output' },
      });
    }
    throw new LocalIoError(`cannot write into directory "${folder}": ${errorCode(cause)}`, {
      cause,
      hint: 'choose another place for the output',
      next: { do: 'set', setting: 'output' },
    });
  }
  const there = await lstat(path).catch((error) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw new LocalIoError(`cannot use output ${path}: ${errorCode(error)}`, { cause: error });
  });
  if (there === null) return;
  if (inputPath !== null && (await isSameFile(path, inputPath)))
    throw new LocalIoError('output would overwrite the input', {
      hint: 'give the output another name',
      next: { do: 'set', setting: 'output' },
    });
  if (!there.isFile()) throw notRegular(path, there.isDirectory());
  if (!force) throw new LocalIoError(`output exists; use --force to replace it: ${path}`);
}

function notRegular(what: string, isFolder: boolean): LocalIoError {
  const hint = isFolder ? 'name the file, not only its folder' : 'give another path';
  return new LocalIoError(`output is not a regular file: ${what}`, { hint, next: { do: 'set', setting: 'output' } });
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => stat(path, { bigint: true }).catch(() => null)));
  return first != null && second != null && first.dev === second.dev && first.ino === second.ino;
}

/** A file that does not exist under its name until it is whole. */
export interface OutputFile {
  /** Where the bytes are now: beside the output, exclusive, readable by the user alone. */
  readonly temporaryPath: string;
  readonly handle: FileHandle;
  /** Gathers what comes in order from a position on; several may write to different places at once. */
  writerAt(position: number): ChunkWriter;
  /** Throws away what was written. */
  restart(): Promise<void>;
  /** Fills the buffer with what is there from the position on. Throws `LocalIoError` where the file is shorter. */
  fill(buffer: Buffer, position: number): Promise<void>;
  /** fsync, rename, fsync of the folder. After it, the output is there whole; if it throws, nothing is. */
  commit(): Promise<void>;
  /** Removes what is there of it. Safe to call after anything. */
  discard(): Promise<void>;
}

export interface ChunkWriter {
  /** Up to here the bytes are in the file. */
  readonly flushedTo: number;
  /** Up to here they were taken. */
  readonly position: number;
  write(chunk: Uint8Array): Promise<void>;
  flush(): Promise<void>;
}

/** `ctx.record` is told of the temporary file, so that even a sudden end can remove it. */
export async function createOutput(target: OutputTarget, ctx: Context): Promise<OutputFile> {
  const temporaryPath = join(dirname(target.path), `.apptool-${randomBytes(8).toString('hex')}.partial`);
  const handle = await ours(target.path, () => open(temporaryPath, 'wx+'));
  ctx.record({ type: 'temporary', path: temporaryPath });
  // The mode that the user's umask gives, kept for the end; from before the first byte on, only the user may read it.
  const { mode } = await handle.stat();
  await handle.chmod(PRIVATE_MODE);
  const sync = createSync(handle);
  let isOpen = true;
  let isThere = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
  };
  return {
    temporaryPath,
    handle,
    writerAt: (position) => chunkWriter(handle, target.path, position, sync.written),
    restart: () => ours(target.path, () => handle.truncate(0)),
    fill: (buffer, position) => ours(target.path, () => fill(handle, buffer, position)),
    async commit() {
      await ours(target.path, async () => {
        await handle.chmod(mode & 0o777);
        await sync.finish();
        await close();
        await putInPlace(temporaryPath, target, ctx);
        isThere = false;
        ctx.record({ type: 'temporary-gone', path: temporaryPath });
        await syncFolder(dirname(target.path));
      });
    },
    async discard() {
      await close().catch(() => {
        // It is being thrown away; a failing close loses nothing.
      });
      if (!isThere) return;
      isThere = false;
      await unlink(temporaryPath).catch(() => {
        // Somebody else has removed it.
      });
      ctx.record({ type: 'temporary-gone', path: temporaryPath });
    },
  };
}

/** Brings a file to the disk while it is being written. What fails on the way is told at the end: the system says it once. */
function createSync(handle: FileHandle) {
  let waitingBytes = 0;
  let running: Promise<void> | null = null;
  let failure: { readonly cause: unknown } | null = null;
  const run = async (): Promise<void> => {
    try {
      await handle.datasync();
    } catch (cause) {
      failure ??= { cause };
    } finally {
      running = null;
    }
  };
  return {
    written(bytes: number): void {
      waitingBytes += bytes;
      if (waitingBytes < SYNC_BYTES || running !== null) return;
      waitingBytes = 0;
      running = run();
    },
    async finish(): Promise<void> {
      await running;
      if (failure !== null) throw failure.cause;
      await handle.sync();
    },
  };
}

async function fill(handle: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let filled = 0; filled < buffer.length; ) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) throw new LocalIoError('the output became shorter while it was read');
    filled += bytesRead;
  }
}

function chunkWriter(handle: FileHandle, path: string, start: number, onWritten: (bytes: number) => void): ChunkWriter {
  const gathered = Buffer.allocUnsafeSlow(WRITE_BYTES);
  let fill = 0;
  let flushedTo = start;
  const flush = async (): Promise<void> => {
    const length = fill;
    fill = 0;
    for (let done = 0; done < length; ) {
      const { bytesWritten } = await ours(path, () => handle.write(gathered, done, length - done, flushedTo));
      // A file system that takes nothing and gives no error would be asked for ever.
      if (bytesWritten === 0) throw new LocalIoError(`cannot write ${path}: the file system accepts no more bytes`);
      done += bytesWritten;
      flushedTo += bytesWritten;
      onWritten(bytesWritten);
    }
  };
  return {
    get flushedTo() {
      return flushedTo;
    },
    get position() {
      return flushedTo + fill;
    },
    flush,
    async write(chunk) {
      // Each turn takes a byte at least: what is full is flushed at once.
      for (let from = 0; from < chunk.length; ) {
        const take = Math.min(chunk.length - from, WRITE_BYTES - fill);
        gathered.set(chunk.subarray(from, from + take), fill);
        fill += take;
        from += take;
        if (fill === WRITE_BYTES) await flush();
      }
    },
  };
}

/** Without `force`, a link fails when something has appeared there meanwhile; a rename would replace it. */
async function putInPlace(temporaryPath: string, target: OutputTarget, ctx: Context): Promise<void> {
  const move = () => unlessBusy(() => rename(temporaryPath, target.path), ctx);
  if (target.force) return await move();
  try {
    await link(temporaryPath, target.path);
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST')
      throw new LocalIoError(`output exists; use --force to replace it: ${target.path}`, { cause });
    // Some file systems (FAT, some network shares) have no links; there, only looking is left.
    if (!NO_LINKS.has(errorCode(cause) ?? '')) throw cause;
    const isThere = await lstat(target.path).then(
      () => true,
      () => false,
    );
    if (isThere) throw new LocalIoError(`output exists; use --force to replace it: ${target.path}`, { cause });
    return await move();
  }
  await unlessBusy(() => unlink(temporaryPath), ctx);
}

/** Tries again for 5 s while somebody else holds the file. */
async function unlessBusy(action: () => Promise<void>, ctx: Context): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await action();
    } catch (error) {
      if (tries >= MOST_BUSY_TRIES || !BUSY.has(errorCode(error) ?? '')) throw error;
      await ctx.clock.sleep(BUSY_PAUSE_MS, ctx.signal);
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  // Windows cannot open a folder; the rename itself is journaled there.
  if (handle === null) return;
  try {
    await handle.sync();
  } catch {
    // Some file systems refuse fsync on a folder; the file itself is safe.
  } finally {
    await handle.close();
  }
}

/**
 * Throws `LocalIoError` when the file system says that `neededBytes` more do not fit. Some file systems answer 0 for what they do not know
 * (FUSE drivers, network shares with quotas), so 0 free is only warned of: the write itself tells whether the disk is full.
 */
export async function checkRoom(path: string, neededBytes: number, { emit }: Context): Promise<void> {
  const room = await statfs(dirname(path)).catch(() => null);
  if (room === null) return;
  const freeBytes = room.bavail * room.bsize;
  if (freeBytes >= neededBytes) return;
  if (freeBytes > 0) throw new LocalIoError(`no room for ${path}: ${neededBytes} bytes needed, ${freeBytes} free`);
  emit({
    type: 'warning',
    code: 'room-unknown',
    message: `the file system of ${path} reports no free space; apptool tries to write anyway`,
  });
}

async function ours<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof AppToolError) throw cause;
    const code = errorCode(cause) ?? 'write error';
    const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : code;
    throw new LocalIoError(`cannot write ${path}: ${why}`, { cause });
  }
}
