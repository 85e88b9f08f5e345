// The bundler cuts shared code up by which of the files that are loaded later want a part of it: two hundred small files, of which a start loads
// twenty. Each costs a millisecond or so. Here every module that is loaded later also imports, first, what has been loaded by then anyway, so that
// stays in one file: all that reads a command line, and all that every run needs.

import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const START = 'src/cli/main.ts';
const RUN = 'src/cli/session/stages.ts';
/** Loaded before a run begins, or without one. */
const WITHOUT_RUN = [RUN, 'src/cli/line/setting-texts.ts', 'src/cli/line/secret-variables.ts', 'src/backends/index.ts'];

/** The modules that are loaded by `import(…)`, as absolute paths. */
function loadedLater(root) {
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true });
  const paths = sources.filter((one) => /\.tsx?$/.test(one.name)).map((one) => join(one.parentPath, one.name));
  const found = paths.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/import\('(\.[^']+)'\)/g)].map(([, to]) => join(dirname(path), to)),
  );
  return new Set(found);
}

/** A plugin for esbuild. */
export function loadGroups(root) {
  const later = loadedLater(root);
  later.delete(join(root, START));
  const early = new Set(WITHOUT_RUN.map((path) => join(root, path)));
  return {
    name: 'load-groups',
    setup(build) {
      build.onLoad({ filter: /\/src\/.*\.tsx?$/ }, async ({ path }) => {
        if (!later.has(path)) return undefined;
        const before = [START, ...(early.has(path) ? [] : [RUN])];
        const imports = before.map((one) => `import ${JSON.stringify(join(root, one))};`).join(' ');
        const contents = `${imports} ${await readFile(path, 'utf8')}`;
        return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' };
      });
    },
  };
}
