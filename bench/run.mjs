// npm run bench: apptool against curl and against what a link allows, in one run and in turn. Prints medians and ratios; only ratios
// taken in one run count. Usage: npm run bench -- [--pairs=5] [--only=upload,links,…]
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeFleet } from './fleet.mjs';
import {
  APPTOOL,
  apptool,
  buildFastStore,
  bundle,
  folder,
  measure,
  splitFile,
  startFastSink,
  startSink,
} from './processes.mjs';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const PART = 10 * MIB;
const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '5' }, only: { type: 'string', default: '' } },
});
const pairs = Number(values.pairs);
const fixture = fileURLToPath(new URL('../fixtures/unsigned.apk', import.meta.url));

function report(what, figure, goal = '') {
  console.log([what.padEnd(66), figure.padEnd(54), goal].join(' ').trimEnd());
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const of = (runs, key) => median(runs.map((run) => run[key]));
const figures = (runs) =>
  `${of(runs, 'wall').toFixed(2)} s wall, ${of(runs, 'cpu').toFixed(2)} s CPU, ${of(runs, 'memory').toFixed(0)} MB`;
const ratio = (ours, theirs, key) => median(ours.map((run, index) => run[key] / theirs[index][key])).toFixed(2);

/** Runs the ways in turn, after one warm-up of each. Resolves with each way's runs. */
async function inTurn(ways, times = pairs) {
  const runs = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round <= times; round += 1) {
    for (const [name, run] of Object.entries(ways)) {
      const result = await run();
      if (round > 0) runs[name].push(result);
    }
  }
  return runs;
}

async function makeApk(sizeBytes) {
  const path = join(folder, `app-${sizeBytes}.apk`);
  const program = await bundle('make-apk.ts');
  await measure(process.execPath, [program, fixture, path, String(sizeBytes)]);
  return path;
}

const upload = (sink, path, inFlight) => () =>
  apptool(['upload', path, '--to', 'apptego', '-e', 'dev', '--concurrency', String(inFlight)], sink);

async function curlParts(path, origin) {
  const config = join(folder, 'curl.txt');
  const parts = await splitFile(path, PART);
  writeFileSync(
    config,
    parts
      .map((part, index) => `upload-file = "${part}"\nurl = "${origin}/put/${index}"\noutput = "/dev/null"`)
      .join('\n'),
  );
  return config;
}

const curlPut = (path, origin) => () => measure('curl', ['-sSf', '-o', '/dev/null', '-T', path, `${origin}/put/1`]);

const cases = {
  async startup() {
    const runs = await inTurn(
      {
        node: () => measure(process.execPath, ['-e', '0']),
        version: () => measure(process.execPath, [APPTOOL, '--version']),
        help: () => measure(process.execPath, [APPTOOL, 'protect', '--help']),
        usage: () => measure(process.execPath, [APPTOOL, 'protect', '--nonsense'], { EXPECTED_EXIT: '2' }),
      },
      Math.max(pairs, 9),
    );
    report('start-up: node -e 0', `${(of(runs.node, 'wall') * 1000).toFixed(0)} ms`);
    for (const name of ['version', 'help', 'usage']) {
      report(
        `start-up: ${name}`,
        `${(of(runs[name], 'wall') * 1000).toFixed(0)} ms = ${ratio(runs[name], runs.node, 'wall')} x node`,
        'P7 <= 1.7 x',
      );
    }
  },

  async upload() {
    const path = await makeApk(GIB);
    const alone = await bundle('transfer-alone.ts');
    for (const scheme of ['http', 'https']) {
      const sink = await startFastSink(scheme, fixture);
      const config = await curlParts(path, sink.data);
      const runs = await inTurn({
        curl: curlPut(path, sink.data),
        alone: () => measure(process.execPath, [alone, sink.data, path, '4']),
        curlZ: () => measure('curl', ['-sSfZ', '--parallel-max', '4', '-K', config]),
        apptool: upload(sink, path, 4),
      });
      sink.stop();
      report(`${scheme} upload of 1 GiB: curl, one PUT`, figures(runs.curl));
      report(`${scheme} upload of 1 GiB: curl -Z, 4 parts at once`, figures(runs.curlZ));
      report(`${scheme} upload of 1 GiB: apptool's transfer alone, 4 at once`, figures(runs.alone));
      report('  CPU against curl', `${ratio(runs.alone, runs.curl, 'cpu')} x`, scheme === 'https' ? 'P1 <= 1.4 x' : '');
      report(`${scheme} upload of 1 GiB: apptool with all it does, 4 at once`, figures(runs.apptool));
      report(
        '  wall against curl -Z',
        `${ratio(runs.apptool, runs.curlZ, 'wall')} x`,
        scheme === 'https' ? 'P2 <= 1.5 x' : '',
      );
    }
  },

  async form() {
    if (buildFastStore() === null) return report('form upload', 'needs cc and OpenSSL');
    const path = await makeApk(GIB);
    const alone = await bundle('form-alone.ts');
    const sink = await startFastSink('https', fixture);
    const runs = await inTurn({
      alone: () => measure(process.execPath, [alone, sink.data, path]),
      curl: () =>
        measure('curl', ['-sSf', '-o', '/dev/null', '-F', `build=@${path}`, `${sink.data}/v1/integrations/builds`]),
      apptool: () =>
        apptool(['upload', path, '--to', 'applivery', '--set', 'applivery.deployer=false'], sink, {
          APPLIVERY_UPLOAD_URL: sink.data,
          APPLIVERY_APP_TOKEN: 'bench',
        }),
    });
    sink.stop();
    report('https form of 1 GiB: curl -F', figures(runs.curl));
    report("https form of 1 GiB: apptool's transfer alone", figures(runs.alone));
    report('  CPU against curl -F', `${ratio(runs.alone, runs.curl, 'cpu')} x`, 'P10 <= 1.5 x');
    report('https form of 1 GiB: apptool upload --to applivery, with SHA-256', figures(runs.apptool));
    report('  CPU against curl -F', `${ratio(runs.apptool, runs.curl, 'cpu')} x`);
  },

  async memory() {
    const sink = await startFastSink('https', fixture);
    const peaks = [];
    for (const sizeBytes of [200 * MIB, 2 * GIB - PART]) {
      const path = await makeApk(sizeBytes);
      const { apptool: runs } = await inTurn({ apptool: upload(sink, path, 4) }, Math.min(pairs, 3));
      rmSync(path);
      peaks.push(of(runs, 'memory'));
    }
    sink.stop();
    report('peak memory, 2 GiB over https, 4 at once', `${peaks[1].toFixed(0)} MB`, 'P5 <= 120 MB');
    report(
      '  against 200 MiB',
      `${peaks[0].toFixed(0)} MB, so ${((peaks[1] / peaks[0] - 1) * 100).toFixed(0)} % more`,
      'P5 <= 10 %',
    );
  },

  async latency() {
    const path = await makeApk(256 * MIB);
    const parts = Math.ceil(statSync(path).size / PART);
    for (const inFlight of [4, 8]) {
      const rounds = Math.ceil(parts / inFlight);
      const quick = await startSink();
      const slow = await startSink({ delay: 200 });
      const runs = await inTurn(
        { quick: upload(quick, path, inFlight), slow: upload(slow, path, inFlight) },
        Math.min(pairs, 3),
      );
      quick.stop();
      slow.stop();
      const ideal = of(runs.quick, 'wall') + rounds * 0.2;
      report(
        `200 ms a part, 256 MiB, ${inFlight} at once`,
        `${of(runs.slow, 'wall').toFixed(2)} s; ideal ${ideal.toFixed(2)} s: ${(of(runs.slow, 'wall') / ideal).toFixed(2)} x`,
        'P4 <= 1.05 x',
      );
      const capped = await startSink({ connection: 20e6 });
      const { capped: cappedRuns } = await inTurn({ capped: upload(capped, path, inFlight) }, 1);
      capped.stop();
      const cappedIdeal = (rounds * PART) / 20e6;
      report(
        `20 MB/s a connection, 256 MiB, ${inFlight} at once`,
        `${of(cappedRuns, 'wall').toFixed(2)} s; ideal ${cappedIdeal.toFixed(2)} s: ${(of(cappedRuns, 'wall') / cappedIdeal).toFixed(2)} x`,
        'P4 <= 1.05 x',
      );
    }
  },

  async links() {
    const links = [
      ['20 MB/s a connection, 100 ms a part, 1 GiB', GIB, { connection: 20e6, delay: 100 }],
      ['50 MB/s in all, 100 ms a part, 1 GiB', GIB, { total: 50e6, delay: 100 }],
      ['200 ms a part, 1 GiB', GIB, { delay: 200 }],
      ['8 MB/s in all, 100 MiB', 100 * MIB, { total: 8e6 }],
      ['60 MB/s a connection, 200 MB/s in all, 1 GiB', GIB, { connection: 60e6, total: 200e6 }],
    ];
    for (const [name, sizeBytes, link] of links) {
      const path = await makeApk(sizeBytes);
      const sink = await startSink(link);
      const walls = {};
      for (const inFlight of [4, 8, 16, 'auto']) walls[inFlight] = (await upload(sink, path, inFlight)()).wall;
      sink.stop();
      const best = Math.min(walls[4], walls[8], walls[16]);
      const all = Object.entries(walls)
        .map(([inFlight, wall]) => `${inFlight}: ${wall.toFixed(2)}`)
        .join('  ');
      report(name, `${all} s`);
      report('  auto against the best fixed number', `${(walls.auto / best).toFixed(2)} x`, 'P4 <= 1.2 x');
    }
  },

  async download() {
    const output = join(folder, 'output.apk');
    const download = (sink, environment) => async () => {
      rmSync(output, { force: true });
      return await apptool(['download', 'apptego:1700000001', '-o', output], sink, environment);
    };
    const served = await makeApk(GIB);
    const fast = await startFastSink('https', served);
    const runs = await inTurn({
      curl: () => measure('curl', ['-sSf', '-o', join(folder, 'curl.apk'), `${fast.data}/get/${GIB}`]),
      apptool: download(fast),
    });
    fast.stop();
    report('https download of 1 GiB: curl -o', figures(runs.curl));
    report('https download of 1 GiB: apptool, checked and hashed', figures(runs.apptool));
    report('  wall against curl', `${ratio(runs.apptool, runs.curl, 'wall')} x`, 'P6 <= 1.4 x');
    const capped = await startSink({ connection: 40e6, file: served });
    const { apptool: cappedRuns } = await inTurn({ apptool: download(capped) }, 1);
    capped.stop();
    report(
      'download of 1 GiB at 40 MB/s a connection: apptool',
      `${of(cappedRuns, 'wall').toFixed(2)} s; one connection would take ${(GIB / 40e6).toFixed(1)} s`,
    );
    const lanes = 8;
    report(
      '  against the ideal of 8 ranges at once',
      `${(of(cappedRuns, 'wall') / (GIB / 40e6 / lanes)).toFixed(2)} x`,
      'P6 <= 1.1 x',
    );
  },

  async protect() {
    const sink = await startSink({ file: fileURLToPath(new URL('../fixtures/v2.apk', import.meta.url)) });
    const output = join(folder, 'protected.apk');
    const { apptool: runs } = await inTurn({
      apptool: async () => {
        rmSync(output, { force: true });
        return await apptool(['protect', fixture, '-e', 'dev', '-o', output, '--poll-interval', '1ms'], sink);
      },
    });
    sink.stop();
    report(
      'protect of a small file on a server without delay',
      `${(of(runs, 'wall') * 1000).toFixed(0)} ms`,
      'P8 <= 250 ms',
    );
  },

  async fleet() {
    const { plan, receipts, flags } = makeFleet(join(folder, 'fleet'), 1000);
    const fleet = (args, environment) => () =>
      measure(process.execPath, [APPTOOL, 'fleet', ...args, '-q'], environment);
    const planned = ['plan', ...flags, '-o', plan];
    // The hashes of a plan hold once the files are older than it by some seconds.
    await setTimeout(3_000);
    await fleet(planned)();
    const runs = await inTurn({
      node: () => measure(process.execPath, ['-e', '0']),
      plan: fleet(planned),
      next: fleet(['plan', ...flags, '--resume', receipts]),
      status: fleet(['status', receipts, '--plan', plan], { EXPECTED_EXIT: '12' }),
    });
    const goal = 'P12 <= 2 s, <= 150 MB';
    report('fleet plan of 1,000 apps with known hashes', figures(runs.plan), goal);
    report('fleet plan of the next wave, by 1,000 receipts', figures(runs.next), goal);
    report('fleet status of 1,000 receipts with three targets each', figures(runs.status), goal);
    const against = ['plan', 'next', 'status'].map((name) => `${ratio(runs[name], runs.node, 'wall')} x`);
    report('  wall of the three against node -e 0', against.join(', '));
  },
};

const names = values.only === '' ? Object.keys(cases) : values.only.split(',');
const store = buildFastStore() === null ? 'Node (cc or OpenSSL is missing: the store takes a core of its own)' : 'C';
console.log(`Node ${process.version}, ${pairs} pairs, store written in ${store}\n`);
for (const name of names) {
  if (cases[name] === undefined) throw new Error(`no case ${name}; there are ${Object.keys(cases).join(', ')}`);
  await cases[name]();
}
