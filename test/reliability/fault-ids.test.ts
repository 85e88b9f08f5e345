import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../src/testing/files.ts';
import { CATALOG, HARMLESS } from '../support/fault-catalog.ts';

/** The faults of the specification, and those found since, are numbered from 1 on in each section. */
const COUNTS = { NET: 39, HTTP: 28, SRV: 38, URL: 3, IO: 21, SIG: 14, ENV: 8, REL: 14, SEC: 11 };
const IDS = Object.entries(COUNTS).flatMap(([section, count]) => ids(section, count));

/** These make their tests from the catalog, so their titles stand in no file. */
const FROM_CATALOG = /^test\/reliability\/one-\w+-fault\.test\.ts$/;
const CATALOG_TITLES = new Set([...CATALOG, ...HARMLESS].map(({ id, what }) => `${id}: ${what}`));

/** The rows of faults in a table of Markdown, each with its cells. */
function rowsOf(...path: readonly string[]): (readonly string[])[] {
  return readFileSync(join(ROOT, ...path), 'utf8')
    .split('\n')
    .filter((line) => /^\| F-/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));
}

/** What users read: id, what happens, what apptool does. */
const TOLD = rowsOf('docs', 'reliability.md');
/** For contributors: id, tests. */
const TESTED = rowsOf('test', 'reliability', 'README.md');

function ids(section: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `F-${section}-${String(index + 1).padStart(2, '0')}`);
}

/** Why what a row names is no test of its fault; `null` for one that is. */
function problemOf(id: string, named: string): string | null {
  const [, file = '', title = ''] = /^`(test\/\S+\.test\.ts) › (.+)`$/.exec(named) ?? [];
  if (title.length < 3) return `${id}: "${named}" names no test`;
  if (!existsSync(join(ROOT, file))) return `${id}: there is no ${file}`;
  const ofOthers = title.match(/F-\w+-\d\d/g) ?? [id];
  if (!ofOthers.includes(id)) return `${id}: "${title}" is about another fault`;
  const isThere = FROM_CATALOG.test(file)
    ? CATALOG_TITLES.has(title)
    : readFileSync(join(ROOT, file), 'utf8').replaceAll("\\'", "'").includes(title);
  return isThere ? null : `${id}: ${file} has no "${title}"`;
}

test.each([
  ['docs/reliability.md', TOLD, 3],
  ['test/reliability/README.md', TESTED, 2],
])('%s has every fault once, and no other, in rows of so many cells', (_, rows, cells) => {
  expect(rows.map(([id]) => id).sort()).toEqual([...IDS].sort());
  expect(rows.filter((row) => row.length !== cells)).toEqual([]);
});

test('names tests of each fault, which exist', () => {
  const problems = TESTED.flatMap(([id = '', tests = '']) =>
    tests.split('<br>').flatMap((named) => problemOf(id, named) ?? []),
  );

  expect(problems).toEqual([]);
});

test('no test is about a fault that the specification does not have', () => {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const named = files.flatMap(
    (file) => readFileSync(join(ROOT, 'test', file), 'utf8').match(/\bF-[A-Z]+-\d\d\b/g) ?? [],
  );

  expect(new Set(named).size).toBeGreaterThan(100);
  expect(named.filter((id) => !IDS.includes(id))).toEqual([]);
});
