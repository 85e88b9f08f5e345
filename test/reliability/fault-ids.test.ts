import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../src/testing/files.ts';
import { CATALOG, HARMLESS } from '../support/fault-catalog.ts';

/** The faults of the specification, and those found since, are numbered from 1 on in each section. */
const COUNTS = { NET: 38, HTTP: 28, SRV: 38, URL: 3, IO: 21, SIG: 14, ENV: 8, SEC: 10 };
const IDS = Object.entries(COUNTS).flatMap(([section, count]) => ids(section, count));

/** These make their tests from the catalog, so their titles stand in no file. */
const FROM_CATALOG = /^test\/reliability\/one-\w+-fault\.test\.ts$/;
const CATALOG_TITLES = new Set([...CATALOG, ...HARMLESS].map(({ id, what }) => `${id}: ${what}`));

interface Row {
  readonly id: string;
  readonly tests: string;
}

const ROWS: readonly Row[] = readFileSync(join(ROOT, 'docs', 'reliability.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, id, tests] = /^\| (F-\w+-\d+) \| .+ \| (.+) \|$/.exec(line) ?? [];
    return id === undefined || tests === undefined ? [] : [{ id, tests }];
  });

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

describe('docs/reliability.md', () => {
  test('has every fault once, and no other', () => {
    expect(ROWS.map(({ id }) => id).sort()).toEqual([...IDS].sort());
  });

  test('names tests of each, which exist', () => {
    const problems = ROWS.flatMap(({ id, tests }) =>
      tests.split('<br>').flatMap((named) => problemOf(id, named) ?? []),
    );

    expect(problems).toEqual([]);
  });
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
