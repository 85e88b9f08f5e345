import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { ROOT } from '../../src/testing/files.ts';

const run = promisify(execFile);

export interface PackedPackage {
  /** Beside it is its SHA-512, in a file of the same name with `.sha512`. */
  readonly tarball: string;
  /** Of what it holds. */
  readonly paths: readonly string[];
}

/** The package as it would be published, declarations included: made once, for all test files of a run. */
export async function packedPackage(): Promise<PackedPackage> {
  const place = join(process.env.APPTOOL_LARGE_FILES ?? '', 'packed');
  const told = join(place, 'packed.json');
  const isFirst = await mkdir(place).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
  if (isFirst) {
    const made = await pack(place).catch((error: unknown) => ({ error: String(error) }));
    await writeFile(`${told}.new`, JSON.stringify(made));
    await rename(`${told}.new`, told);
  }
  await vi.waitUntil(() => existsSync(told), { timeout: 120_000, interval: 50 });
  const packed = JSON.parse(await readFile(told, 'utf8')) as PackedPackage | { readonly error: string };
  if ('error' in packed) throw new Error(packed.error);
  return packed;
}

/** From a copy of what was built: others test that meanwhile. */
async function pack(place: string): Promise<PackedPackage> {
  const copy = join(place, 'package');
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', 'README.md', ...files.filter((one) => !one.startsWith('!'))])
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  await run(process.execPath, ['scripts/build-types.mjs', join(copy, 'dist', 'types')], { cwd: ROOT });
  const line = ['pack', '--ignore-scripts', '--json', '--pack-destination', place];
  const [packed] = JSON.parse((await run('npm', line, { cwd: copy })).stdout) as {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  if (packed === undefined) throw new Error('npm has packed nothing');
  const tarball = join(place, packed.filename);
  const sha512 = createHash('sha512').update(await readFile(tarball));
  await writeFile(`${tarball}.sha512`, `${sha512.digest('hex')}  ${packed.filename}\n`);
  return { tarball, paths: packed.files.map(({ path }) => path) };
}
