import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, sep } from 'node:path';
import { LocalIoError } from '../contract/errors.ts';

/** How many names a hint shows, and how many entries of a folder are looked at for them. */
const MOST_NAMES = 3;
const MOST_ENTRIES = 2_000;
const CHECK_THE_PATH = 'check the path; the build may have written it to another place';

interface Explanation {
  /** Said after the path. */
  readonly why: string;
  readonly hint: string;
}

/**
 * What to say of an input path at which there is no file: what the path looks like where it is no plain path (a pattern, a variable or `~`
 * that no shell expanded, a URL), which folder is missing, and what is near it.
 */
export async function missingFile(path: string, cause: unknown): Promise<LocalIoError> {
  const { why, hint } = unexpanded(path) ?? (await missingFolder(path)) ?? (await nearPath(path));
  return new LocalIoError(`no such file "${path}"${why}`, { cause, hint });
}

/** What to name in place of a path that is no file; `null` where nothing is known. */
export async function instead(path: string): Promise<string | null> {
  if (!(await isFolder(path))) return null;
  const apps = (await filesIn(path)).filter((name) => /\.(?:apk|aab|ipa)$/i.test(name));
  return `it is a folder: give the file in it${listed(apps, ' there is')}`;
}

/** A path that means something to a shell, a CI or a browser only. */
function unexpanded(path: string): Explanation | null {
  if (/^file:/i.test(path)) return { why: ': it is a URL', hint: 'give the path alone, without file://' };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    return { why: ': it is a URL', hint: 'download the file first, then give its path' };
  const hasVariable = /\$\{[^}]*\}|\$\([^)]*\)|\$\w+|\{\{.*\}\}|^%\w+%|[\\/]%\w+%/.test(path);
  if (hasVariable) {
    return {
      why: ': the variable in it was not expanded',
      hint: 'check its name and the quotes around it: the shell or the CI has to expand it',
    };
  }
  if (sep === '/' && path.includes('\\'))
    return { why: ': its separators are backslashes', hint: 'write the path with / between its folders' };
  if (/^~(?:[\\/]|$)/.test(path))
    return { why: ': the shell expands ~ only outside of quotes', hint: 'remove the quotes, or write $HOME' };
  return null;
}

/** The first folder on the way that is not there. */
async function missingFolder(path: string): Promise<Explanation | null> {
  const folder = dirname(path);
  if (/[*?[{]/.test(folder)) return pattern([], false);
  if (await isFolder(folder)) return null;
  let missing = folder;
  while (dirname(missing) !== missing && !(await isFolder(dirname(missing)))) missing = dirname(missing);
  const above = dirname(missing);
  return {
    why: `: there is no folder "${basename(missing)}" in "${above}"`,
    hint: `${CHECK_THE_PATH}${listed(await foldersIn(above), ` in "${above}" there is`)}`,
  };
}

/** Files of the same kind in the folder: those that a pattern means, or those that are there. */
async function nearPath(path: string): Promise<Explanation> {
  const names = await filesIn(dirname(path));
  const name = basename(path);
  if (/[*?[]|\{.*,.*\}/.test(name)) return pattern(names.filter(matcherOf(name)), true);
  const kind = extname(name).toLowerCase();
  const sameKind = names.filter((candidate) => extname(candidate).toLowerCase() === kind);
  const sameName = names.filter((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return { why: '', hint: `${CHECK_THE_PATH}${listed(sameName.length > 0 ? sameName : sameKind, ' beside it is')}` };
}

function pattern(matches: readonly string[], isSearched: boolean): Explanation {
  if (isSearched && matches.length === 0) return { why: '; the pattern matched nothing', hint: CHECK_THE_PATH };
  return {
    why: ': apptool expands no patterns',
    hint: `the shell does, where the pattern is not in quotes${listed(matches, ' it means')}`,
  };
}

function listed(names: readonly string[], words: string): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name));
  return `;${words} ${shown.join(', ')}${names.length > MOST_NAMES ? ' and more' : ''}`;
}

/** The part of a shell's patterns that names one file: `*` and `?`; braces and sets match any text here. Takes time in proportion to both. */
function matcherOf(name: string): (candidate: string) => boolean {
  const wanted = name.replace(/\{[^}]*\}|\[[^\]]*\]|\*+/g, '*');
  return (candidate) => {
    let at = 0;
    let star = -1;
    let resumeAt = 0;
    for (let from = 0; from < candidate.length; ) {
      if (wanted[at] === '*') {
        star = at;
        resumeAt = from;
        at += 1;
      } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === candidate[from])) {
        at += 1;
        from += 1;
      } else if (star >= 0) {
        at = star + 1;
        resumeAt += 1;
        from = resumeAt;
      } else return false;
    }
    return /^\**$/.test(wanted.slice(at));
  };
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  return entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => name);
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
}

async function entriesOf(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.slice(0, MOST_ENTRIES).sort((a, b) => (a.name < b.name ? -1 : 1));
}
