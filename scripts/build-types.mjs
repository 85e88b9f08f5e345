// Writes the declarations of the three doors into dist/types, with those of zod beside them: whoever compiles against the package needs nothing
// else. What no door leads to is left out. Another folder than dist/types can be named.

import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const types = resolve(process.argv[2] ?? join(root, 'dist', 'types'));
const DOORS = ['index', 'backend-kit', 'testing'];
const IMPORT = /(\bfrom\s+|\bimport\()(['"])([^'"]+)\2/g;

await rm(types, { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', 'src', '--outDir', types];
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json', ...options], { cwd: root, stdio: 'inherit' });
await copyZod();

const kept = new Set();
for (const door of DOORS) await keep(join(types, `${door}.d.ts`));
for (const name of await readdir(types, { recursive: true })) {
  const path = join(types, name);
  if (name.endsWith('.d.ts') && !kept.has(path)) await rm(path);
}

/** Those of version 4, which is all that the entry of zod leads to. */
async function copyZod() {
  const from = join(root, 'node_modules', 'zod');
  await mkdir(join(types, 'zod'), { recursive: true });
  const filter = (path) => path.includes('/v4/') || path.endsWith('index.d.ts') || path.endsWith('/v4');
  await cp(join(from, 'index.d.ts'), join(types, 'zod', 'index.d.ts'));
  for (const folder of ['core', 'classic', 'locales'])
    await cp(join(from, 'v4', folder), join(types, 'zod', 'v4', folder), {
      recursive: true,
      filter: (path) => filter(path) && !/\.(?:c?js|d\.cts)$/.test(path),
    });
}

/** Points every import of a file at a declaration in the package, and goes on with those. */
async function keep(path) {
  if (kept.has(path)) return;
  kept.add(path);
  const text = await readFile(path, 'utf8');
  const next = [];
  const pointed = text.replace(IMPORT, (whole, before, quote, target) => {
    if (target === 'zod') {
      const zod = join(types, 'zod', 'index.d.ts');
      next.push(zod);
      return `${before}${quote}${asSpecifier(relative(dirname(path), zod))}${quote}`;
    }
    if (!target.startsWith('.')) return whole;
    next.push(join(dirname(path), target.replace(/\.[jt]s$/, '.d.ts')));
    return `${before}${quote}${target.replace(/\.ts$/, '.js')}${quote}`;
  });
  if (pointed !== text) await writeFile(path, pointed);
  for (const one of next) await keep(one);
}

function asSpecifier(path) {
  const js = path.replace(/\.d\.ts$/, '.js');
  return js.startsWith('.') ? js : `./${js}`;
}
