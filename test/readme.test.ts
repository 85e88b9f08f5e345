import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT, temporaryFolder } from '../src/testing/files.ts';
import { cleanEnvironment } from './support/cli.ts';
import { codeBlocks } from './support/code-blocks.ts';

const run = promisify(execFile);

/** The tarball and its SHA-512, as a release has them; and the paths of what it holds. */
async function packInto(folder: string): Promise<{ readonly tarball: string; readonly paths: readonly string[] }> {
  const copy = join(await temporaryFolder(), 'package');
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', 'README.md', ...files.filter((one) => !one.startsWith('!'))])
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse((await run('npm', pack, { cwd: copy })).stdout) as {
    filename: string;
    files: { path: string }[];
  }[];
  const name = packed?.filename ?? '';
  const sha512 = createHash('sha512').update(await readFile(join(folder, name)));
  await writeFile(join(folder, `${name}.sha512`), `${sha512.digest('hex')}  ${name}\n`);
  return { tarball: name, paths: packed?.files.map(({ path }) => path) ?? [] };
}

test("a stranger's way: the commands of README, word for word, from the tarball to a protected file and its page", async () => {
  const folder = await temporaryFolder();
  const { tarball, paths } = await packInto(folder);
  const [install = '', rehearsal = ''] = await codeBlocks('README.md', 'sh');
  expect(install).toContain(tarball);
  expect(rehearsal).toContain('--sandbox');
  await writeFile(join(folder, 'package.json'), '{ "private": true }');

  const lines = `set -eu\n${install}${rehearsal}`;
  const env = cleanEnvironment({ HOME: folder, npm_config_offline: 'true' });
  const { stdout } = await run('sh', ['-c', lines], { cwd: folder, env });

  expect(stdout).toContain(`${tarball}: OK`);
  expect(stdout).toMatch(/^app-protected\.apk$/m);
  await access(join(folder, 'app-protected.apk'));
  expect(await readFile(join(folder, 'release.html'), 'utf8')).toContain('dev.apptool.sample 4.2.0 (4200)');

  await expectLinksInside(paths);
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
