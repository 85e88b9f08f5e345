import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { atEnd } from './cleanup.ts';
import { padApk } from './pad-apk.ts';

/** The folder of this package, from its sources and from what is built of them. */
export const ROOT = rootFrom(import.meta.dirname);

function rootFrom(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootFrom(dirname(folder));
}

/** A sample of this package by its name, or a file of somebody else's by its path. */
export function fixture(name: string): string {
  return isAbsolute(name) ? name : join(ROOT, 'fixtures', name);
}

/** A folder of its own, gone when the test is. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'apptool-test-')));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of a fixture that a test may do anything to. */
export async function copyFixture(name: string, folder: string, as = basename(name)): Promise<string> {
  const path = join(folder, as);
  await copyFile(fixture(name), path);
  return path;
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Larger ones are not kept: they would fill a disk. */
const MOST_KEPT_BYTES = 128 * 1024 * 1024;

/** A valid APK of exactly `sizeBytes`, as `padApk` makes it from a fixture. Random ones of one size are alike: made once, then copied. */
export async function bigApk(path: string, sizeBytes: number, padding: 'random' | 'hole' = 'random'): Promise<string> {
  const folder = process.env.APPTOOL_LARGE_FILES;
  if (folder === undefined || padding === 'hole' || sizeBytes > MOST_KEPT_BYTES)
    return await padApk(fixture('unsigned.apk'), path, sizeBytes, padding);
  const kept = join(folder, `${sizeBytes}.apk`);
  if (!existsSync(kept)) {
    const made = `${kept}.${randomUUID()}`;
    await padApk(fixture('unsigned.apk'), made, sizeBytes);
    await rename(made, kept);
  }
  await copyFile(kept, path, constants.COPYFILE_FICLONE);
  return path;
}
