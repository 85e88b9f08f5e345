import { gzipSync } from 'node:zlib';
import type { ErrorClass } from '../../src/contract/errors.ts';
import type { Fault, PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';

/** The calls of one `protect` run against AppTego, by how the proxy tells them apart. */
export const CALLS = {
  create: { origin: 'api', method: 'POST', path: /\/automate\/upload$/ },
  object: { origin: 'storage', method: 'PUT', path: /^\/object\// },
  part: { origin: 'storage', method: 'PUT', path: /^\/part\// },
  complete: { origin: 'api', method: 'POST', path: /\/upload\/complete$/ },
  status: { origin: 'api', method: 'GET', path: /\/automate\/status\// },
  link: { origin: 'api', method: 'GET', path: /\/automate\/download\// },
  fetch: { origin: 'storage', method: 'GET', path: /^\/download\// },
} as const satisfies Record<string, Pick<PlannedFault, 'origin' | 'method' | 'path'>>;

export type CallName = keyof typeof CALLS;
export const CALL_NAMES = Object.keys(CALLS) as CallName[];

export type Ending = ErrorClass | 'success';

export interface CatalogEntry {
  /** The fault's id in the specification, and what it is. */
  readonly id: string;
  readonly what: string;
  readonly make: () => Fault;
  /** How a run may end when the fault strikes this call every time; a call that is not named is not meant. */
  readonly always: Partial<Record<CallName, readonly Ending[]>>;
  /** The calls at which a single strike may already end the run in that way; at all others it has to be mended. */
  readonly finalAt?: readonly CallName[];
}

/** A lost answer: what was created is settled by the job's status, what was asked is asked again. */
const LOST: CatalogEntry['always'] = {
  create: ['unavailable'],
  object: ['unavailable', 'unknown'],
  part: ['unavailable'],
  complete: ['unknown', 'unavailable'],
  status: ['pending'],
  link: ['pending'],
  fetch: ['pending'],
};
/** An answer that says nothing: on the PUT it looks like success, and then no build appears. */
const MEANINGLESS: CatalogEntry['always'] = { ...LOST, object: ['unknown'], fetch: ['integrity', 'pending'] };
/** A question that was right before is asked until the deadline. */
const REFUSED: CatalogEntry['always'] = {
  ...Object.fromEntries(['create', 'object', 'part', 'complete'].map((call) => [call, ['rejected']])),
  status: ['pending'],
};
const POLICY: CatalogEntry['always'] = {
  ...Object.fromEntries(['create', 'object', 'part', 'complete', 'link', 'fetch'].map((call) => [call, ['policy']])),
  status: ['pending'],
};
const EVERY_REFUSED = ['create', 'object', 'part', 'complete', 'status', 'link', 'fetch'] as const;

function head(status: string, headers: Record<string, string | number>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

function raw(status: string, headers: Record<string, string | number>, body = ''): () => Fault {
  return () => faults.raw(head(status, headers) + body);
}

const SECRET_LOCATION = { location: 'http://evil.example/?token=SECRET-LOCATION' };

export const CATALOG: readonly CatalogEntry[] = [
  { id: 'F-NET-05', what: 'reset at once', make: faults.resetAtOnce, always: LOST },
  {
    id: 'F-NET-07',
    what: 'reset in the middle of the body',
    make: () => faults.resetInBody(64 * 1024),
    always: { part: ['unavailable'] },
  },
  { id: 'F-NET-10', what: 'reset after the whole request, nothing done', make: faults.lostBeforeWork, always: LOST },
  {
    id: 'F-NET-10',
    what: 'reset after the whole request, all done',
    make: faults.lostAnswer,
    always: { ...LOST, object: ['success'], complete: ['success'] },
  },
  { id: 'F-NET-11', what: 'silence', make: faults.silence, always: LOST },
  {
    id: 'F-NET-14',
    what: 'no answer after the whole request',
    make: () => async (exchange) => void (await exchange.readBody()),
    always: LOST,
  },
  {
    id: 'F-NET-16',
    what: 'an answer cut short',
    make: raw('200 OK', { 'content-type': 'application/json', 'content-length': 500, etag: '"x"' }, '{"job_id"'),
    always: LOST,
  },
  {
    id: 'F-NET-17',
    what: 'a chunked answer cut short',
    make: raw('200 OK', { 'transfer-encoding': 'chunked', etag: '"x"' }, '5\r\n{"job'),
    always: LOST,
  },
  {
    id: 'F-NET-18',
    what: 'an answer that ends with the connection',
    make: raw('200 OK', { 'content-type': 'application/json' }, '{"job'),
    always: MEANINGLESS,
    finalAt: ['object'],
  },
  { id: 'F-NET-25', what: 'bytes that are no HTTP', make: () => faults.raw('SSH-2.0-OpenSSH_9.2\r\n'), always: LOST },
  {
    id: 'F-NET-26',
    what: 'headers of 20 KiB',
    make: raw('200 OK', { 'x-large': 'x'.repeat(20_000), 'content-length': 0 }),
    always: LOST,
    finalAt: ['create', 'object', 'part', 'complete', 'link', 'fetch'],
  },
  {
    id: 'F-NET-29',
    what: 'an early success',
    make: () => faults.earlyAnswer(200, {}),
    always: { ...MEANINGLESS, create: ['unknown', 'unavailable'] },
    finalAt: ['create', 'object', 'complete', 'link'],
  },
  {
    id: 'F-NET-30',
    what: 'an early refusal',
    make: () => faults.earlyAnswer(400, { error: 'early refusal' }),
    always: REFUSED,
    finalAt: EVERY_REFUSED,
  },
  {
    id: 'F-NET-30',
    what: 'an early server error',
    make: () => faults.earlyAnswer(500, { error: 'early error' }),
    always: LOST,
  },
  ...[500, 502, 503, 504].map(
    (status): CatalogEntry => ({
      id: 'F-HTTP-01',
      what: `${status}`,
      make: () => faults.answer(status, { error: 'down' }),
      always: LOST,
    }),
  ),
  ...[408, 425].map(
    (status): CatalogEntry => ({
      id: 'F-HTTP-03',
      what: `${status}`,
      make: () => faults.answer(status, { error: 'not now' }),
      always: LOST,
    }),
  ),
  ...['0', '1', 'abc', '-5', '', '1e9', 'NaN', '0x10', 'Sun, 06 Nov 1994 08:49:37 GMT', '99999999999999999999'].map(
    (value): CatalogEntry => ({
      id: /^[01]$/.test(value) ? 'F-HTTP-04' : 'F-HTTP-06',
      what: `429 with Retry-After "${value}"`,
      make: () => faults.answer(429, { error: 'slow down' }, { 'retry-after': value }),
      always: {
        create: ['limit'],
        object: ['limit'],
        part: ['limit'],
        complete: ['limit'],
        status: ['pending'],
        link: ['pending'],
        fetch: ['pending'],
      },
      finalAt: ['create'],
    }),
  ),
  {
    id: 'F-HTTP-05',
    what: '429 with Retry-After in the year 9999',
    make: () => faults.answer(429, { error: 'slow down' }, { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' }),
    always: {
      create: ['limit'],
      object: ['limit'],
      part: ['limit'],
      complete: ['limit'],
      status: ['pending'],
      link: ['pending'],
      fetch: ['pending'],
    },
    finalAt: ['create', 'object', 'part', 'complete', 'link'],
  },
  ...[301, 302, 307, 308].map(
    (status): CatalogEntry => ({
      id: status === 307 ? 'F-HTTP-08' : 'F-HTTP-07',
      what: `${status}`,
      make: () => faults.answer(status, {}, SECRET_LOCATION),
      always: POLICY,
      finalAt: EVERY_REFUSED,
    }),
  ),
  {
    id: 'F-HTTP-10',
    what: 'an HTML page with 200',
    make: raw('200 OK', { 'content-type': 'text/html', 'content-length': 15 }, '<html>hi</html>'),
    always: MEANINGLESS,
    finalAt: ['object'],
  },
  {
    id: 'F-HTTP-11',
    what: 'an empty 200',
    make: raw('200 OK', { 'content-length': 0 }),
    always: MEANINGLESS,
    finalAt: ['object', 'complete'],
  },
  {
    id: 'F-HTTP-11',
    what: '204',
    make: raw('204 No Content', {}),
    always: MEANINGLESS,
    finalAt: ['object', 'complete'],
  },
  {
    id: 'F-HTTP-12',
    what: 'JSON of another shape',
    make: () => faults.answer(200, { unexpected: { deep: [1, 2, 3] } }),
    always: { create: ['unknown'], complete: ['unknown'], status: ['pending'], link: ['pending'] },
    finalAt: ['create', 'complete', 'link'],
  },
  {
    id: 'F-HTTP-13',
    what: 'JSON of 2 MiB',
    make: () => faults.answer(200, { status: 'x'.repeat(2 * 1024 * 1024) }),
    always: { create: ['unavailable'], complete: ['unknown'], status: ['pending'], link: ['pending'] },
  },
  {
    id: 'F-HTTP-13',
    what: 'JSON of 10,000 levels',
    make: raw('200 OK', { 'content-length': 20_000 }, '['.repeat(10_000) + ']'.repeat(10_000)),
    always: { create: ['unavailable'], complete: ['unknown'], status: ['pending'], link: ['pending'] },
  },
  {
    id: 'F-HTTP-14',
    what: '400 with an XML body',
    make: () =>
      faults.raw(
        head('400 Bad Request', { 'content-type': 'application/xml', 'content-length': 54 }) +
          '<Error><Code>Odd</Code><Message>Text</Message></Error>',
      ),
    always: REFUSED,
    finalAt: EVERY_REFUSED,
  },
  {
    id: 'F-HTTP-15',
    what: '401',
    make: () => faults.answer(401, { error: 'disabled' }),
    always: {
      create: ['auth'],
      complete: ['auth'],
      status: ['auth'],
      link: ['auth'],
      object: ['unavailable'],
      part: ['unavailable'],
      fetch: ['pending'],
    },
    finalAt: ['create', 'complete', 'status', 'link'],
  },
  {
    id: 'F-HTTP-16',
    what: '403',
    make: () => faults.answer(403, { error: 'denied' }),
    always: {
      create: ['auth'],
      complete: ['rejected'],
      status: ['auth'],
      link: ['auth'],
      object: ['unavailable'],
      part: ['unavailable'],
      fetch: ['pending'],
    },
    finalAt: ['create', 'complete', 'status'],
  },
  {
    id: 'F-HTTP-17',
    what: '404',
    make: () => faults.answer(404, { error: 'no such thing' }),
    always: {
      create: ['rejected'],
      object: ['rejected'],
      part: ['rejected'],
      complete: ['rejected'],
      status: ['unknown'],
      link: ['pending'],
      fetch: ['pending'],
    },
    finalAt: ['create', 'object', 'part', 'complete'],
  },
  {
    id: 'F-HTTP-18',
    what: '413',
    make: () => faults.answer(413, { error: 'file too large' }),
    always: REFUSED,
    finalAt: EVERY_REFUSED,
  },
  {
    id: 'F-HTTP-23',
    what: '200 without an ETag',
    make: () => faults.answerInstead(({ headers: { etag: _, ...headers }, ...rest }) => ({ ...rest, headers })),
    always: { part: ['unavailable'], object: ['success'] },
  },
  ...[
    ['unquoted', 'abc', ['rejected']],
    ['weak', 'W/"abc"', ['rejected']],
    ['of 10 KiB', `"${'x'.repeat(10_240)}"`, ['unavailable']],
    ['with a space', '"a b"', ['unavailable']],
  ].map(
    ([what, etag, endings]): CatalogEntry => ({
      id: 'F-HTTP-24',
      what: `an ETag ${String(what)}`,
      make: () => faults.answerInstead((answer) => ({ ...answer, headers: { ...answer.headers, etag: String(etag) } })),
      always: { part: endings as Ending[] },
      // One that may be right is passed on byte for byte, and then it is the server that does not know it.
      finalAt: ['part'],
    }),
  ),
  {
    id: 'F-HTTP-25',
    what: 'an error inside a 200',
    make: () => faults.answer(200, { error: 'InternalError' }),
    always: { complete: ['unknown'] },
  },
  {
    id: 'F-SRV-08',
    what: '400 "job not completed"',
    make: () => faults.answer(400, { error: 'Job is not completed' }),
    always: { link: ['pending'] },
  },
];

/** Answers that are odd and right: nothing of them may show. */
export const HARMLESS: readonly { readonly id: string; readonly what: string; readonly make: () => Fault }[] = [
  {
    id: 'F-HTTP-19',
    what: 'gzip that nobody asked for',
    make: () =>
      faults.answerInstead((answer) => {
        const body = gzipSync(answer.body);
        return {
          ...answer,
          headers: { ...answer.headers, 'content-encoding': 'gzip', 'content-length': String(body.length) },
          body,
        };
      }),
  },
  {
    id: 'F-HTTP-21',
    what: 'interim answers, cookies and unknown headers',
    make: () => async (exchange) => {
      const answer = await exchange.forward(await exchange.readBody());
      const interim = head('102 Processing', {}).repeat(20);
      const headers = {
        ...(answer.headers as Record<string, string>),
        'set-cookie': 'session=SECRET-COOKIE',
        'x-unknown': 'y',
        connection: 'close',
      };
      exchange.request.socket.end(
        Buffer.concat([Buffer.from(interim + head(`${answer.status} OK`, headers)), answer.body]),
      );
    },
  },
];
