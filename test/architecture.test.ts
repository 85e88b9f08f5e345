import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backends } from '../src/backends/index.ts';
import { ROOT } from '../src/testing/files.ts';

/** Which room may know of which: data flows bin → cli → run → transfer; a backend speaks protocol and nothing else. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contract: ['contract'],
  archive: ['contract', 'archive'],
  transfer: ['contract', 'transfer'],
  run: ['contract', 'archive', 'transfer', 'run'],
  sandbox: ['contract', 'archive', 'sandbox'],
  backends: ['contract', 'archive', 'transfer', 'sandbox', 'backends'],
  ci: ['contract', 'cli', 'ci'],
  cli: ['contract', 'archive', 'transfer', 'run', 'sandbox', 'backends', 'ci', 'cli'],
  // The doors, and the rooms behind them: they know all the others, and no other room knows of them.
  library: ['contract', 'archive', 'transfer', 'run', 'sandbox', 'backends', 'ci', 'cli', 'library'],
  testing: ['contract', 'archive', 'transfer', 'run', 'sandbox', 'backends', 'testing'],
  'index.ts': ['contract', 'run', 'archive', 'library'],
  'backend-kit.ts': ['contract', 'transfer', 'sandbox', 'backends', 'cli'],
  'testing.ts': ['testing'],
};

/** A package comes in through one door. zod is the exception: settings, wire formats and the published documents are all schemas. */
const ONE_IMPORTER: Readonly<Record<string, string>> = {
  undici: 'transfer/http/connection/dispatcher.ts',
  'p-retry': 'transfer/http/retry.ts',
  'p-limit': 'transfer/upload/parts.ts',
  'form-data': 'transfer/http/form.ts',
  '@fastify/busboy': 'sandbox/form.ts',
  commander: 'cli/line/program.ts',
  cosmiconfig: 'cli/settings/config/explorer.ts',
  yaml: 'cli/settings/config/config-text.ts',
  ora: 'cli/output/render/live-line.ts',
  'string-width': 'cli/output/render/cells.ts',
  uqr: 'cli/output/terminal/qr-code.ts',
  'preact-render-to-string': 'cli/output/page/report-page.tsx',
};

interface Import {
  readonly from: string;
  readonly target: string;
  readonly isType: boolean;
}

const source = join(ROOT, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));

function textOf(file: string): string {
  return readFileSync(join(source, file), 'utf8');
}

/** Every static and dynamic import of a file. */
function importsOf(file: string): Import[] {
  const found: Import[] = [];
  for (const match of textOf(file).matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'/gm)) {
    found.push({ from: file, target: match[2] ?? '', isType: match[1] !== undefined });
  }
  for (const match of textOf(file).matchAll(/^import '([^']+)'/gm)) {
    found.push({ from: file, target: match[1] ?? '', isType: false });
  }
  for (const match of textOf(file).matchAll(/import\('([^']+)'\)/g))
    found.push({ from: file, target: match[1] ?? '', isType: false });
  return found;
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? '';
}

const MOST_LOOSE_FILES = 12;
/** Statuses of vendors that nobody else has, and the short spellings of environments. */
const VENDOR_WORDS = ['in_review', 'in_progress', 'processed', 'samsung', 'dev', 'stg', 'prod', 'not completed'];

/** "output exists; use --force to replace it" is what the command line promises to say. The others are a note, and a description in a schema. */
const SAID_BY_CONTRACT = ['run/wait.ts', 'contract/record/journal.ts', 'transfer/download/output-file.ts'];

/** What a file does, without what it says of it: a comment names the page that a claim comes from. Examples in help name real commands. */
function codeOf(file: string): string {
  return textOf(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/ .*$/gm, '')
    .replace(/^\s*example:\s*(?:'[^']*'|"[^"]*")/gm, '');
}

function vendorWordsIn(code: string): string[] {
  const brands = new Set(backends.flatMap(({ id, title }) => [id.split('-')[0] ?? id, title.split(' ')[0] ?? title]));
  const hosts = backends.map(({ docsUrl }) => new URL(docsUrl).host.split('.').slice(-2).join('.'));
  const variables = backends.flatMap(({ credentials }) =>
    credentials.flatMap(({ variable, fallback = variable }) => [variable, fallback]),
  );
  const quoted = VENDOR_WORDS.map((word) => new RegExp(`['"\`]${word}['"\`]`));
  const anywhere = [...brands, ...hosts, ...variables].map(
    (word) => new RegExp(`\\b${word.replaceAll('.', '\\.')}`, 'i'),
  );
  return [...anywhere, ...quoted].flatMap((pattern) => pattern.exec(code)?.[0] ?? []);
}

/** The file that a relative import names, from `src`. */
function resolved({ from, target }: Import): string {
  return relative(source, join(source, from, '..', target));
}

describe('the house', () => {
  const all = files.flatMap(importsOf);
  const own = all.filter(
    ({ target }) => target.startsWith('.') && !target.includes('node_modules') && !target.endsWith('.json'),
  );

  test('has files and imports to look at', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(own.length).toBeGreaterThan(100);
  });

  test.each(Object.keys(MAY_IMPORT))('room %s knows only of the rooms below it', (room) => {
    const wrong = own
      .filter(({ from }) => roomOf(from) === room)
      .filter((one) => !MAY_IMPORT[room]?.includes(roomOf(resolved(one))))
      .map((one) => `${one.from} -> ${resolved(one)}`);

    expect(wrong).toEqual([]);
  });

  test('every file stands in a room', () => {
    expect(files.filter((file) => !(roomOf(file) in MAY_IMPORT))).toEqual([]);
  });

  test('a backend knows no other backend, and only the list knows backends', () => {
    const ids = new Set(backends.map(({ id }) => id));
    const folderOf = (file: string) => /^backends\/([^/]+)\//.exec(file)?.[1];
    const wrong = own.filter((one) => {
      const into = folderOf(resolved(one));
      if (into === undefined || !ids.has(into)) return false;
      return folderOf(one.from) !== into && one.from !== 'backends/index.ts';
    });

    expect(wrong.map((one) => `${one.from} -> ${resolved(one)}`)).toEqual([]);
  });

  test('no word of a vendor stands outside its folder: no name, host, variable, status or spelling of an environment', () => {
    const found = files
      // The settings hold the spellings of environments until the backends have upload options of their own.
      .filter((file) => !file.startsWith('backends/') && file !== 'cli/settings/settings.ts')
      .flatMap((file) => vendorWordsIn(codeOf(file)).map((word) => `${file}: ${word}`));

    const samples = [
      "'apptego'",
      'APPLIVERY_APP_TOKEN',
      '`prod`',
      '"in_review"',
      'docs.digitalturbine.com',
      'CI_UPLOAD_TOKEN',
    ];
    expect(samples.filter((code) => vendorWordsIn(code).length === 0)).toEqual([]);
    expect(found).toEqual([]);
  });

  test('only the command line says what to type: what to do next is data below it', () => {
    const typed =
      /\bapptool (?:\$\{|[a-z-]+ (?:list|show|delete)|protect|upload|publish|status|wait|download|abort|inspect|doctor)|(?<!bundletool .*)(?!.*jitless)(?:^|[\s'"`(])--[a-z][a-z-]+/;
    const below = files.filter((file) => !/^(?:cli|ci)\//.test(file));
    const found = below.filter((file) =>
      typed.test(codeOf(file).replace(/^.*\b(?:summary|describe\(|mark|slug)\b.*$/gm, '')),
    );

    expect(typed.test("'to wait for it: apptool wait j'") && typed.test("'give --output'")).toBe(true);
    expect(found).toEqual(SAID_BY_CONTRACT);
  });

  test('no folder holds more than a dozen loose files', () => {
    const looseIn = (folder: string) => files.filter((file) => dirname(file) === folder).length;
    const crowded = [...new Set(files.map((file) => dirname(file)))].filter((one) => looseIn(one) > MOST_LOOSE_FILES);

    expect(crowded.map((folder) => `${folder}: ${looseIn(folder)}`)).toEqual([]);
  });

  test('no file imports itself by way of others, not even for a type', () => {
    const circle = (from: string, path: readonly string[]): readonly string[] | null => {
      if (path.includes(from)) return [...path.slice(path.indexOf(from)), from];
      if (cleared.has(from)) return null;
      for (const next of own.filter((one) => one.from === from).map(resolved)) {
        const found = circle(next, [...path, from]);
        if (found !== null) return found;
      }
      cleared.add(from);
      return null;
    };
    const cleared = new Set<string>();

    expect(files.map((file) => circle(file, [])).find((found) => found !== null) ?? []).toEqual([]);
  });

  test('the contract room holds words alone: it imports nothing but zod, and only where a document is published', () => {
    const foreign = all
      .filter(({ from, target }) => roomOf(from) === 'contract' && !target.startsWith('.'))
      .filter(({ target }) => target !== 'zod' && !target.startsWith('node:'));

    expect(foreign).toEqual([]);
  });

  test('the sandbox is only for whoever serves it: protocol code does not know it', () => {
    const wrong = own.filter((one) => {
      const inBackend = one.from.startsWith('backends/') && !/\/sandbox(?:[^/]*\.ts$|\/)/.test(one.from);
      return inBackend && resolved(one).startsWith('sandbox/');
    });

    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(ONE_IMPORTER))('package %s is imported by %s alone', (name, importer) => {
    const isOf = (target: string) =>
      target === name || target.startsWith(`${name}/`) || target.includes(`node_modules/${name}/`);
    const importers = all.filter(({ target, isType }) => isOf(target) && !isType).map(({ from }) => from);

    expect([...new Set(importers)]).toEqual([importer]);
  });

  test('process, console and the real clock are for the command line alone', () => {
    const outside = files.filter(
      (file) =>
        !/^(?:(?:cli|ci|sandbox|testing)\/|run\/real-clock\.ts)/.test(file) && !/\/sandbox(?:[^/]*\.ts$|\/)/.test(file),
    );
    const wrong = outside.filter((file) => {
      const code = textOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /\bprocess\.|node:process|\bconsole\.|\bDate\.now\b|\bsetTimeout\(|\bMath\.random\b|[^.]\bfetch\(/.test(
        code,
      );
    });

    expect(outside.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  test('file names are kebab-case and no file holds more than one idea of 300 lines', () => {
    const misnamed = files.filter((file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.tsx?$/.test(file));
    const long = files.filter((file) => textOf(file).split('\n').length > 300);

    expect(misnamed).toEqual([]);
    expect(long).toEqual([]);
  });
});
