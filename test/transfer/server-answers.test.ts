import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { apptego } from '../../src/backends/apptego/index.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { CALL_POLICIES } from '../../src/transfer/call-policy.ts';
import { checkServerAddress } from '../../src/transfer/http/address.ts';
import { openConnections } from '../../src/transfer/http/connection/dispatcher.ts';
import { createStorage } from '../../src/transfer/http/storage.ts';
import { UPLOAD } from '../support/upload.ts';

const MIB = 1024 * 1024;
const CREATE = { method: 'POST', path: /\/automate\/upload$/ };
type LookupDone = (error: null, addresses: readonly { readonly address: string; readonly family: number }[]) => void;
const STATUS = { method: 'GET', path: /\/automate\/status\// };

/** An upload whose first answer is changed; everything after it is real. */
async function uploadWith(change: (answer: Record<string, unknown>) => unknown, isMultipart = false) {
  const folder = await temporaryFolder();
  const box = await sandbox(isMultipart ? { multipartFromBytes: 1, chunkSizeBytes: 5 * MIB } : {});
  const proxy = await faultProxy(box, [{ ...CREATE, fault: faults.changeJson(change) }]);
  const backend = await openBackend(apptego, proxy.variables, 1_000);
  const path = isMultipart ? await bigApk(join(folder, 'app.apk'), 12 * MIB) : await copyFixture('v2.apk', folder);
  const artifact = await artifactAt(path);
  const result = await backend.adapter
    .upload(artifact, UPLOAD, testContext({ clock: fakeClock() }))
    .catch((error: unknown) => error);
  return { result, proxy, box };
}

describe('B-100: a job id that is none', () => {
  test.each([
    ['a path', '../../x'],
    ['empty', ''],
    ['null', null],
    ['an object', {}],
    ['beyond all numbers', Number.POSITIVE_INFINITY],
    ['a fraction', 1.5],
    ['with a space', 'a b'],
  ])('is never used: %s', async (_, jobId) => {
    const { result, proxy } = await uploadWith((answer) => ({ ...answer, job_id: jobId }));

    expect(result).toMatchObject({
      class: 'unknown',
      message: expect.stringContaining('the server accepted the request but its response has no usable job_id'),
    });
    expect(proxy.seen).toHaveLength(1);
  });

  test('F-SRV-09: a safe integer is taken as its digits', async () => {
    const { result } = await uploadWith((answer) => ({ ...answer, job_id: Number(answer.job_id) }));

    expect(result).toMatch(/^\d{10}$/);
  });
});

/** Looks up the base address once, as its first call does, and then puts a byte to an address of the storage. */
async function storageKnowing(trustedBase: string, hosts: Readonly<Record<string, readonly string[]>>) {
  const { lookup } = dns;
  const known = (host: string, _: unknown, done: LookupDone) =>
    done(null, hosts[host]?.map((address) => ({ address, family: isIP(address) })) ?? []);
  Object.assign(dns, { lookup: known });
  syncBuiltinESMExports();
  const connections = openConnections({ httpProxy: '', httpsProxy: '', noProxy: '' }, [trustedBase], realClock);
  onTestFinished(async () => {
    await connections.close();
    Object.assign(dns, { lookup });
    syncBuiltinESMExports();
  });
  const ctx = testContext({ clock: fakeClock() });
  const storage = createStorage({ connections, trustedBase, stallTimeoutMs: 500, conceal: () => {} });
  const body = {
    sizeBytes: 1,
    open: async function* () {
      yield Buffer.from('x');
    },
  };
  const put = { what: 'upload the file', body, contentType: null, policy: CALL_POLICIES.object, needsEtag: false };
  // A closed port of loopback refuses at once; any other address is stopped before it is tried.
  await connections.pooled
    .request({ origin: `${trustedBase}:9`, path: '/', method: 'GET', signal: AbortSignal.timeout(200) })
    .catch(() => {});
  return () => storage.put({ ...put, url: 'https://storage.example:9/x' }, ctx);
}

describe('B-101: an upload address that is unsafe', () => {
  test.each([
    ['data:text/plain,x', 'scheme data'],
    ['file:///etc/passwd', 'scheme file'],
    ['//host/path', 'not a URL'],
    ['/relative', 'not a URL'],
    [`https://s.example/${'x'.repeat(64 * 1024)}`, 'too long'],
    ['https://user:pass@s.example/x', 'holds a user name'],
    ['http://storage.example/x', 'scheme http'],
  ])('is refused: %.40s', async (url, why) => {
    const { result, proxy } = await uploadWith((answer) => ({ ...answer, upload_url: url, url }));

    expect(result).toMatchObject({ class: 'policy', exitCode: 13, message: `refusing upload address (${why})` });
    expect(proxy.seen).toHaveLength(1);
  });

  test.each(['https://10.0.0.1/x', 'https://169.254.169.254/x', 'https://[::1]/x', 'https://[::ffff:192.168.0.1]/x'])(
    'F-SRV-31: is refused where the backend is on the internet: %s',
    (url) => {
      expect(() => checkServerAddress(url, 'upload', 'https://api.example')).toThrow(
        expect.objectContaining({ class: 'policy', message: expect.stringContaining('(private host') }),
      );
    },
  );

  test.each<[string, readonly string[], readonly string[]]>([
    ['turns out to be on a private network', ['203.0.113.10'], ['10.0.0.1']],
    ['has a public and a private address', ['203.0.113.10'], ['203.0.113.11', '169.254.169.254']],
    ['is private, where the API has a public and a private address', ['203.0.113.10', '10.9.8.7'], ['10.0.0.1']],
    ['is private, where the API has them the other way round', ['10.9.8.7', '203.0.113.10'], ['10.0.0.1']],
    ['is reached through NAT64', ['203.0.113.10'], ['64:ff9b::7f00:1']],
  ])('F-SRV-31: is refused when its host %s', async (_, api, storageAddresses) => {
    const trustedBase = 'https://api.example';
    const storage = await storageKnowing(trustedBase, { 'api.example': api, 'storage.example': storageAddresses });

    await expect(storage()).rejects.toMatchObject({
      class: 'policy',
      message: expect.stringContaining('private address'),
    });
  });

  test('F-SRV-31: is taken where every address of the API is private too', async () => {
    const storage = await storageKnowing('https://api.example', {
      'api.example': ['127.0.0.1', '127.0.0.2'],
      'storage.example': ['127.0.0.1'],
    });

    // Nobody listens there: it was tried.
    await expect(storage()).rejects.toMatchObject({ class: 'unavailable' });
  });

  test('F-SRV-14: upload_url wins over url', async () => {
    const { result } = await uploadWith((answer) => ({ ...answer, url: 'data:text/plain,x' }));

    expect(result).toMatch(/^\d{10}$/);
  });
});

describe('B-102, B-103: multipart instructions that do not fit', () => {
  test.each<[string, (answer: Record<string, unknown>) => unknown, string]>([
    ['no part URLs', (answer) => ({ ...answer, part_urls: [] }), 'part_urls'],
    [
      '10,001 part URLs',
      (answer) => ({
        ...answer,
        part_urls: Array.from({ length: 10_001 }, (_, i) => `https://s.example/${i}`),
        total_parts: 10_001,
      }),
      'part_urls',
    ],
    [
      'a null inside',
      (answer) => ({ ...answer, part_urls: [null, ...(answer.part_urls as string[]).slice(1)] }),
      'part_urls',
    ],
    [
      'a URL twice',
      (answer) => ({ ...answer, part_urls: (answer.part_urls as string[]).map(() => 'https://s.example/1') }),
      'part_urls',
    ],
    ['total_parts as text', (answer) => ({ ...answer, total_parts: '3' }), 'total_parts'],
    ['total_parts 0', (answer) => ({ ...answer, total_parts: 0 }), 'total_parts'],
    ['total_parts -1', (answer) => ({ ...answer, total_parts: -1 }), 'total_parts'],
    ['total_parts 1.5', (answer) => ({ ...answer, total_parts: 1.5 }), 'total_parts'],
    ['chunk_size 0', (answer) => ({ ...answer, chunk_size: 0 }), 'chunk_size'],
    ['chunk_size null', (answer) => ({ ...answer, chunk_size: null }), 'chunk_size'],
  ])('are refused before a byte is sent, and aborted: %s', async (_, change, rule) => {
    const { result, proxy, box } = await uploadWith(change, true);

    expect(result).toMatchObject({
      class: 'unavailable',
      exitCode: 6,
      message: `multipart instructions are inconsistent: ${rule}`,
    });
    expect(proxy.seen.filter(({ origin }) => origin === 'storage')).toEqual([]);
    expect(box.store.openUploads()).toEqual([]);
  });
});

test.each([[0], [-5]])('F-SRV-15: an address that expires in %i s is not used', async (seconds) => {
  const { result, proxy } = await uploadWith((answer) => ({ ...answer, expires_in: seconds }));

  expect(result).toMatchObject({ class: 'unavailable', message: expect.stringContaining('expired') });
  expect(proxy.seen).toHaveLength(1);
});

test.each([[undefined], [1e9], ['soon']])('F-SRV-15: expires_in %s is read as something sensible', async (value) => {
  const { result } = await uploadWith((answer) => ({ ...answer, expires_in: value }));

  expect(result).toMatch(/^\d{10}$/);
});

/** One question about a job whose answer is changed. */
async function statusWith(change: (answer: Record<string, unknown>) => unknown) {
  const folder = await temporaryFolder();
  const box = await sandbox({ appearMs: 0, processingMs: 60_000 });
  const proxy = await faultProxy(box, [{ ...STATUS, fault: faults.changeJson(change) }]);
  const backend = await openBackend(apptego, proxy.variables, 1_000);
  const artifact = await artifactAt(await copyFixture('v2.apk', folder));
  const id = await backend.adapter.upload(artifact, UPLOAD, testContext({ clock: fakeClock() }));
  return await backend.adapter
    .poll(id, { patience: 'once', until: null }, testContext())
    .catch((error: unknown) => error);
}

describe('B-107: a status that no documentation lists', () => {
  test.each([
    ['Completed', 'Completed'],
    ['cancelled', 'cancelled'],
    [1, '1'],
    [null, 'null'],
    [undefined, 'null'],
  ])('%j is still running', async (status, word) => {
    expect(await statusWith((answer) => ({ ...answer, status }))).toMatchObject({
      phase: 'running',
      status: word,
      unrecognized: true,
    });
  });
});

describe('B-108: an error message of any kind', () => {
  test.each([
    [{ code: 7 }, '{"code":7}'],
    [['a', 'b'], '["a","b"]'],
    [42, '42'],
    ['', null],
    [undefined, null],
  ])('%j becomes text', async (text, shown) => {
    expect(await statusWith((answer) => ({ ...answer, status: 'failed', error_message: text }))).toMatchObject({
      phase: 'failed',
      message: shown,
    });
  });
});

test('F-SRV-10: an answer about another job is an integrity error', async () => {
  expect(await statusWith((answer) => ({ ...answer, job_id: '1500000000' }))).toMatchObject({
    class: 'integrity',
    exitCode: 11,
  });
});

describe('F-HTTP-13: hostile JSON', () => {
  test.each([
    ['__proto__', '{"__proto__":{"polluted":1},"job_id":"x"}'],
    ['duplicate keys', '{"status":"failed","status":"processing"}'],
    ['10,000 levels', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['2 MiB', JSON.stringify({ status: 'x'.repeat(2 * MIB) })],
  ])('%s does not hurt', async (_, body) => {
    const folder = await temporaryFolder();
    const box = await sandbox({ appearMs: 0 });
    const raw = faults.raw(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const proxy = await faultProxy(box, [{ ...STATUS, fault: raw }]);
    const backend = await openBackend(apptego, proxy.variables, 1_000);
    const artifact = await artifactAt(await copyFixture('v2.apk', folder));
    const id = await backend.adapter.upload(artifact, UPLOAD, testContext({ clock: fakeClock() }));

    const error = await backend.adapter
      .poll(id, { patience: 'once', until: null }, testContext())
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ class: expect.stringMatching(/^(unavailable|integrity)$/) });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
