import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Variables } from './ci-shell.ts';

/** `actions/upload-artifact`: what it keeps lies below the deepest folder that holds all its search paths. Gives an exit code. */
export async function uploadArtifact(given: Variables, folder: string, artifacts: string): Promise<number> {
  const patterns = (given.path ?? '').split('\n').filter(Boolean);
  const files = (await Promise.all(patterns.map(async (pattern) => await matching(pattern, folder)))).flat();
  if (files.length === 0) return given['if-no-files-found'] === 'error' ? 1 : 0;
  const stored = join(artifacts, given.name ?? '');
  if (given.overwrite === 'true') await rm(stored, { recursive: true, force: true });
  // Without `recursive` it rejects where an artifact of this name is there, as GitHub does.
  await mkdir(stored);
  const root = await rootOf(patterns, folder);
  for (const file of files) await cp(join(folder, file), join(stored, relative(root, file)), { recursive: true });
  return 0;
}

/** `actions/download-artifact`, by name or by pattern. Gives an exit code. */
export async function downloadArtifact(given: Variables, folder: string, artifacts: string): Promise<number> {
  const all = await readdir(artifacts);
  const { name: exact = '', pattern } = given;
  const names = pattern === undefined ? [exact] : all.filter((one) => globOf(pattern).test(one));
  if (names.some((name) => !all.includes(name))) return 1;
  for (const name of names.sort()) {
    const isMerged = given.pattern === undefined || given['merge-multiple'] === 'true';
    const target = join(folder, given.path ?? '.', isMerged ? '' : name);
    await cp(join(artifacts, name), target, { recursive: true });
  }
  return 0;
}

/** Paths from the folder; `*` and `?` stand in the last part alone. */
async function matching(pattern: string, folder: string): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return existsSync(join(folder, pattern)) ? [pattern] : [];
  const names = await readdir(join(folder, dirname(pattern))).catch(() => []);
  return names.filter((name) => globOf(basename(pattern)).test(name)).map((name) => join(dirname(pattern), name));
}

/** `*` and `?` of a name. */
function globOf(pattern: string): RegExp {
  const parts = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${parts.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

async function rootOf(patterns: readonly string[], folder: string): Promise<string> {
  const places = patterns.map((pattern) => (/[*?]/.test(pattern) ? dirname(pattern) : pattern).split('/'));
  const [only = [], ...others] = places;
  if (others.length === 0) {
    const path = only.join('/');
    const isFile = await stat(join(folder, path)).then((one) => one.isFile());
    return isFile ? dirname(path) : path;
  }
  const shared = only.findIndex((part, index) => others.some((place) => place[index] !== part));
  return only.slice(0, shared < 0 ? only.length : shared).join('/') || '.';
}
