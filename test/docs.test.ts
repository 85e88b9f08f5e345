import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { backends } from '../src/backends/index.ts';
import { RUN_VALUES, STEP_VALUES } from '../src/ci/reports/run-values.ts';
import { reference } from '../src/cli/output/published-schemas.ts';
import { resultJsonSchema } from '../src/cli/output/result-schema.ts';
import { EventRecord } from '../src/contract/events.ts';
import { Receipt } from '../src/contract/record/journal.ts';
import { ResultDocument } from '../src/contract/result-document.ts';
import { ROOT } from '../src/testing/files.ts';

const page = readFileSync(join(ROOT, 'docs/backends/README.md'), 'utf8');
const rows = readFileSync(join(ROOT, 'test/backends/README.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [a-z]/.test(line) && !line.startsWith('| backend '))
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('the pages of the backends and of their endpoints', () => {
  test.each(backends.map(({ id }) => id))(
    'has the endpoints of %s, its page, and a section in the example config',
    (id) => {
      const example = JSON.parse(readFileSync(join(ROOT, 'apptool.config.example.json'), 'utf8')) as object;

      expect(rows.some(([, backend]) => backend === id)).toBe(true);
      expect(page).toContain(`[${id}](${id}.md)`);
      expect(existsSync(join(ROOT, `docs/backends/${id}.md`))).toBe(true);
      expect(Object.keys(example)).toContain(id);
    },
  );

  test('names a command and tests that exist for every endpoint', () => {
    const wrong = rows.filter(([, backend, , command = '', tests = '']) => {
      const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
      const isKnown = backends.some(({ id }) => id === backend);
      return !isKnown || command === '' || files.length === 0 || !files.every((file) => existsSync(join(ROOT, file)));
    });

    expect(rows.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  test('lists every command that only one backend has', () => {
    const unlisted = backends.flatMap(({ id, commands = [] }) =>
      commands.map(({ name }) => `${id} ${name}`).filter((name) => !page.includes(`\`${name}`)),
    );

    expect(unlisted).toEqual([]);
  });
});

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...['docs', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
];

/** The members of an object that may be `null`, or of the objects in a list. */
function membersOf(schema: z.ZodType): string[] {
  const { items, anyOf = [] } = z.toJSONSchema(schema) as JsonSchema;
  return Object.keys((items ?? anyOf.find((one) => one.properties !== undefined))?.properties ?? {});
}

interface JsonSchema {
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

describe('the page of --json and --events', () => {
  const text = readFileSync(join(ROOT, 'docs/json.md'), 'utf8');
  /** What the table below this heading has in its first column. */
  const firstColumn = (heading: string): string[] => {
    const section = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
    const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = '']) => cell);
    return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  };

  test('has every member of the document, and no other', () => {
    expect(firstColumn('The document')).toEqual(Object.keys(ResultDocument.shape));
  });

  test.each(['job', 'state', 'findings', 'artifact', 'output', 'targets', 'warnings', 'error'] as const)(
    'has every member of %s, and no other',
    (member) => {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${member}\` |`)) ?? '';
      // What a member holds stands in parentheses, what they are members of before a colon.
      const cell = row.slice(`| \`${member}\` |`.length).replace(/\([^)]*\)/g, '');
      const named = [...cell.replace(/^.*: /, '').matchAll(/`(\w+)`/g)].map(([, name]) => name);

      expect(named.filter((name) => name !== 'null')).toEqual(membersOf(ResultDocument.shape[member]));
    },
  );

  test('has every command that has data, and no other', async () => {
    const { definitions } = await resultJsonSchema(backends);
    const named = firstColumn('`data`').map((command) => command.replaceAll(' ', '-'));

    expect(named).toEqual(Object.keys(definitions as object));
  });

  test('has every event, and no other', () => {
    expect(firstColumn('Events')).toEqual(EventRecord.options.map(({ shape }) => shape.type.value));
  });
});

describe('every page', () => {
  test.each(pages)('links of %s lead somewhere, headings included', (name) => {
    const folder = join(ROOT, name, '..');
    const links = [...prose(name).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target);
    const leadsNowhere = (link: string): boolean => {
      const [file = '', heading] = link.split('#');
      const target = file === '' ? join(ROOT, name) : join(folder, file);
      if (!existsSync(target)) return true;
      return heading !== undefined && !anchorsOf(target).has(heading);
    };

    expect(links.filter(leadsNowhere)).toEqual([]);
  });

  test.each(pages)('code of %s is under 100 columns, so that nobody scrolls sideways', (name) => {
    expect(codeLines(name).filter((line) => line.length >= 100)).toEqual([]);
  });
});

/** A page's lines, each with whether it stands in a block of code. */
function linesOf(path: string): { readonly line: string; readonly isCode: boolean }[] {
  let fence = '';
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => {
      const [, found = ''] = /^\s*(`{3,})/.exec(line) ?? [];
      const isFence = fence === '' ? found !== '' : found === fence;
      if (isFence) fence = fence === '' ? found : '';
      return { line, isCode: isFence || fence !== '' };
    });
}

function codeLines(name: string): string[] {
  return linesOf(join(ROOT, name)).flatMap(({ line, isCode }) => (isCode ? [line] : []));
}

function prose(name: string): string {
  const lines = linesOf(join(ROOT, name)).flatMap(({ line, isCode }) => (isCode ? [] : [line]));
  return lines.join('\n');
}

/** The anchors that GitHub and GitLab make of a page's headings: small letters, dashes for spaces, no other punctuation. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  for (const { line, isCode } of linesOf(path)) {
    const [, heading] = (isCode ? null : /^#{1,6} (.+)$/.exec(line)) ?? [];
    if (heading === undefined) continue;
    const words = heading.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const anchor = words.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
    let copies = 0;
    while (anchors.has(copies === 0 ? anchor : `${anchor}-${copies}`)) copies += 1;
    anchors.add(copies === 0 ? anchor : `${anchor}-${copies}`);
  }
  return anchors;
}

test('the page of the receipt names all of its members, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/receipt.md'), 'utf8');
  const named = [...text.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );

  expect(new Set(named)).toEqual(
    new Set(Object.keys(Receipt.shape).filter((key) => !['receiptVersion', 'tool'].includes(key))),
  );
});

test('the page of the CI reports names every value, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/ci-reports.md'), 'utf8');
  const names = [...Object.keys(RUN_VALUES), ...Object.keys(STEP_VALUES).map((name) => `<step>_${name}`)];
  const rows = [...text.matchAll(/^\| `([\w<>]+)` \| `(APPTOOL_RESULT_[\w<>]+)` \|/gm)].map(([, name, key]) => [
    name,
    key,
  ]);

  expect(rows).toEqual(names.map((name) => [name, `APPTOOL_RESULT_${name.toUpperCase()}`]));
});

test('the reference is what the code says: npm run reference writes it', () => {
  expect(readFileSync(join(ROOT, 'docs/reference.md'), 'utf8')).toBe(reference());
});
