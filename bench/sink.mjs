// The server that benchmarks run against, in a process of its own: it answers as AppTego's Automation API does, and reads and discards
// what it is sent. A link can be imitated: so many bytes a second for each connection or for all together, and a delay before each answer.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { setTimeout } from 'node:timers/promises';

const CHUNK_BYTES = 10_485_760;
const options = Object.fromEntries(process.argv.slice(2).map((argument) => argument.replace(/^--/, '').split('=')));
const perConnection = Number(options.connection ?? Number.POSITIVE_INFINITY);
const together = Number(options.total ?? Number.POSITIVE_INFINITY);
const delayMs = Number(options.delay ?? 0);
const isTls = options.tls === 'yes';
/** Where signed URLs point: here, or at another server that costs less. */
const dataOrigin = () => options.data ?? origin;
/** What a download gives, over and over until it is long enough. */
const filler = options.file ? readFileSync(options.file) : randomBytes(1024 * 1024);

let sharedAt = 0;
const connectionAt = new WeakMap();
/** How long until these bytes may go on, by the connection's share and by everybody's. */
function waitFor(socket, bytes) {
  const now = performance.now();
  const own = Math.max(connectionAt.get(socket) ?? 0, now) + (bytes / perConnection) * 1000;
  connectionAt.set(socket, own);
  sharedAt = Math.max(sharedAt, now) + (bytes / together) * 1000;
  return Math.max(own, sharedAt) - now;
}
const isLimited = Number.isFinite(perConnection) || Number.isFinite(together);

function discard(request, response) {
  request.on('data', (chunk) => {
    if (!isLimited) return;
    const ms = waitFor(request.socket, chunk.length);
    if (ms < 2) return;
    request.pause();
    void setTimeout(ms).then(() => request.resume());
  });
  request.on('end', () => {
    const answer = () =>
      response.writeHead(200, { etag: '"0123456789abcdef0123456789abcdef"', 'content-length': 0 }).end();
    if (delayMs > 0) void setTimeout(delayMs).then(answer);
    else answer();
  });
}

/** The head of an answer, and which bytes it promises. */
function startAnswer(request, response, size) {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = Math.min(range?.[2] ? Number(range[2]) : size, size - 1);
  const headers = { 'content-length': end - start + 1, etag: '"bench"', 'accept-ranges': 'bytes' };
  if (range) response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${size}` });
  else response.writeHead(200, headers);
  return { start, end };
}

async function serveBytes(request, response, size) {
  if (delayMs > 0) await setTimeout(delayMs);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { start, end } = startAnswer(request, response, size);
  const step = isLimited ? 65_536 : 1_048_576;
  for (let at = start; at <= end && !response.destroyed; ) {
    // The same byte stands at the same place whoever asks for it, in whatever ranges.
    const offset = at % filler.length;
    const piece = filler.subarray(offset, Math.min(offset + step, offset + end + 1 - at));
    at += piece.length;
    const ms = isLimited ? waitFor(request.socket, piece.length) : 0;
    if (ms >= 2) await setTimeout(ms);
    if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal }).catch(() => {});
  }
  response.end();
}

let origin = '';
let nextJob = 1_700_000_000;
const names = new Map();
function answerApi(path, body) {
  if (path === '/automate/upload') {
    const { file_name, file_size, platform } = body;
    nextJob += 1;
    names.set(String(nextJob), { file_name, platform });
    const common = {
      file_path: `t/${file_name}`,
      start_time: nextJob,
      expires_in: 3600,
      signing_key_id: null,
      job_id: String(nextJob),
    };
    const parts = Math.ceil(file_size / CHUNK_BYTES);
    if (file_size < 100_000_000)
      return { url: `${dataOrigin()}/put/1`, upload_url: `${dataOrigin()}/put/1`, ...common };
    const part_urls = Array.from({ length: parts }, (_, index) => `${dataOrigin()}/put/${index + 1}`);
    return { multipart: true, upload_id: 'u', part_urls, chunk_size: CHUNK_BYTES, total_parts: parts, ...common };
  }
  const id = path.split('/').at(-1);
  if (path.startsWith('/automate/status/')) return { job_id: id, status: 'completed', ...names.get(id) };
  if (path.startsWith('/automate/download/'))
    return { job_id: id, file_name: 'app.apk', download_url: `${dataOrigin()}/get/${filler.length}`, expires_in: 3600 };
  return { message: 'done' };
}

async function serve(request, response) {
  const { method, url } = request;
  if (method === 'PUT') return discard(request, response);
  if (url.startsWith('/get/')) return await serveBytes(request, response, Number(url.slice('/get/'.length)));
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const reply = Buffer.from(JSON.stringify(answerApi(url, text === '' ? {} : JSON.parse(text))));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': reply.length }).end(reply);
}

const tls = isTls && {
  cert: readFileSync(new URL('../fixtures/tls/localhost.pem', import.meta.url)),
  key: readFileSync(new URL('../fixtures/tls/localhost.key', import.meta.url)),
};
const server = isTls ? createHttps(tls, serve) : createHttp(serve);
server.requestTimeout = 0;
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  origin = `${isTls ? 'https' : 'http'}://localhost:${server.address().port}`;
  process.stdout.write(`${origin}\n`);
});
