import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import type { AppIdentity, Artifact, ArtifactKind, Body } from '../contract/artifact.ts';
import { errorCode, LocalIoError, UsageError } from '../contract/errors.ts';
import { endingOf } from '../contract/text/file-ending.ts';
import { fileProblem, isMissing } from '../contract/text/file-problem.ts';
import { checkFileName, kindOfName } from './artifact-name.ts';
import { hashOf } from './file-hash.ts';
import { instead, missingFile } from './missing-file.ts';

/**
 * Few large reads: each costs a round through the thread pool. Never smaller than a socket's high-water mark (64 KiB), so that undici
 * pulls the next chunk only when this one has left for the kernel.
 */
const CHUNK_BYTES = 512 * 1024;

const TAIL_BYTES = 16 * 1024;

function platformOf(kind: Artifact['kind']): Artifact['platform'] {
  if (kind === 'other') return kind;
  return kind === 'ipa' ? 'ios' : 'android';
}

/** How an open file is judged; given in, so that the transfer knows nothing of archives and backends. */
export interface ArtifactChecks {
  /** The endings of the files that are not judged: they are sent as they are. */
  readonly otherFiles?: readonly string[];
  /** Throws for a size that cannot be sent. */
  checkSize(name: string, sizeBytes: number): void;
  /** What the contents are, and whose; throws for what is no app archive. `fill` rejects where the file is shorter. */
  judge(file: {
    readonly sizeBytes: number;
    readonly fd: number;
    fill(buffer: Buffer, position: number): Promise<void>;
  }): Promise<Judgement>;
}

export interface Judgement {
  readonly kind: ArtifactKind;
  readonly identity: AppIdentity | null;
}

/**
 * Opens a local artifact for reading and fixes its identity: one descriptor serves the whole run, and symlinks are resolved once.
 * Throws `LocalIoError` when there is no usable file, `UsageError` when its name is not one that can be sent.
 */
export async function openArtifact(path: string, checks: ArtifactChecks): Promise<Artifact> {
  const name = checkFileName(path);
  const named = endingOf(name, checks.otherFiles ?? []) === null ? kindOfName(name) : 'other';
  const handle = await openRegularFile(path);
  try {
    const identity = await identify(handle, path);
    if (identity.size === 0n)
      throw new LocalIoError(`cannot use ${path}: file is empty`, { hint: 'check the build that made it' });
    checks.checkSize(name, Number(identity.size));
    if (named === 'other') return describe(path, name, { kind: named, identity: null }, handle, identity);
    const judgement = await checks.judge({
      sizeBytes: Number(identity.size),
      fd: handle.fd,
      fill: (buffer, position) => fill(handle, buffer, position, path),
    });
    const { kind } = judgement;
    if (kind !== named) {
      throw new UsageError(`cannot use ${name}: the content is an ${label(kind)} but the name ends in .${named}`, {
        hint: `rename it to end in .${kind}`,
      });
    }
    return describe(path, name, judgement, handle, identity);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function label(kind: ArtifactKind): string {
  return kind.toUpperCase();
}

/** Opens a file for reading. Throws `LocalIoError`, also for what is no regular file. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    const resolved = await realpath(path);
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
    const handle = await open(resolved, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (stats.isFile()) return handle;
    await handle.close();
  } catch (cause) {
    throw await unopened(path, cause);
  }
  throw await notRegular(path);
}

/** A file of any kind and name. Its identity is fixed when it is opened, and the bytes of one that changed never make up a whole body. */
export async function openPlainFile(path: string): Promise<Pick<Artifact, 'name' | 'close'> & { readonly body: Body }> {
  const name = checkFileName(path);
  const handle = await openRegularFile(path);
  try {
    const file = await identify(handle, path);
    if (file.size === 0n) throw new LocalIoError(`cannot use ${path}: file is empty`);
    const body = slice(handle, 0, Number(file.size), path, [], () => assertSame(handle, path, file));
    return { name, body, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws `LocalIoError` where there is no regular file. It is not opened: its identity is fixed when it is. */
export async function assertRegularFile(path: string): Promise<void> {
  const stats = await stat(path).catch(async (cause) => {
    throw await unopened(path, cause);
  });
  if (!stats.isFile()) throw await notRegular(path);
}

async function unopened(path: string, cause: unknown): Promise<LocalIoError> {
  if (isMissing(cause)) return await missingFile(path, cause);
  return new LocalIoError(`cannot read ${path}: ${fileProblem(cause)}`, { cause });
}

async function notRegular(path: string): Promise<LocalIoError> {
  return new LocalIoError(`cannot use ${path}: it is not a regular file`, { hint: await instead(path) });
}

/** What must not change: a rename over the file shows in `ctimeNs` (its link count falls) and in the path's inode. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

async function identify(handle: FileHandle, path: string): Promise<Identity> {
  const identity = pick(await handle.stat({ bigint: true }));
  const atPath = await identityAt(path);
  if (atPath === null || !same(identity, atPath)) throw changed(path, 'while apptool was reading it');
  return identity;
}

async function identityAt(path: string): Promise<Identity | null> {
  return await stat(path, { bigint: true }).then(pick, () => null);
}

function pick({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Identity {
  return { dev, ino, size, mtimeNs, ctimeNs };
}

function same(a: Identity, b: Identity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}

function changed(path: string, when: string): LocalIoError {
  return new LocalIoError(`${path}: file changed ${when}`, {
    hint: 'wait until the build has finished writing it, then run again',
  });
}

async function assertSame(handle: FileHandle, path: string, identity: Identity): Promise<void> {
  const inUse = pick(await handle.stat({ bigint: true }));
  const atPath = await identityAt(path);
  if (!same(identity, inUse) || atPath === null || !same(identity, atPath))
    throw changed(path, 'while apptool was using it');
}

async function fill(handle: FileHandle, buffer: Buffer, position: number, path: string): Promise<void> {
  let filled = 0;
  // A turn that reads nothing throws.
  while (filled < buffer.length) {
    const bytesRead = await readOnceMore(handle, buffer, filled, position + filled, path);
    if (bytesRead === 0) throw changed(path, 'while it was being read: it became shorter');
    filled += bytesRead;
  }
}

/** A read that fails is tried once more on the same descriptor: network file systems recover. */
async function readOnceMore(
  handle: FileHandle,
  buffer: Buffer,
  offset: number,
  position: number,
  path: string,
): Promise<number> {
  const read = async () => (await handle.read(buffer, offset, buffer.length - offset, position)).bytesRead;
  try {
    return await read().catch(read);
  } catch (cause) {
    throw new LocalIoError(`cannot read file ${path}: ${errorCode(cause) ?? 'read error'}`, { cause });
  }
}

function describe(
  path: string,
  name: string,
  judgement: Pick<Artifact, 'kind' | 'identity'>,
  handle: FileHandle,
  file: Identity,
): Artifact {
  const { kind } = judgement;
  const sizeBytes = Number(file.size);
  const assertUnchanged = () => assertSame(handle, path, file);
  const spare: Buffer[] = [];
  let digest: Promise<string> | null = null;
  return {
    path,
    name,
    kind,
    platform: platformOf(kind),
    identity: judgement.identity,
    sizeBytes,
    assertUnchanged,
    sha256: (signal) => {
      digest ??= hashAll(handle, sizeBytes, path, signal);
      return digest;
    },
    slice: (start, end) => slice(handle, start, end, path, spare, assertUnchanged),
    close: () => handle.close(),
  };
}

async function hashAll(handle: FileHandle, sizeBytes: number, path: string, signal: AbortSignal): Promise<string> {
  const hash = hashOf({ fd: handle.fd, fill: (buffer, position) => fill(handle, buffer, position, path) }, signal);
  hash.advance(sizeBytes);
  return await hash.digest(sizeBytes);
}

/**
 * A range of the file as a body. The file's identity is checked before the last chunk leaves, so that the bytes of a file that changed
 * never make up a whole body. `spare` holds read buffers that no body uses now.
 */
function slice(
  handle: FileHandle,
  start: number,
  end: number,
  path: string,
  spare: Buffer[],
  assertUnchanged: () => Promise<void>,
): Body {
  return {
    sizeBytes: end - start,
    async *open() {
      const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
      try {
        for (let position = start; position < end; position += CHUNK_BYTES) {
          const view = buffer.subarray(0, Math.min(CHUNK_BYTES, end - position));
          await fill(handle, view, position, path);
          if (position + view.length < end) {
            yield view;
            continue;
          }
          // What ends the body may still sit in the socket's queue when the buffer goes back, so it gets memory of its own.
          const tail = Buffer.from(view.subarray(-TAIL_BYTES));
          if (view.length > tail.length) yield view.subarray(0, -tail.length);
          await assertUnchanged();
          yield tail;
        }
      } finally {
        spare.push(buffer);
      }
    },
  };
}
