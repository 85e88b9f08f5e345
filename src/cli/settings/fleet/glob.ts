import { type Dirent, readdirSync } from 'node:fs';
import { posix, resolve } from 'node:path';

/** Folders in which no build puts an app: `**` does not go down there. */
const LEFT_OUT = new Set(['.git', 'node_modules']);
/** A pattern that matches half of a disk is wrong: so many are shown, and no more are looked for. */
const MOST_MATCHES = 100;

/**
 * A pattern as a test of paths with `/`: `*` and `?` stay within a folder, `**` goes through any number of them, `{a,b}` is either; every
 * other character is itself.
 */
export function matcherOf(pattern: string): (path: string) => boolean {
  const expression = new RegExp(`^${sourceOf(pattern)}$`, 's');
  return (path) => expression.test(path);
}

function sourceOf(pattern: string): string {
  const tokens = pattern.match(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[^*?{]+|\{/g) ?? [];
  return tokens
    .map((token) => {
      if (token === '**/') return '(?:[^/]+/)*';
      if (token === '**') return '.*';
      if (token === '*') return '[^/]*';
      if (token === '?') return '[^/]';
      if (token.startsWith('{') && token.endsWith('}'))
        return `(?:${token.slice(1, -1).split(',').map(sourceOf).join('|')})`;
      return token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    })
    .join('');
}

/** The files below `folder` that a pattern matches, in order of their names; links to folders are not followed. */
export function filesMatching(pattern: string, folder: string): readonly string[] {
  const clean = posix.normalize(pattern);
  const parts = clean.split('/');
  const first = parts.findIndex((part) => /[*?{]/.test(part));
  const fixed = first < 0 ? parts.slice(0, -1) : parts.slice(0, first);
  const start = fixed.join('/') || (clean.startsWith('/') ? '/' : '');
  const deepest = clean.includes('**') ? Number.POSITIVE_INFINITY : parts.length - 1;
  const files = filesBelow(resolve(folder, start), start, deepest - fixed.length);
  const matches = matcherOf(clean);
  const found: string[] = [];
  for (const path of files) if (matches(path) && found.push(path) >= MOST_MATCHES) break;
  return found.sort();
}

function* filesBelow(folder: string, shown: string, deepest: number): Generator<string, void, undefined> {
  for (const entry of entriesOf(folder)) {
    const path = shown === '' ? entry.name : `${shown.replace(/\/$/, '')}/${entry.name}`;
    if (!entry.isDirectory()) yield path;
    else if (deepest > 0 && !LEFT_OUT.has(entry.name))
      yield* filesBelow(resolve(folder, entry.name), path, deepest - 1);
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that is not there holds nothing that matches.
    return [];
  }
}
