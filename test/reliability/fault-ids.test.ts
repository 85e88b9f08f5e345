import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOG, HARMLESS } from '../support/fault-catalog.ts';
import { ROOT } from '../support/files.ts';

/** The specification's faults are numbered from 1 on in each section. */
const COUNTS = { NET: 30, HTTP: 25, SRV: 32, URL: 3, IO: 19, SIG: 13 };
const IDS = Object.entries(COUNTS).flatMap(([section, count]) => ids(section, 1, count));

/** Faults of backends that apptool does not know yet. To be shortened with each new one. */
const WITH_THE_BACKEND = new Set(ids('SRV', 27, 28));

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

function ids(section: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `F-${section}-${String(from + index).padStart(2, '0')}`);
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

  test('names a test of each, except where its backend is missing', () => {
    const waiting = ROWS.filter(({ tests }) => tests === 'with the backend').map(({ id }) => id);

    expect(waiting.sort()).toEqual([...WITH_THE_BACKEND].sort());
  });

  test('names tests that exist', () => {
    const problems = ROWS.filter(({ id }) => !WITH_THE_BACKEND.has(id)).flatMap(({ id, tests }) =>
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
