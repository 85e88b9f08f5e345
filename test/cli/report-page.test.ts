import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/contract/record/journal.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { CHROMIUM, startBrowser } from '../support/browser.ts';
import { runCli } from '../support/cli.ts';
import { after, DONE, RUNNING, receiptWith, stepOf } from '../support/receipts.ts';
import { takesTurn } from '../support/share.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core');
const HOSTILE = [
  '<script>window.ran = 1</script>',
  '"><img src=x onerror="window.ran = 1">',
  '</style><script>window.ran = 1</script>',
  '</title><svg onload="window.ran = 1">',
  "' onmouseover='window.ran = 1",
  '&lt;script&gt;window.ran = 1&lt;/script&gt;',
  '\u202egpj.exe\u0000\u001b[31m',
];

async function pageOf(receipts: readonly Receipt[]): Promise<string> {
  const folder = await temporaryFolder();
  const names = receipts.map((_, index) => `r${index}.json`);
  for (const [index, name] of names.entries()) await writeFile(join(folder, name), JSON.stringify(receipts[index]));
  const { code, stderr } = await runCli(['report', ...names, '-o', 'page.html'], { cwd: folder });
  expect(code, stderr).toBe(0);
  return join(folder, 'page.html');
}

/** Every string of it replaced, where its schema leaves it free. */
function hostileReceipt(text: string): Receipt {
  const state = { ...DONE.state, status: text, message: text };
  const links = { page: `javascript:window.ran=1//${text}`, install: text };
  const job = { ref: text, id: text, details: {} };
  const step = stepOf('publish:applivery', { ...DONE, host: text, state, job, links });
  const findings = [{ code: text, severity: 'blocking' as const, message: text }];
  const build = { provider: text, commit: text, branch: text, tag: text, pullRequest: null, buildNumber: text };
  const own = receiptWith({ steps: [{ ...step, id: text, findings }] });
  return {
    ...own,
    environment: text,
    release: { name: text, definition: 'f'.repeat(64) },
    build: { ...build, buildUrl: `javascript:window.ran=1//${text}`, repositoryUrl: text },
    input: { ...own.input, name: text, packageName: text, versionName: text, permissions: [] } as Receipt['input'],
    output: {
      name: text,
      size: 1,
      sha256: text,
      packageName: text,
      versionName: text,
      versionCode: 1,
      signers: [text],
      signedBy: [text],
      permissions: [text],
    },
    runs: own.runs.map((run) => ({ ...run, command: text, buildUrl: `javascript:window.ran=1//${text}` })),
  };
}

function fullReceipts(): readonly Receipt[] {
  const finding = { code: 'debuggable_apk', severity: 'warning' as const, message: 'The APK is debuggable.' };
  const long = 'applivery:apptool-sandbox/fe1dbe68df31db3f22a79615/4d800f159f50dd85da2ffa13';
  const first = stepOf('publish:applivery', {
    ...DONE,
    job: { ref: long, id: long, details: {} },
    links: {
      page: `https://portal.example.com/${'builds/'.repeat(30)}1`,
      install: 'https://store.example.com/nightly',
    },
    findings: [finding],
  });
  const second = stepOf('publish:ignite', { ...RUNNING, host: '127.0.0.1:1', required: false });
  const lost = stepOf('publish:autoappstore', { mayHaveLanded: true, startedAt: after(1), updatedAt: after(9) });
  const other = receiptWith({ steps: [lost] });
  return [
    receiptWith({ steps: [first, second], environment: 'prod' }),
    { ...other, input: { ...other.input, sha256: 'e'.repeat(64) } as Receipt['input'] },
  ];
}

describe.skipIf(CHROMIUM === null)('the page in Chromium', () => {
  let browser: Browser;
  let home = '';
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'apptool-browser-'));
    browser = await startBrowser(home);
  });
  afterAll(async () => {
    await browser.close();
    await rm(home, { recursive: true, force: true });
  });
  const open = async (path: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const page = await browser.newPage(options);
    await page.goto(pathToFileURL(path).href);
    return page;
  };

  const WINDOWS = [
    [360, 'light'],
    [768, 'dark'],
    [1200, 'light'],
  ] as const;

  test('nothing is wider than the window', async () => {
    const page = await open(await pageOf(fullReceipts()));
    for (const [width, colorScheme] of WINDOWS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });

      expect([width, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([width, width]);
    }
  });

  // It looks at all of the page, which takes seconds.
  test.each(WINDOWS.filter((_, index) => takesTurn(index, 3)))(
    'at %i pixels, %s: no violation that axe finds',
    async (width, colorScheme) => {
      const path = await pageOf(fullReceipts());
      // The page's own policy would not let axe in.
      const page = await open(path, { viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      await page.addScriptTag({ path: AXE });

      const violations = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))',
      );
      expect(violations).toEqual([]);
    },
  );

  // All of them on one page, and one on the page of its own, whose title it is.
  test.each(
    [HOSTILE, ...HOSTILE.filter((_, index) => takesTurn(index, HOSTILE.length)).map((text) => [text])].map((texts) => ({
      texts,
    })),
  )('hostile texts run nothing, load nothing and lead nowhere: $texts', async ({ texts }) => {
    const path = await pageOf(texts.map(hostileReceipt));
    const page = await browser.newPage();
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(path).href);
    await page.hover('h1');

    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(await page.locator('a[href^="javascript:"], script, img, [onload], [onerror]').count()).toBe(0);
    const shown = await page.locator('body').innerText();
    for (const text of texts) expect(shown).toContain(text.startsWith('\u202e') ? '\\u{202e}gpj.exe' : text);
    expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
  });

  test('its own style holds under its own policy, and no script could', async () => {
    const path = await pageOf(fullReceipts());
    await writeFile(path, (await readFile(path, 'utf8')).replace('</body>', '<script>window.ran = 1</script></body>'));
    const page = await open(path);

    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(await page.evaluate('getComputedStyle(document.querySelector("article")).borderTopWidth')).toBe('1px');
  });
});
