import { describe, expect, test } from 'vitest';
import { type PageValues, pageOf, pageUrlSetting } from '../../src/contract/backend/page-url.ts';
import { fc } from '../support/properties.ts';

const JOB = /^(?:(?<organization>[\w-]+)\/(?<app>[\w-]+)\/)?(?<build>[\w%-]+)$/;
const VALUES: PageValues = { job: 'acme/shop/b1', package: 'com.acme', versionName: '4.2 β', versionCode: 42 };

function problemOf(template: unknown): string | null {
  return pageUrlSetting(JOB).safeParse(template).error?.issues[0]?.message ?? null;
}

describe('pageUrl', () => {
  test.each([
    'https://portal.example.com/builds/{job}',
    'https://portal.example.com:8443/{organization}/{app}/{build}',
    'https://portal.example.com/#/apps/{package}/{versionName}/{versionCode}',
    'http://127.0.0.1:8080/{job}',
    'http://localhost/{job}',
    'https://portal.example.com/builds',
  ])('takes %s', (template) => {
    expect(problemOf(template)).toBeNull();
  });

  test.each([
    ['', 'is empty'],
    ['http://portal.example.com/{job}', 'must start with https://'],
    ['//portal.example.com/{job}', 'must start with https://'],
    ['https:/{job}', 'must start with https://'],
    ['javascript:alert(1)', 'must start with https://'],
    ['https://{job}.example.com/', 'must not have a placeholder before the path'],
    ['https://{job}@example.com/', 'must not have a placeholder before the path'],
    ['https://user:word@example.com/{job}', 'must not contain a user name or password'],
    ['https://example.com/?id={job}', 'must not have a query'],
    ['https://example.com/#/?token=1', 'must not have a query'],
    ['https://example.com/{jop}', 'the unknown placeholder {jop}; known: {job}, '],
    ['https://example.com/{jop}', 'did you mean job?'],
    ['https://example.com/{<b>}', 'has an unknown placeholder; known'],
    ['https://example.com/{}', 'has an unknown placeholder'],
    ['https://example.com/{job', 'a brace without its other one'],
    ['https://example.com/job}', 'a brace without its other one'],
    ['https://example.com/ä', 'needs percent-encoded'],
    ['https://example.com/a b', 'needs percent-encoded'],
    ['https://example.com/\u001b]8;;', 'needs percent-encoded'],
    ['https://example.com\\@evil.example/', 'needs percent-encoded'],
    [`https://example.com/${'x'.repeat(500)}`, 'is longer than 500 characters'],
    [7, 'expected an address'],
  ])('refuses %j: %s', (template, message) => {
    expect(problemOf(template)).toContain(message);
  });

  test('puts in the parts of the id and what is known of the app, percent-encoded', () => {
    const page = pageOf('https://p.example/{job}/{app}/{build}/{package}/{versionName}/{versionCode}', JOB, VALUES);
    expect(page).toBe('https://p.example/acme%2Fshop%2Fb1/shop/b1/com.acme/4.2%20%CE%B2/42');
  });

  test('decodes a part of an id that is encoded before it encodes it', () => {
    expect(pageOf('https://p.example/{build}', JOB, { ...VALUES, job: 'a%20b' })).toBe('https://p.example/a%20b');
    expect(pageOf('https://p.example/{build}', JOB, { ...VALUES, job: 'a%FFb' })).toBeNull();
  });

  test.each([
    ['{app}', { job: 'b1' }],
    ['{package}', { package: null }],
    ['{versionCode}', { versionCode: null }],
    ['{versionName}', { versionName: '' }],
    ['x/{versionName}', { versionName: '..' }],
    ['{versionName}', { versionName: '\ud800' }],
  ])('is none where %s is %j', (path, values) => {
    expect(pageOf(`https://p.example/${path}`, JOB, { ...VALUES, ...values })).toBeNull();
  });

  test('no value leaves its place in the address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (versionName) => {
        const page = pageOf('https://p.example/a/{versionName}/z', JOB, { ...VALUES, versionName });
        if (page === null) return;
        expect(page).toMatch(/^https:\/\/p\.example\/a\/[\w.%-]+\/z$/);
        expect(new URL(page).href).toBe(page);
        expect(decodeURIComponent(page.slice('https://p.example/a/'.length, -2))).toBe(versionName);
      }),
    );
  });
});
