import { execFile } from 'node:child_process';
import { access, copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT, temporaryFolder } from '../src/testing/files.ts';
import { cleanEnvironment } from './support/cli.ts';
import { codeBlocks } from './support/code-blocks.ts';
import { packedPackage } from './support/packed-package.ts';

const run = promisify(execFile);

test("a stranger's way: the commands of README, word for word, from the tarball to a protected file and its page", async () => {
  const folder = await temporaryFolder();
  const packed = await packedPackage();
  const tarball = basename(packed.tarball);
  for (const ending of ['', '.sha512'])
    await copyFile(`${packed.tarball}${ending}`, join(folder, `${tarball}${ending}`));
  const [install = '', rehearsal = ''] = await codeBlocks('README.md', 'sh');
  expect(install).toContain(tarball);
  expect(rehearsal).toContain('--sandbox');
  await writeFile(join(folder, 'package.json'), '{ "private": true }');

  const lines = `set -eu\n${install}${rehearsal}`;
  // Its waits are short: the stand-in takes seconds.
  const fast = `--import ${join(ROOT, 'test', 'support', 'fast-time.mjs')}`;
  const env = cleanEnvironment({ HOME: folder, npm_config_offline: 'true', NODE_OPTIONS: fast });
  const { stdout } = await run('sh', ['-c', lines], { cwd: folder, env });

  expect(stdout).toContain(`${tarball}: OK`);
  expect(stdout).toMatch(/^app-protected\.apk$/m);
  await access(join(folder, 'app-protected.apk'));
  expect(await readFile(join(folder, 'release.html'), 'utf8')).toContain('dev.apptool.sample 4.2.0 (4200)');

  await expectLinksInside(packed.paths);
}, 120_000);

/** What README alone names for those who work on apptool, which the package leaves out. */
const FOR_CONTRIBUTORS = ['CONTRIBUTING.md', 'docs/performance.md'];

/** The pages of the package lead to what the package holds. */
async function expectLinksInside(paths: readonly string[]): Promise<void> {
  const pages = paths.filter((path) => path.endsWith('.md'));
  const outside: string[] = [];
  for (const page of pages) {
    const text = await readFile(join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => join(dirname(page), link));
    const isKnown = (link: string): boolean =>
      paths.some((path) => path === link || path.startsWith(`${link}/`)) ||
      (page === 'README.md' && FOR_CONTRIBUTORS.includes(link));
    outside.push(...links.filter((link) => !isKnown(link)).map((link) => `${page}: ${link}`));
  }

  expect(pages).toContain('docs/reference.md');
  expect(paths.filter((path) => FOR_CONTRIBUTORS.includes(path) || path.startsWith('docs/decisions/'))).toEqual([]);
  expect(outside).toEqual([]);
}
