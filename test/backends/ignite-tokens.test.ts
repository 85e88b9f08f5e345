import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AuthError, PolicyError, UnavailableError } from '../../src/contract/errors.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import type { Fault, PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk } from '../../src/testing/files.ts';
import { CREATE, igniteWith, STATUS, TOKEN } from '../support/ignite.ts';
import { UPLOAD } from '../support/upload.ts';

const MINUTE_MS = 60_000;
const QUESTION = { patience: 'once', until: 'uploaded' } as const;

/** An APK is there, and the token that it took is the only one. */
async function uploaded(planned: readonly PlannedFault[] = []) {
  const setting = await igniteWith(planned);
  const id = await setting.upload();
  return { ...setting, id, poll: () => setting.backend.adapter.poll(id, QUESTION, setting.ctx) };
}

/** The token service answers something else than it would. */
function answering(change: Readonly<Record<string, unknown>>): PlannedFault {
  return { ...TOKEN, times: 100, fault: faults.changeJson((answer) => ({ ...answer, ...change })) };
}

describe('a token', () => {
  test('is asked for once, with the documented fields, and serves every call', async () => {
    const bodies: unknown[] = [];
    const listen: Fault = async (exchange) => {
      const body = await exchange.readBody();
      bodies.push(JSON.parse(body.toString('utf8')));
      exchange.reply(await exchange.forward(body));
    };
    const { poll, count, box } = await uploaded([{ ...TOKEN, times: 100, fault: listen }]);

    await poll();
    await poll();

    expect(count(TOKEN)).toBe(1);
    expect(bodies).toEqual([
      {
        client_id: box.variables.IGNITE_CLIENT_ID,
        client_secret: box.variables.IGNITE_CLIENT_SECRET,
        grant_type: 'client_credentials',
        scope: 'openid email roles',
      },
    ]);
  });

  test('goes to the API alone', async () => {
    const { poll, proxy } = await uploaded();

    await poll();

    const withToken = proxy.seen.filter(({ headers }) => headers.authorization !== undefined);
    expect(withToken.map(({ path }) => path.split('/')[2])).toEqual(['app-management', 'app-management']);
    expect(proxy.seen).toHaveLength(3);
  });

  test('is renewed when less than a minute of it is left, by one request for all who ask', async () => {
    const { poll, count, clock } = await uploaded();

    clock.advance(59 * MINUTE_MS - 1_000);
    await poll();
    const before = count(TOKEN);
    clock.advance(1_000);
    await Promise.all([poll(), poll(), poll()]);

    expect(before).toBe(1);
    expect(count(TOKEN)).toBe(2);
  });

  test('F-SRV-18: an upload begins with one that holds for ten minutes', async () => {
    const { upload, count, clock } = await uploaded();

    clock.advance(49 * MINUTE_MS);
    await upload();
    const before = count(TOKEN);
    clock.advance(2 * MINUTE_MS);
    await upload();

    expect(before).toBe(1);
    expect(count(TOKEN)).toBe(2);
  });

  test('F-SRV-18: a file that a slow link needs longer for begins with a newer one', async () => {
    const early = { ...CREATE, after: 1, times: 100, fault: faults.earlyAnswer(400, { message: 'no' }) };
    const { backend, folder, ctx, count, clock } = await uploaded([early]);
    const file = await artifactAt(await bigApk(join(folder, 'big.apk'), 700_000_000, 'hole'));

    clock.advance(49 * MINUTE_MS);
    await expect(backend.adapter.upload(file, UPLOAD, ctx)).rejects.toMatchObject({ class: 'rejected' });

    expect(count(TOKEN)).toBe(2);
  });

  test.each([
    ['-5', -5, 30_000],
    ['0', 0, 30_000],
    ['1e9', 1e9, 59 * MINUTE_MS],
    ['"soon"', 'soon', 59 * MINUTE_MS],
    ['nothing', undefined, 59 * MINUTE_MS],
  ])('F-SRV-19: expires_in %s is taken as something between a minute and an hour', async (_, seconds, usedForMs) => {
    const { poll, count, clock } = await uploaded([answering({ expires_in: seconds })]);

    clock.advance(usedForMs - 1);
    await poll();
    const before = count(TOKEN);
    clock.advance(1);
    await poll();

    expect(before).toBe(1);
    expect(count(TOKEN)).toBe(2);
  });

  test('is taken in the spelling of the vendor’s other API too', async () => {
    const camelCase = faults.changeJson(({ access_token, token_type, expires_in }) => ({
      accessToken: access_token,
      tokenType: token_type,
      expiresIn: expires_in,
    }));

    const { id } = await uploaded([{ ...TOKEN, fault: camelCase }]);

    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a 401 of the API', () => {
  const refuse = faults.answer(401, { message: 'token has ended' });

  test('to the upload renews the token and sends the file again, once', async () => {
    const { id, count } = await uploaded([{ ...CREATE, fault: refuse }]);

    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(count(CREATE)).toBe(2);
    expect(count(TOKEN)).toBe(2);
  });

  test('to every upload is an auth error after the second', async () => {
    const { upload, count, ctx } = await igniteWith([{ ...CREATE, times: 100, fault: refuse }]);

    await expect(upload()).rejects.toMatchObject({ class: 'auth', httpStatus: 401, serverText: 'token has ended' });

    expect(count(CREATE)).toBe(2);
    expect(ctx.facts.at(-1)).toEqual({ type: 'not-landed' });
  });

  test('F-SRV-17: a token that ends while a job is waited for is renewed, and the wait goes on', async () => {
    const { poll, count } = await uploaded([{ ...STATUS, fault: refuse }]);

    expect(await poll()).toMatchObject({ status: expect.any(String) });

    expect(count(TOKEN)).toBe(2);
  });

  test('F-SRV-17: an API that refuses every token is given a new one once a minute at most', async () => {
    const { poll, count, clock } = await uploaded([{ ...STATUS, times: 100, fault: refuse }]);
    const tokens: number[] = [];
    const ask = async () => {
      await expect(poll()).rejects.toBeInstanceOf(AuthError);
      tokens.push(count(TOKEN));
    };

    await ask();
    await ask();
    clock.advance(MINUTE_MS);
    await ask();

    expect(tokens).toEqual([2, 2, 3]);
  });
});

describe('the token service', () => {
  test.each([
    [400, 'invalid_client'],
    [401, 'invalid_client'],
    [403, 'access_denied'],
  ])('answers %i: refused credentials, in its words, and nothing is uploaded', async (status, code) => {
    const refuse = faults.answer(status, { error: code, error_description: 'Unknown client' });
    const { upload, count, ctx } = await igniteWith([{ ...TOKEN, times: 100, fault: refuse }]);

    const error = await upload().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ httpStatus: status, backendCode: code, serverText: 'Unknown client' });
    expect(count(CREATE)).toBe(0);
    expect(ctx.facts).toEqual([]);
  });

  test.each([
    ['a line break', 'abc\r\nX-Evil: 1'],
    ['a megabyte', 'a'.repeat(1024 * 1024)],
    ['nothing in it', ''],
    ['a number', 123_456_789],
    ['a space', 'two words'],
  ])('gives a token with %s: unusable, and not a character of it is shown', async (_, token) => {
    const { upload, count, ctx } = await igniteWith([answering({ access_token: token })]);

    const error = (await upload().catch((thrown: unknown) => thrown)) as Error;

    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toBe('the Account Service returned an unusable token');
    expect(JSON.stringify([error, ctx.events])).not.toMatch(/X-Evil|aaaaaaaa|123456789|two words/);
    expect(count(CREATE)).toBe(0);
  });

  test.each([['MAC'], ['bearer token'], [undefined]])('F-SRV-19: token_type %s is refused', async (type) => {
    const { upload } = await igniteWith([answering({ token_type: type })]);

    await expect(upload()).rejects.toThrow('the Account Service returned an unusable token');
  });

  test('is asked again when its answer is lost: a token more changes nothing', async () => {
    const { count } = await uploaded([{ ...TOKEN, times: 2, fault: faults.lostAnswer() }]);

    expect(count(TOKEN)).toBe(3);
    expect(count(CREATE)).toBe(1);
  });

  test('gives JSON that breaks off: nothing of it is shown', async () => {
    const body = '{"access_token":"half-of-a-token';
    const broken = faults.raw(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    const { upload, ctx } = await igniteWith([{ ...TOKEN, times: 100, fault: broken }]);

    const error = await upload().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({ serverText: null });
    expect(JSON.stringify([error, ctx.events])).not.toContain('half-of-a-token');
  });

  test('redirects: refused, and the secret goes nowhere else', async () => {
    const away = faults.answer(307, {}, { location: 'https://evil.example/api/auth/token' });
    const { upload, proxy } = await igniteWith([{ ...TOKEN, times: 100, fault: away }]);

    const error = (await upload().catch((thrown: unknown) => thrown)) as Error;

    expect(error).toBeInstanceOf(PolicyError);
    expect(error.message).toContain('refusing redirect to host evil.example');
    expect(proxy.seen).toHaveLength(1);
  });
});
