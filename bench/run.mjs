// npm run bench: apptool against curl with a hashing tool and against what a link allows, in one run and in turn. Prints medians and ratios; only
// ratios taken in one run count.
// Usage: npm run bench -- [--pairs=5] [--only=uploads,links,…] [--nodes=this,26] [--without=none|sha|sha,aes]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getNode } from '../scripts/other-node.mjs';
import { download } from './cases/download.mjs';
import { fleet } from './cases/fleet.mjs';
import { form } from './cases/form.mjs';
import { inspect } from './cases/inspect.mjs';
import { latency, links } from './cases/links.mjs';
import { memory } from './cases/memory.mjs';
import { protect } from './cases/protect.mjs';
import { startup } from './cases/startup.mjs';
import { peers, uploads } from './cases/upload.mjs';
import { buildFastStore, folder, node, setPrograms } from './processes.mjs';
import { processorWithout, processorWords } from './processor.mjs';
import { setPairs } from './report.mjs';

const CASES = { startup, uploads, peers, form, memory, latency, links, download, protect, inspect, fleet };
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    nodes: { type: 'string', default: 'this' },
    without: { type: 'string', default: 'none' },
  },
});
setPairs(Number(values.pairs));
const names = values.only === '' ? Object.keys(CASES) : values.only.split(',');
for (const name of names)
  if (CASES[name] === undefined) throw new Error(`no case ${name}; there are ${Object.keys(CASES).join(', ')}`);

console.log(processorWords());
for (const version of values.nodes.split(',')) {
  const program = version === 'this' ? process.execPath : getNode(version, join(folder, `node-${version}`));
  if (program === null) {
    console.log(`\nNode ${version} cannot be had here: left out`);
    continue;
  }
  setPrograms({ node: program, environment: {} });
  console.log(`\nNode ${String(spawnSync(node(), ['--version']).stdout).trim()}, ${values.pairs} pairs`);
  setPrograms({ environment: processorWithout(values.without) });
  const store = buildFastStore() === null ? 'Node (cc or OpenSSL is missing: the store takes a core of its own)' : 'C';
  console.log(`SHA and AES instructions hidden: ${values.without}; store written in ${store}`);
  for (const name of names) await CASES[name]();
}
