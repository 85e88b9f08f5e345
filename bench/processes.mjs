// Starts what a benchmark needs and measures what it runs.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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
    env: { PATH: process.env.PATH, HOME: folder, NODE_EXTRA_CA_CERTS: CA, CURL_CA_BUNDLE: CA, ...environment },
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

/** A TypeScript file of ours as a program. */
export async function bundle(name) {
  const outfile = join(folder, name.replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [here(name)],
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
  return measure(process.execPath, [APPTOOL, ...args], {
    APPTEGO_API_KEY: 'id:secret',
    APPTEGO_API_URL: sink.api,
    APPTOOL_QUIET: '1',
    ...environment,
  });
}

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
