import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT, temporaryFolder } from '../src/testing/files.ts';
import { cleanEnvironment } from './support/cli.ts';
import { codeBlocks } from './support/code-blocks.ts';

const run = promisify(execFile);

/** The tarball and its SHA-512, as a release has them. */
async function packInto(folder: string): Promise<string> {
  const copy = join(await temporaryFolder(), 'package');
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((one) => !one.startsWith('!'))])
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse((await run('npm', pack, { cwd: copy })).stdout) as { filename: string }[];
  const name = packed?.filename ?? '';
  const sha512 = createHash('sha512').update(await readFile(join(folder, name)));
  await writeFile(join(folder, `${name}.sha512`), `${sha512.digest('hex')}  ${name}\n`);
  return name;
}

test("a stranger's way: the commands of README, word for word, from the tarball to a protected file and its page", async () => {
  const folder = await temporaryFolder();
  const tarball = await packInto(folder);
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
}, 120_000);
