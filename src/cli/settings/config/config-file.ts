import { constants } from 'node:fs';
import { access, lstat, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { errorCode, PolicyError, UsageError } from '../../../contract/errors.ts';
import { fileProblem, isMissing } from '../../../contract/text/file-problem.ts';
import type { ConfigText } from './config-text.ts';

const LARGEST_CONFIG = 256 * 1024;
/** The names under which a config is found. */
export const PLACES = [
  'apptool.config.json',
  'apptool.config.yaml',
  'apptool.config.yml',
  '.apptoolrc',
  '.apptoolrc.json',
  '.apptoolrc.yaml',
  '.apptoolrc.yml',
  'package.json',
];
/** Names under which other tools would run code; never read here. */
const IGNORED = ['apptool.config.js', 'apptool.config.cjs', 'apptool.config.mjs', 'apptool.config.ts'];

export interface ConfigFile {
  /** As messages show it: relative to the working directory. */
  readonly name: string;
  /** True when it was looked for, false when the user named it. What was only found is not trusted with addresses. */
  readonly wasFound: boolean;
  /** The folder that a found config belongs to: outputs that it names stay in there. */
  readonly folder: string;
  readonly text: ConfigText;
}

interface ConfigSearch {
  readonly file: ConfigFile | null;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

export const NO_CONFIG: ConfigSearch = { file: null, warnings: [] };

/** The config that the user named. Throws `UsageError` when it cannot be read. */
export async function readNamedConfig(path: string, cwd: string): Promise<ConfigFile> {
  const absolute = resolve(cwd, path);
  if (/\.(?:[cm]?[jt]s|toml|ini|xml|properties|env|cfg|conf|gradle|plist)$/i.test(path))
    throw new UsageError(`${path}: not a config file: a config is JSON or YAML`, {
      hint: 'write it as .json, .yaml or .yml; apptool init makes one',
    });
  await checkCandidate(absolute, path);
  const found: { text: ConfigText | null } = { text: null };
  const { createExplorer } = await import('./explorer.ts');
  await createExplorer([], loaderInto(found, path)).load(absolute);
  return { name: path, wasFound: false, folder: dirname(absolute), text: found.text ?? EMPTY };
}

/** Looks for a config from `cwd` up to the repository's root (the folder that holds `.git`), and in `cwd` alone outside of one. */
export async function findConfig(cwd: string): Promise<ConfigSearch> {
  const warnings: { code: string; message: string }[] = [];
  for (const folder of await foldersUpToRoot(cwd)) {
    for (const name of IGNORED) {
      if (!(await exists(join(folder, name)))) continue;
      warnings.push({ code: 'config-ignored', message: `${name} is ignored: configs are data only` });
    }
    const { own: candidates, foreign } = await byOwner(folder, await existing(folder, PLACES));
    for (const place of foreign) {
      const name = relative(cwd, join(folder, place));
      const message = `${name} is ignored: it belongs to another user; name it with --config to use it`;
      warnings.push({ code: 'config-ignored', message });
    }
    for (const place of candidates) await checkCandidate(join(folder, place), relative(cwd, join(folder, place)));
    // The libraries that read a config are loaded where there may be one.
    if (candidates.length === 0) continue;
    const found: { text: ConfigText | null } = { text: null };
    const { createExplorer } = await import('./explorer.ts');
    const loader = loaderInto(found, (path) => relative(cwd, path));
    const result = await createExplorer(candidates, loader).search(folder);
    if (result === null || found.text === null) continue;
    const name = relative(cwd, result.filepath);
    await checkInside(result.filepath, folder, name);
    return { file: { name, wasFound: true, folder, text: found.text }, warnings };
  }
  return { file: null, warnings };
}

export interface ConfigPlace {
  /** Whether a file of this name is found by itself from `cwd`, or has to be named. */
  readonly isFound: boolean;
  /** The other configs of its folder: one of them alone is found. */
  readonly others: readonly string[];
}

/** What would become of a config that is written there. */
export async function placeOf(path: string, cwd: string): Promise<ConfigPlace> {
  const folder = resolve(cwd, dirname(path));
  const name = basename(path);
  const places = PLACES.filter((place) => place !== 'package.json' && place !== name);
  const isFound = PLACES.includes(name) && (await foldersUpToRoot(cwd)).includes(folder);
  return { isFound, others: isFound ? await existing(folder, places) : [] };
}

const EMPTY: ConfigText = { value: {}, locate: () => '' };

/** Loads a file as data and leaves its text, with positions, in `found`. */
function loaderInto(found: { text: ConfigText | null }, name: string | ((path: string) => string)) {
  return async (path: string): Promise<unknown> => {
    const bytes = await readFile(path);
    const shown = typeof name === 'string' ? name : name(path);
    if (basename(path) === 'package.json') return await inPackageJson(bytes, shown, found);
    const { parseConfigText } = await import('./config-text.ts');
    const text = parseConfigText(bytes, shown);
    // cosmiconfig would follow such a key to other files.
    if ('$import' in text.value) throw new UsageError(`${text.locate(['$import'])}: unknown key "$import"`);
    found.text = text;
    return text.value;
  };
}

async function inPackageJson(bytes: Buffer, name: string, found: { text: ConfigText | null }): Promise<unknown> {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  let own: unknown;
  try {
    own = (JSON.parse(text) as { apptool?: unknown }).apptool;
  } catch {
    // A broken package.json is npm's to complain about, unless our own key may be in it.
    if (text.includes('"apptool"')) throw new UsageError(`${name}: not valid JSON`);
    return {};
  }
  if (own === undefined) return {};
  if (typeof own !== 'object' || own === null || Array.isArray(own))
    throw new UsageError(`${name}: "apptool" must be a mapping`);
  if ('$import' in own) throw new UsageError(`${name}: unknown key "$import"`);
  const { parseConfigText } = await import('./config-text.ts');
  const whole = parseConfigText(bytes, name);
  const value = (whole.value as { apptool: Record<string, unknown> }).apptool;
  found.text = { value, locate: (path) => whole.locate(['apptool', ...path]) };
  return { apptool: value };
}

async function foldersUpToRoot(cwd: string): Promise<string[]> {
  const folders: string[] = [];
  // Each turn goes up one folder, and the root's parent is the root.
  for (let folder = cwd; ; folder = dirname(folder)) {
    folders.push(folder);
    if (await exists(join(folder, '.git'))) return folders;
    if (dirname(folder) === folder) return [cwd];
  }
}

async function existing(folder: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(names.map(async (name) => ((await isCandidate(join(folder, name))) ? name : null)));
  return found.filter((name) => name !== null);
}

/**
 * Whoever owns a config decides what is released, so it has to be the user who runs this, or root; git takes nobody else's repository either
 * (git-config(1), safe.directory). Behind sudo, the user who called it.
 */
async function byOwner(
  folder: string,
  names: readonly string[],
): Promise<{ readonly own: string[]; readonly foreign: string[] }> {
  const trusted = trustedUsers();
  const found = { own: [] as string[], foreign: [] as string[] };
  for (const name of names) {
    const path = join(folder, name);
    const owners = await Promise.all([lstat(path), stat(path)]);
    const isOwn = trusted === null || owners.every(({ uid }) => trusted.includes(uid));
    if (isOwn) found.own.push(name);
    // Nearly every project has a package.json, and hardly any has our settings in it.
    else if (name !== 'package.json' || /"apptool"\s*:/.test(await readFile(path, 'utf8'))) found.foreign.push(name);
  }
  return found;
}

/** `null` where files have no such owner. */
export function trustedUsers(): number[] | null {
  const user = process.getuid?.();
  if (user === undefined) return null;
  const caller = user === 0 ? Number(process.env.SUDO_UID ?? Number.NaN) : Number.NaN;
  return [0, user, caller].filter((id) => !Number.isNaN(id));
}

/** A `package.json` that is a folder is no config of ours that went wrong; anything else of the right name is. */
async function isCandidate(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  return stats !== null && (stats.isFile() || basename(path) !== 'package.json');
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Before anything is read: a FIFO would block and a device would never end. */
async function checkCandidate(path: string, name: string): Promise<void> {
  const stats = await stat(path).catch((cause) => {
    const hint = isMissing(cause) ? 'check the path; apptool init writes a first config' : null;
    throw new UsageError(`cannot read config ${name}: ${fileProblem(cause)}`, { cause, hint });
  });
  if (!stats.isFile()) throw new UsageError(`${name}: config is not a regular file`);
  await access(path, constants.R_OK).catch((cause) => {
    throw new UsageError(`cannot read config ${name}: ${errorCode(cause)}`, { cause });
  });
  if (stats.size > LARGEST_CONFIG && basename(path) !== 'package.json')
    throw new UsageError(`${name}: config is larger than 256 KiB`);
}

/** A found config that is a link to somewhere else is not this project's. */
async function checkInside(path: string, folder: string, name: string): Promise<void> {
  const [real, root] = await Promise.all([realpath(path), realpath(folder)]);
  if (!relative(root, real).startsWith('..')) return;
  throw new PolicyError(`${name}: path leaves the project directory`, { hint: 'name the config with --config' });
}
