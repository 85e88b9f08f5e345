// Bundles the program and everything that it runs with into dist/, so that what was tested is what users get: the package itself has
// no dependencies. Code that only some commands need is split off and loaded by them.

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { leaveOut, ownZod } from './leave-out.mjs';
import { loadGroups } from './load-groups.mjs';
import { root, runSource } from './run-source.mjs';

const dist = join(root, 'dist');
await rm(dist, { recursive: true, force: true });
await mkdir(dist);

/** What the code's own schemas say, by running them: the published JSON Schemas, and the texts of the help pages. */
async function readSchemas() {
  const { builtinCommandTexts, builtinPages, publishedSchemas, textsFromSchema } = await runSource(
    'src/cli/output/published-schemas.ts',
  );
  return {
    schemas: await publishedSchemas(),
    texts: textsFromSchema(),
    commands: builtinCommandTexts(),
    pages: builtinPages(),
  };
}

const { schemas, texts, commands, pages } = await readSchemas();
for (const [name, schema] of Object.entries(schemas))
  await writeFile(join(dist, name), `${JSON.stringify(schema, null, 2)}\n`);

await mkdir(join(dist, 'pages'));
for (const [name, page] of Object.entries(pages)) await writeFile(join(dist, 'pages', name), page);

/** As a string: where code reads it, it is not built until it is read. */
const asText = (value) => JSON.stringify(JSON.stringify(value));

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/cli/main.ts',
    index: 'src/index.ts',
    'backend-kit': 'src/backend-kit.ts',
    testing: 'src/testing.ts',
  },
  // The doors' consumers bring it.
  external: ['vitest'],
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  alias: { 'env-paths': './scripts/no-home-folder.mjs', undici: './scripts/undici-parts.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  define: { BUILT_SETTING_TEXTS: asText(texts), BUILT_BACKEND_COMMANDS: asText(commands) },
  plugins: [loadGroups(root), leaveOut, ownZod],
  metafile: true,
  // Some of the bundled packages are CommonJS and ask for node's modules with require.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

// CommonJS, which starts sooner; the program itself is loaded by it, as it is.
await build({
  absWorkingDir: root,
  entryPoints: { start: 'src/cli/start.ts' },
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  plugins: [
    {
      name: 'main-as-it-is',
      setup: ({ onResolve }) => onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: './main.js', external: true })),
    },
  ],
  legalComments: 'none',
  logLevel: 'warning',
});

// The whole of zod, which writers of backends get, in a file of its own: see ownZod.
await build({
  absWorkingDir: root,
  entryPoints: { zod: 'zod' },
  outdir: dist,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  logLevel: 'warning',
});

/** The folders of the packages that went into the bundle. */
function bundledFolders() {
  const folders = Object.keys(metafile.inputs).flatMap((input) => {
    const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
    return folder === undefined ? [] : [folder];
  });
  return [...new Set(folders)].sort();
}

/** The licences of what was bundled travel with it, and a list of it: the package has no dependencies that a scanner could see. */
async function writeNotices() {
  const notices = [];
  const bundled = [];
  for (const folder of bundledFolders()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    bundled.push({ name, version, path: folder });
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE'].find((candidate) =>
      existsSync(join(root, folder, candidate)),
    );
    const text = file ? (await readFile(join(root, folder, file), 'utf8')).trim() : `Licence: ${license}`;
    notices.push(`${name} ${version}\n\n${text}`);
  }
  await writeFile(join(dist, 'bundled-packages.json'), `${JSON.stringify(bundled, null, 2)}\n`);
  await writeFile(join(dist, 'THIRD-PARTY-NOTICES.txt'), `${notices.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
}

await writeNotices();
