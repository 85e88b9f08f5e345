// Starts what a benchmark needs and measures what it runs.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const TLS = here('../fixtures/tls');
const CA = join(TLS, 'ca.pem');
export const APPTOOL = here('../bin/apptool.js');

const programs = { node: process.execPath, environment: {} };
/** The Node.js that is measured. */
export const node = () => programs.node;
/** From now on that Node.js is measured, and all that is measured gets these variables. */
export function setPrograms(changed) {
  Object.assign(programs, changed);
}

export const folder = mkdtempSync(join(tmpdir(), 'apptool-bench-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Runs a command to its end: seconds of wall clock and CPU, peak memory in MB, as the system counted them. Throws when it fails. */
export async function measure(command, args, environment = {}) {
  const child = spawn('/usr/bin/time', ['-f', '%e %U %S %M', command, ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      NODE_EXTRA_CA_CERTS: CA,
      CURL_CA_BUNDLE: CA,
      ...programs.environment,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const startedAt = performance.now();
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const wall = (performance.now() - startedAt) / 1000;
  children.delete(child);
  if (code !== 0 && environment.EXPECTED_EXIT !== String(code))
    throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr}`);
  const [, user, system, memory] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { wall, cpu: user + system, memory: memory / 1000, stdout };
}

const QUIET_SHELL = '"$@" >/dev/null 2>&1 || [ $? = "$EXPECTED_EXIT" ] || exit 1';

/** A command so often in a row that what the system counts in hundredths of a second tells something. Seconds of one of them. */
export async function measureMany(times, command, args, environment = {}) {
  const loop = `for _ in $(seq ${times}); do ${QUIET_SHELL}; done`;
  const run = await measure('sh', ['-c', loop, 'sh', command, ...args], environment);
  return { ...run, wall: run.wall / times, cpu: run.cpu / times };
}

/** A command with another one beside it, or after it: the CPU of both, and the wall of the whole. */
export function measureBoth(command, args, second, how) {
  const script = {
    beside: `${second} >/dev/null & "$@" || exit 1; wait $!`,
    after: `"$@" && ${second} >/dev/null`,
  }[how];
  return measure('sh', ['-c', script, 'sh', command, ...args]);
}

async function startServer(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const line = await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  return { line, stop: () => children.delete(child) && child.kill('SIGKILL') };
}

/** AppTego's API and a discarding store on one server; `options` imitate a link. */
export async function startSink(options = {}) {
  const args = Object.entries(options).map(([key, value]) => `--${key}=${value}`);
  const { line, stop } = await startServer(process.execPath, [here('sink.mjs'), ...args]);
  return { api: line, data: options.data ?? line, stop };
}

/** The same with the store in C where it can be built: one that costs little. `file` is what downloads give. */
export async function startFastSink(scheme, file) {
  const tls = scheme === 'https' ? 'yes' : 'no';
  const program = buildFastStore();
  if (program === null) return await startSink({ tls, file });
  const identity = scheme === 'https' ? [join(TLS, 'localhost.pem'), join(TLS, 'localhost.key')] : [];
  const store = await startServer(program, [file, ...identity]);
  const data = `${scheme}://localhost:${store.line}`;
  const sink = await startSink({ tls, data, file });
  const stop = () => {
    store.stop();
    sink.stop();
  };
  return { api: sink.api, data, stop };
}

let fastStore;
export function buildFastStore() {
  if (fastStore !== undefined) return fastStore;
  const program = join(folder, 'sink');
  const { status } = spawnSync('cc', [
    '-D_GNU_SOURCE',
    '-O2',
    here('sink.c'),
    '-o',
    program,
    '-lssl',
    '-lcrypto',
    '-lpthread',
  ]);
  fastStore = status === 0 ? program : null;
  return fastStore;
}

/** A TypeScript file of `programs/` as a program. */
export async function bundle(name) {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [here(`programs/${name}.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
  });
  return outfile;
}

/** An upload, a protect or a download by the built command line. */
export function apptool(args, sink, environment = {}) {
  return measure(node(), [APPTOOL, ...args], {
    APPTEGO_API_KEY: 'id:secret',
    APPTEGO_API_URL: sink.api,
    APPTOOL_QUIET: '1',
    ...environment,
  });
}

const FIXTURE = here('../fixtures/unsigned.apk');

/** A valid APK of that size, by the program that makes it. */
export async function makeApk(sizeBytes, program = 'make-apk') {
  const path = join(folder, `${program}-${sizeBytes}.apk`);
  if (!existsSync(path)) await measure(process.execPath, [await bundle(program), FIXTURE, path, String(sizeBytes)]);
  return path;
}

/** An upload by apptool. */
export const upload = (sink, path, inFlight) => () =>
  apptool(['upload', path, '--to', 'apptego', '-e', 'dev', '--concurrency', String(inFlight)], sink);

/** A file as parts of their own, which is how curl can send them at once; their paths. */
export async function splitFile(path, partBytes) {
  const source = await open(path);
  const parts = [];
  const buffer = Buffer.alloc(partBytes);
  for (let position = 0; ; position += partBytes) {
    const { bytesRead } = await source.read(buffer, 0, partBytes, position);
    if (bytesRead === 0) break;
    parts.push(`${path}.${parts.length + 1}`);
    await writeFile(parts.at(-1), buffer.subarray(0, bytesRead));
  }
  await source.close();
  return parts;
}
