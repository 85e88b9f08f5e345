import jsQr from 'jsqr';
import { describe, expect, test } from 'vitest';
import { showsUnicode, withPlainMark } from '../../src/cli/output/terminal/glyphs.ts';
import { supportsHyperlinks, withHyperlinks } from '../../src/cli/output/terminal/hyperlinks.ts';
import { linkCode } from '../../src/cli/output/terminal/link-code.ts';
import { qrLines } from '../../src/cli/output/terminal/qr-code.ts';
import type { RunEnd } from '../../src/contract/record/listener.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runOnScreen } from '../support/screen.ts';
import { takesTurn } from '../support/share.ts';
import { HAS_TERMINALS } from '../support/terminal.ts';

const UTF8 = { LANG: 'C.UTF-8' };
const PAGE = 'https://portal.example.com/builds/{build}';

/** What a phone reads in half blocks, light ones drawn. */
function scanned(lines: readonly string[]): string | null {
  const scale = 4;
  const size = Math.max(...lines.map((line) => line.length));
  const isLight = (x: number, y: number): boolean => {
    const block = lines[Math.floor(y / 2)]?.[x] ?? '█';
    return block === '█' || block === (y % 2 === 0 ? '▀' : '▄');
  };
  const side = size * scale;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let at = 0; at < side * side; at += 1) {
    const light = isLight(Math.floor((at % side) / scale), Math.floor(at / side / scale));
    pixels.fill(light ? 255 : 0, at * 4, at * 4 + 3);
  }
  // Its types are of a module that Node.js does not make of it.
  const scan = jsQr as unknown as typeof jsQr.default;
  return scan(pixels, side, side)?.data ?? null;
}

describe('a QR code', () => {
  test.each(['https://a.example/1', `https://portal.example.com/${'builds/'.repeat(20)}1`])('says %s', (address) => {
    const lines = qrLines(address, { columns: 120, rows: 60 }, false) ?? [];
    expect(scanned(lines)).toBe(address);
  });

  test('is left out where it has no room, and is drawn in its own colours where there are any', () => {
    const address = 'https://a.example/1';
    const [line = '', ...others] = qrLines(address, { columns: 200, rows: 200 }, false) ?? [];
    const least = { columns: line.length, rows: others.length + 3 };
    expect(qrLines(address, least, false)).toHaveLength(others.length + 1);
    expect(qrLines(address, { ...least, columns: least.columns - 1 }, false)).toBeNull();
    expect(qrLines(address, { ...least, rows: least.rows - 1 }, false)).toBeNull();
    expect(qrLines(address, least, true)?.[0]).toBe(`\u001b[97;40m${line}\u001b[0m`);
  });
});

describe.runIf(HAS_TERMINALS)('at a terminal', () => {
  async function publish(flags: string, env: Readonly<Record<string, string>>) {
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd, 'app.apk');
    const { variables } = await sandbox({ processingMs: 0 });
    const line = `upload app.apk --to applivery --set applivery.pageUrl=${PAGE} ${flags}`;
    const shown = await runOnScreen(line.trim().split(' '), {
      cwd,
      env: { ...variables, ...env },
      columns: 100,
      rows: 60,
    });
    expect(shown.code, shown.written).toBe(0);
    const address = /https:\/\/portal\.example\.com\/builds\/[0-9a-f]+/.exec(shown.written)?.[0] ?? '';
    return { ...shown, address, blocks: shown.lines.filter((one) => /^[█▀▄ ]{20,}$/.test(one)) };
  }

  test('the page of a build of Applivery is a link and a QR code at the end', async () => {
    const { written, blocks, address } = await publish('', { ...UTF8, FORCE_HYPERLINK: '1' });

    expect(written).toContain(`\u001b]8;;${address}\u001b\\${address}\u001b]8;;\u001b\\`);
    expect(scanned(blocks)).toBe(address);
  });

  const WITHOUT = [
    ['with --json', '--json', UTF8],
    ['in a CI', '', { ...UTF8, CI: 'true' }],
  ] as const;
  test.each(WITHOUT.filter((_, index) => takesTurn(index, 2)))(
    'no QR code is there %s, and no link where nobody said that the terminal makes them',
    async (_, flags, env) => {
      const { written, blocks } = await publish(flags, env);

      expect(blocks).toEqual([]);
      expect(written).not.toContain('\u001b]8');
    },
  );
});

describe('the code of a link', () => {
  const ROOM = { columns: 100, rows: 60 };
  const INPUT = {
    handsOut: (id: string) => id === 'applivery',
    env: UTF8,
    hasColor: false,
    safe: (text: string) => text,
  };
  const end = (backend: string, page: string | null, install: string | null = null): RunEnd =>
    ({ document: { steps: [{ backend, links: { page, install } }] }, receipt: null }) as unknown as RunEnd;
  const [A, B] = ['https://a.example/1', 'https://b.example/2'];

  test.each([
    ['where testers get it, before the page', end('applivery', A, B), B],
    ['the page, where the link is of this machine', end('applivery', A, 'http://127.0.0.1:1/x'), A],
    ['what a command has made', { ...end('other', A), link: B }, B],
    ['nothing of a backend that hands out no builds', end('other', A), null],
    ['nothing where there is no link', end('applivery', null), null],
    ['nothing that is no address', end('applivery', 'javascript:alert(1)'), null],
  ])('is of %s', (_, ended, expected) => {
    const lines = linkCode(ended, ROOM, INPUT);
    expect(lines.length === 0 ? null : scanned(lines)).toBe(expected);
  });

  test('is not drawn where it has no room, where the terminal shows ASCII alone, and of what holds a secret', () => {
    const ended = end('applivery', A);
    expect(linkCode(ended, { columns: 20, rows: 60 }, INPUT)).toEqual([]);
    expect(linkCode(ended, ROOM, { ...INPUT, env: { LANG: 'C' } })).toEqual([]);
    expect(linkCode(ended, ROOM, { ...INPUT, safe: () => '[redacted]' })).toEqual([]);
  });
});

describe('links', () => {
  test.each([
    [{}, false],
    [{ FORCE_HYPERLINK: '1' }, true],
    [{ FORCE_HYPERLINK: '0', WT_SESSION: 'x' }, false],
    [{ WT_SESSION: 'x' }, true],
    [{ TERM_PROGRAM: 'iTerm.app', TERM_PROGRAM_VERSION: '3.0.9' }, false],
    [{ TERM_PROGRAM: 'iTerm.app', TERM_PROGRAM_VERSION: '3.4.1' }, true],
    [{ TERM_PROGRAM: 'WezTerm', TERM_PROGRAM_VERSION: '20200608-110940-3fb3a61' }, false],
    [{ TERM_PROGRAM: 'WezTerm', TERM_PROGRAM_VERSION: '20240203-110809-5046fc22' }, true],
    [{ TERM_PROGRAM: 'WezTerm', TERM_PROGRAM_VERSION: '0-unstable-2024-02-03' }, true],
    [{ TERM_PROGRAM: 'vscode', TERM_PROGRAM_VERSION: '1.71.0' }, false],
    [{ TERM_PROGRAM: 'vscode', TERM_PROGRAM_VERSION: '1.90.0' }, true],
    [{ TERM_PROGRAM: 'vscode', TERM_PROGRAM_VERSION: '0.40.0', CURSOR_TRACE_ID: 'x' }, true],
    [{ TERM_PROGRAM: 'ghostty' }, true],
    [{ VTE_VERSION: '4803' }, false],
    [{ VTE_VERSION: '5000' }, false],
    [{ VTE_VERSION: '6800' }, true],
    [{ VTE_VERSION: '0.50.0' }, false],
    [{ VTE_VERSION: '0.68.0' }, true],
    [{ TERM: 'xterm-kitty' }, true],
    [{ TERM: 'xterm-256color' }, false],
    [{ TEAMCITY_VERSION: '2024', VTE_VERSION: '6800' }, false],
  ] as const)('are made for %j: %s', (env, expected) => {
    expect(supportsHyperlinks(env, 'linux')).toBe(expected);
  });

  test('lead where they say, and end before what ends a sentence', () => {
    const link = (url: string) => `\u001b]8;;${url}\u001b\\${url}\u001b]8;;\u001b\\`;
    expect(withHyperlinks('see https://a.example/b, or "http://c.example/d/" (https://e.example).')).toBe(
      `see ${link('https://a.example/b')}, or "${link('http://c.example/d/')}" (${link('https://e.example')}).`,
    );
    expect(withHyperlinks('javascript:alert(1) \\u{1b}]8;;https')).toBe('javascript:alert(1) \\u{1b}]8;;https');
  });
});

describe('marks', () => {
  test.each([
    [{ LANG: 'de_DE.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'C.UTF-8', LC_ALL: 'C' }, false],
    [{ LC_CTYPE: 'en_US.UTF-8', LANG: 'C' }, true],
    [{}, false],
  ])('are those of Unicode by the locale: %j', (env, expected) => {
    expect(showsUnicode(env, 'linux')).toBe(expected);
  });

  test('have a letter where they are not shown', () => {
    expect(withPlainMark('✓ done')).toBe('+ done');
    expect(withPlainMark('  \u001b[31m✗\u001b[39m failed ✗')).toBe('  \u001b[31mx\u001b[39m failed ✗');
    expect(withPlainMark('no mark ✓')).toBe('no mark ✓');
  });
});
