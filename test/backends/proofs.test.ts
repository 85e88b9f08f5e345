import { describe, expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';

/** What the credentials of the sandbox prove at a backend, with some variables changed and some faults on the way. */
async function prove(
  id: string,
  { change = {}, planned = [] }: { change?: Record<string, string>; planned?: PlannedFault[] } = {},
) {
  const definition = backends.find((backend) => backend.id === id);
  if (definition === undefined) throw new Error(`no backend ${id}`);
  const proxy = await faultProxy(await sandbox(), planned);
  const { adapter } = await openBackend(definition, { ...proxy.variables, ...change }, 1_000);
  const proof = adapter.proveCredentials?.(testContext()).catch((error: unknown) => error);
  return { proof: await proof, seen: proxy.seen };
}

describe('apptego', () => {
  test('asks for a job that cannot exist, whose 404 comes after the key was checked', async () => {
    const { proof, seen } = await prove('apptego');

    expect(proof).toContain('the key is valid');
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /apptego/automate/status/1000000000']);
  });

  test.each([
    [
      'a page',
      faults.raw('HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>hi</html>'),
    ],
    ['JSON of another form', faults.answer(404, { message: 'no such route' })],
  ])('takes no 404 for a proof that comes as %s', async (_, fault) => {
    const { proof } = await prove('apptego', { planned: [{ fault }] });

    expect(proof).toMatchObject({ class: 'rejected', hint: 'check the base address' });
  });
});

describe('apptego-management', () => {
  test('asks for the tenants of the token, without a tenant', async () => {
    const { proof, seen } = await prove('apptego-management');

    expect(proof).toMatch(/^the token is valid for tenant [0-9a-f]+$/);
    expect(seen.map(({ method, path, headers }) => [method, path, headers.tenant])).toEqual([
      ['GET', '/apptego-management/frontend/get_tenants', undefined],
    ]);
  });

  test('a tenant that is none of the token is named, with those that are', async () => {
    const { proof } = await prove('apptego-management', { change: { APPTEGO_TENANT: 'another' } });

    expect(proof).toMatchObject({
      class: 'auth',
      message: 'the token is valid, but not for tenant another',
      hint: expect.stringMatching(/^set APPTEGO_TENANT to a tenant of this token: [0-9a-f]+$/),
    });
  });
});

describe('autoappstore', () => {
  const KEPT_TO_THE_PORTAL = { path: /ci-tokens/, fault: faults.answer(403, { error: 'session needed' }) };

  test('a token that may not list tokens is tried on a version that does not exist', async () => {
    const { proof, seen } = await prove('autoappstore', { planned: [KEPT_TO_THE_PORTAL] });

    expect(proof).toContain('the API answered a test request');
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /autoappstore/ci-tokens',
      'GET /autoappstore/versions/00000000-0000-0000-0000-000000000000',
    ]);
  });

  test('a wrong token is refused by both', async () => {
    const { proof, seen } = await prove('autoappstore', { change: { AUTOAPPSTORE_TOKEN: 'wrong-token' } });

    expect(proof).toMatchObject({ class: 'auth', httpStatus: 401 });
    expect(seen).toHaveLength(2);
  });
});

describe('applivery', () => {
  test('an app that is none of the workspace is a matter of the ids', async () => {
    const { proof } = await prove('applivery', { change: { APPLIVERY_APPLICATION_ID: 'another' } });

    expect(proof).toMatchObject({ class: 'rejected', hint: expect.stringContaining('APPLIVERY_APPLICATION_ID') });
  });
});
