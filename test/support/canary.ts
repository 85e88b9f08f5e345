import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { atEnd } from '../../src/testing/cleanup.ts';
import type { CliResult } from './cli.ts';

/** The key that every run gets unless its row is about the key; no part of the secret may ever be seen. */
export const CANARY_KEY = 'key_id:key_secret_value';
const CANARY_SECRET = 'key_secret_value';

interface CanaryRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A server that a refused run must not touch. */
export interface Canary {
  readonly url: string;
  /** A well-formed key and this server as the API: what is not refused arrives here. */
  readonly variables: Readonly<Record<string, string>>;
  /** How many connections came in so far, whatever was said on them. */
  readonly connections: number;
  readonly requests: readonly CanaryRequest[];
}

/** Counts what reaches it. Every job has succeeded here, so that an accepted `status` ends with exit code 0; the rest is forbidden. */
export async function startCanary(): Promise<Canary> {
  let connections = 0;
  const requests: CanaryRequest[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ method: request.method ?? '', path, headers: request.headers });
    const job = /^(?:http:\/\/[^/]+)?\/automate\/status\/([\w.-]+)$/.exec(path)?.[1];
    const answer = job === undefined ? { error: 'canary' } : { job_id: job, status: 'completed' };
    response.writeHead(job === undefined ? 403 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
  server.on('connection', () => {
    connections += 1;
  });
  // As a proxy for https it refuses, so that nobody tries again.
  server.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    variables: { APPTEGO_API_URL: url, APPTEGO_API_KEY: CANARY_KEY },
    get connections() {
      return connections;
    },
    requests,
  };
}

/** Rows for `test.each(…)('%s', …)`: the name first, for it to be the test's name as it stands. */
export function named<Row extends { readonly name: string }>(rows: readonly Row[]): [string, Row][] {
  return rows.map((row) => [row.name, row]);
}

export interface Refusal {
  readonly exit: number;
  /** What the error must say. */
  readonly says: string | RegExp | readonly (string | RegExp)[];
  /** What neither stream may hold. */
  readonly hides?: readonly string[];
}

/** Refused as the row says, in plain words on stderr, with nothing on stdout, nothing leaked and nothing sent. */
export function expectRefused(result: CliResult, canary: Canary, { exit, says, hides = [] }: Refusal): void {
  expect(result.code, result.stderr).toBe(exit);
  for (const words of says instanceof RegExp || typeof says === 'string' ? [says] : says)
    expect(result.stderr).toMatch(words);
  expect(result.stdout).toBe('');
  expectHidden(result, hides);
  expect(canary.connections).toBe(0);
}

/** Neither stream holds one of the texts, nor the secret of the usual key. */
export function expectHidden(result: CliResult, texts: readonly string[]): void {
  for (const text of [CANARY_SECRET, ...texts]) expect(result.stdout + result.stderr).not.toContain(text);
}

/** Accepted: exit code 0 and nothing leaked. */
export function expectAccepted(result: CliResult): void {
  expect(result.code, result.stderr).toBe(0);
  expectHidden(result, []);
}

export interface Measured {
  /** Largest resident set of the process. */
  readonly maxRssMiB: number;
  /** Processor time from its start to its end: what a busy machine does not stretch. */
  readonly cpuMs: number;
}

/** Watches a run from inside its process: pass `env` to `runCli`, then `read` what was measured. */
export async function probe(
  folder: string,
): Promise<{ readonly env: Readonly<Record<string, string>>; read(): Promise<Measured> }> {
  const script = join(folder, 'probe.mjs');
  const report = join(folder, 'probe.json');
  await writeFile(
    script,
    `import { writeFileSync } from 'node:fs';
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const measured = { maxRssMiB: maxRSS / 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 };
  writeFileSync(${JSON.stringify(report)}, JSON.stringify(measured));
});
`,
  );
  return {
    env: { NODE_OPTIONS: `--import=${script}` },
    read: async () => JSON.parse(await readFile(report, 'utf8')) as Measured,
  };
}
