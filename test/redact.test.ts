import { describe, expect, test } from 'vitest';
import { createRedactor } from '../src/contract/text/redact.ts';

const SECRET = 'kid_4711:s3cr3t/+value=="x"&<>';

function redactor() {
  const made = createRedactor();
  made.add(SECRET);
  return made;
}

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

    expect(made.redactKnown('redacted-part, redact; abcdef')).toBe('[redacted], [redacted]; [redacted]ef');
  });

  test('leaves ordinary text as it is', () => {
    const text = 'uploaded app-release.apk (12.3 MB) to apptego: apptego:1700000000, see https://docs.example/page';

    expect(redactor().redact(text)).toBe(text);
  });

  test.each(['a.', 'a-', 'http://', 'x://y', 'bearer ', 'basic '])('a megabyte of %j takes it no time', (piece) => {
    const text = piece.repeat(1_000_000 / piece.length);
    const began = process.cpuUsage();

    redactor().redact(text);

    // Quadratic, it would be minutes.
    const { user, system } = process.cpuUsage(began);
    expect(user + system).toBeLessThan(10_000_000);
  });
});
