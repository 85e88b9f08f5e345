import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/contract/text/redact.ts';
import { cutText } from '../../src/contract/text/safe-text.ts';
import { IS_WHOLE, takesTurn } from '../support/share.ts';
import { CANARIES, SPELLINGS } from '../support/spellings.ts';

/** Characters of a text that is made to be slow: its square is 10 billion steps. A megabyte in `npm run test:all`. */
const LONG = IS_WHOLE ? 1_000_000 : 100_000;
const MOST_CPU_MICROSECONDS = 15 * LONG;
const SECRET = 'kid_4711:s3cr3t/+value=="x"&<>';

function redactor() {
  const made = createRedactor();
  made.add(SECRET);
  return made;
}

test('a text that was harmless when it was first seen is looked at again when there is another secret', () => {
  const made = createRedactor();
  const seen = ['token first_secret_value', 'object /bucket/folder/app.apk', 'both second_secret_value'];
  for (const text of seen) expect([made.redact(text), made.redactKnown(text)]).toEqual([text, text]);

  made.add('first_secret_value');
  expect(seen.map(made.redact)).toEqual(['token [redacted]', ...seen.slice(1)]);
  made.add('second_secret_value');
  expect(seen.map(made.redactKnown)).toEqual(['token [redacted]', seen[1], 'both [redacted]']);
  made.addAddress('https://storage.example/bucket/folder/app.apk?X-Amz-Signature=0123456789abcdef');
  expect(seen.map(made.redact)).toEqual(['token [redacted]', 'object [redacted]', 'both [redacted]']);
});

describe('the redactor', () => {
  const bytes = Buffer.from(SECRET);
  test.each([
    ['raw', SECRET],
    ['base64', bytes.toString('base64')],
    ['base64 one byte in', Buffer.concat([Buffer.from('x'), bytes]).toString('base64')],
    ['base64 two bytes in', Buffer.concat([Buffer.from('xy'), bytes, Buffer.from('tail')]).toString('base64')],
    ['base64url', bytes.toString('base64url')],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['in JSON', JSON.stringify(SECRET)],
    [
      'in XML',
      SECRET.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
  ])('hides a secret that is %s', (_, text) => {
    const shown = redactor().redact(`before ${text} after`);

    expect(shown).toContain('before');
    expect(shown).toContain('[redacted]');
    expect(shown).not.toContain('s3cr3t');
    expect(shown).not.toContain(text.slice(8, 24));
  });

  test.each(['kid_4711', 'kid_47110', 'kid_471100'])('hides a pair of secrets in base64, after %s', (key) => {
    const made = redactor();
    made.add(key);
    const pair = Buffer.from(`${key}:${SECRET}`).toString('base64');

    const shown = made.redact(`refused ${pair} here`);

    // Where two secrets meet, one or two characters hold bits of both; 5 would hold three whole bytes of one.
    const pieces = Array.from({ length: pair.length - 4 }, (_, at) => pair.slice(at, at + 5));
    expect(pieces.filter((piece) => shown.includes(piece))).toEqual([]);
    expect(shown).toMatch(/^refused .+ here$/);
  });

  test.each([
    ['a bearer token', 'Authorization: Bearer abc.def.ghi', 'abc.def.ghi'],
    ['an authorization header of another scheme', 'authorization: Token=12345678', '12345678'],
    ['the query of a URL', 'GET https://s.example/a/b?X-Amz-Signature=0123 failed', '0123'],
    ['the user part of a URL', 'proxy http://user:pass@proxy.example:3128/', 'user:pass'],
  ])('hides %s that it was never told of', (_, text, hidden) => {
    expect(redactor().redact(text)).not.toContain(hidden);
  });

  test('hides secrets of 16 KiB, as long as a credential may be', () => {
    const made = createRedactor();
    const long = Array.from({ length: 2_000 }, (_, at) => `/${at}+=<&`)
      .join('')
      .slice(0, 16 * 1024);
    made.add(long);
    made.add('short-one');

    expect(made.redact(`a ${long} b short-one c ${Buffer.from(long).toString('base64')}`)).toMatch(
      /^a \[redacted\] b \[redacted\] c .?\[redacted\].{0,3}$/,
    );
  });

  test('takes the longest of the secrets that begin at one place, and each place once', () => {
    const made = createRedactor();
    for (const one of ['redact', 'redacted-part', 'abcd', 'cdef']) made.add(one);

    expect(made.redactKnown('redacted-part, redact; abcdef')).toBe('[redacted], [redacted]; [redacted]');
  });

  test('leaves ordinary text as it is', () => {
    const text = 'uploaded app-release.apk (12.3 MB) to apptego: apptego:1700000000, see https://docs.example/page';

    expect(redactor().redact(text)).toBe(text);
  });

  test.each(['a.', 'a-', 'http://', 'x://y', 'bearer ', 'basic '])('a long text of %j takes it no time', (piece) => {
    const text = piece.repeat(LONG / piece.length);
    const began = process.cpuUsage();

    redactor().redact(text);

    // Quadratic, it would be many times as much.
    const { user, system } = process.cpuUsage(began);
    expect(user + system).toBeLessThan(MOST_CPU_MICROSECONDS);
  });
});

/**
 * The pieces of a spelling that can still be seen and stand for eight characters of the secret: where two secrets meet in base64, a few
 * characters hold bits of both.
 */
function piecesShown(canary: string, spelled: string, shown: string): string[] {
  const length = Math.ceil((8 * spelled.length) / canary.length);
  const pieces = Array.from({ length: Math.max(0, spelled.length - length + 1) }, (_, at) =>
    spelled.slice(at, at + length),
  );
  return pieces.filter((piece) => shown.includes(piece));
}

/** Where it can be cut. An ordinary run takes a third of the places. */
function placesIn(text: string): number[] {
  return Array.from({ length: text.length }, (_, at) => at).filter((at) => at > 0 && takesTurn(at, 3));
}

describe('12 secrets in every spelling', () => {
  test.each(CANARIES)('%s', (canary) => {
    const made = createRedactor();
    made.add(canary);

    const seen = SPELLINGS.flatMap(([name, write]) => {
      const spelled = write(canary);
      const shown = made.redact(`refused: ${spelled} is no key`);
      const isPlain = shown.startsWith('refused: ') && shown.endsWith(' is no key') && shown.includes('[redacted]');
      const pieces = piecesShown(canary, spelled, shown);
      return isPlain && pieces.length === 0 ? [] : [{ name, shown }];
    });

    expect(seen).toEqual([]);
  });

  test('nor a beginning of it where a text was cut, at any place', () => {
    const seen: unknown[] = [];
    for (const canary of CANARIES) {
      const made = createRedactor();
      made.add(canary);
      for (const [name, write] of SPELLINGS) {
        const spelled = write(canary);
        for (const at of placesIn(spelled)) {
          const cut = cutText(`client_secret=${spelled} rest`, 'client_secret='.length + at);
          const shown = made.redact(`server said: ${cut}; hint: try again`);
          if (piecesShown(canary, spelled, shown).length > 0) seen.push({ name, cut, shown });
        }
      }
    }
    expect(seen).toEqual([]);
  });

  test('nor what a server has cut itself, at the end', () => {
    const seen: unknown[] = [];
    for (const canary of CANARIES) {
      const made = createRedactor();
      made.add(canary);
      for (const end of ['', '...', '…', '...")']) {
        for (let at = 8; at < canary.length; at += 1) {
          const shown = made.redact(`no such key: ${canary.slice(0, at)}${end}`);
          if (piecesShown(canary, canary, shown).length > 0) seen.push({ canary, at, end, shown });
        }
      }
    }
    expect(seen).toEqual([]);
  });
});

describe('a signed address', () => {
  const signature = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0';
  const url = `https://bucket.s3.example/team/4711/app.apk?X-Amz-Credential=AKIA123%2F2026&X-Amz-Expires=3600&X-Amz-Signature=${signature}`;

  test.each([
    ['whole', url],
    ['without its host', url.slice('https://bucket.s3.example'.length)],
    ['its query', url.slice(url.indexOf('?'))],
    ['its query without the sign', url.slice(url.indexOf('?') + 1)],
    ['its path', '/team/4711/app.apk'],
    ['its signature', signature],
    ['its signature in capitals', signature.toUpperCase()],
    ['its query in HTML', url.slice(url.indexOf('?')).replaceAll('&', '&amp;')],
    ['its path and query in a URL', encodeURIComponent(url.slice('https://bucket.s3.example'.length))],
    [
      'its path and query in JSON',
      JSON.stringify(url.slice('https://bucket.s3.example'.length)).replaceAll('/', '\\/'),
    ],
  ])('is not shown: %s', (_, text) => {
    const made = createRedactor();
    made.addAddress(url);

    const shown = made.redact(`Cannot PUT ${text} now`);

    expect(shown).toMatch(/^Cannot PUT .*\[redacted\].* now$/);
    expect(shown).not.toMatch(/4711|AKIA123|0f1e2d3c/i);
  });

  test.each([
    ['a target without its host', `Cannot PUT /bucket/app.apk?X-Amz-Signature=${signature}`],
    ['parameters', `bad X-Amz-Expires=3600&X-Amz-Signature=${signature}`],
    ['a parameter in JSON', JSON.stringify({ 'X-Amz-Signature': signature })],
    ['the signature of a CDN', `Policy=abc&Signature=${signature}&Key-Pair-Id=K123`],
    ["Azure's", `sv=2024&sig=${signature}`],
    ['an encoded one', `X-Goog-Signature%3D${signature}`],
  ])('is known by its form where nobody has told of it: %s', (_, text) => {
    expect(createRedactor().redact(text)).not.toContain(signature);
  });

  test('of ten thousand parts is found as fast as of one', () => {
    const made = createRedactor();
    for (let part = 1; part <= 10_000; part += 1)
      made.addAddress(
        `https://s.example/b/app.apk?partNumber=${part}&X-Amz-Signature=${createHash('sha256').update(String(part)).digest('hex')}`,
      );
    const began = process.cpuUsage();

    const shown = made.redact(
      `partNumber=77&X-Amz-Signature=${createHash('sha256').update('77').digest('hex')} ${'x'.repeat(100_000)}`,
    );

    const { user, system } = process.cpuUsage(began);
    expect(shown).not.toContain('partNumber=77');
    expect(user + system).toBeLessThan(5_000_000);
  });

  test.each([
    [`/${signature}`, '[redacted]'],
    [`/eyJhbGciOiJIUzI1NiJ9.eyJqb2IiOiI0NzExIn0.${signature}`, '[redacted]'],
    ['/app-release-production-2026-11-29-build-4711.apk', '/app-release-production-2026-11-29-build-4711.apk'],
    ['/automate', '/automate'],
  ])('of one word is shown where it is no token: %s', (path, shown) => {
    const made = createRedactor();
    made.addAddress(`https://s.example${path}`);

    expect(made.redact(path)).toBe(shown);
  });

  test('does not blot out the path of an output that is called the same', () => {
    const made = createRedactor();
    made.addAddress(url);

    expect(made.redactKnown('out/team/4711/app.apk')).toBe('out/team/4711/app.apk');
  });
});

describe('a text that is made to be slow', () => {
  const secret = `${'a'.repeat(60)}b`;

  test.each([
    'a',
    'aaaaaaab',
    '%25',
    '%2',
    '&amp;',
    '&#',
    '\\',
    '\\u00',
    '…',
    'aaaa…',
    'a:',
    'ab:',
    '%',
    '&',
    'a\n',
    '?a=',
    'sig=',
    'authorization: ',
    '"x-amz-signature":',
    '\\u{',
    '=\n',
  ])('takes no time: much of %j', (piece) => {
    const made = createRedactor();
    made.add(secret);
    for (let index = 0; index < 50; index += 1)
      made.addAddress(`https://s.example/${'a'.repeat(400 + index)}?${'a'.repeat(2_000)}${index}`);
    const text = piece.repeat(LONG / piece.length);
    const began = process.cpuUsage();

    made.redact(text);

    // Quadratic, it would be many times as much.
    const { user, system } = process.cpuUsage(began);
    expect(user + system).toBeLessThan(MOST_CPU_MICROSECONDS);
  });
});
