import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { RunEnd } from '../../../contract/record/listener.ts';
import { cannotWrite } from '../../files/refusal.ts';
import { openReplaced } from '../../files/replaced-file.ts';

/** What the step `deploy-to-bitrise-io` keeps: the files that lie there, but none of its folders. */
export const DEPLOY_FOLDER = 'BITRISE_DEPLOY_DIR';

export interface Deployed {
  readonly folder: string;
  /** Whether a file of the same name may be replaced by another output. */
  readonly force: boolean;
}

/** Copies the receipt and the output there. Throws `LocalIoError` where another file has the name of the output, or the system's error. */
export function deploy({ document, receipt }: RunEnd, { folder, force }: Deployed): void {
  if (receipt !== null) copyReceipt(receipt, join(folder, basename(receipt)));
  const { output } = document;
  if (output !== null) copyOutput(output, join(folder, basename(output.path)), force);
}

function copyReceipt(from: string, to: string): void {
  if (resolve(from) !== resolve(to)) openReplaced(DEPLOY_FOLDER, to, '{')(readFileSync(from, 'utf8'));
}

interface Output {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

function copyOutput(output: Output, to: string, force: boolean): void {
  if (isSame(to, output)) return;
  if (!force && statSync(to, { throwIfNoEntry: false }) !== undefined)
    throw cannotWrite(DEPLOY_FOLDER, `${to} is there already, and is another file`);
  const temporary = `${to}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    copyFileSync(output.path, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    renameSync(temporary, to);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

const CHUNK_BYTES = 1024 * 1024;

/** Synchronous, as all is that happens at the end of a run. */
function isSame(path: string, { size, sha256 }: Output): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || stats.size !== size) return false;
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const fd = openSync(path, 'r');
  try {
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) hash.update(chunk.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex') === sha256;
}
