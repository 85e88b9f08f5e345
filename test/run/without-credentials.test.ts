import { expect, test } from 'vitest';
import { applivery } from '../../src/backends/applivery/index.ts';
import type { Adapter } from '../../src/contract/adapter.ts';
import type { AdapterInput } from '../../src/contract/backend/definition.ts';
import { AuthError } from '../../src/contract/errors.ts';
import { withoutCredentials } from '../../src/run/open/without-credentials.ts';

const ASKING = 'upload poll find abort outputName download publishLink proveCredentials'.split(
  ' ',
) as (keyof Adapter)[];

test('without its credentials, no function of a backend sends a request', async () => {
  const sent: string[] = [];
  const send = (name: string) => async () => void sent.push(name);
  const whole = Object.fromEntries([...ASKING, 'quota'].map((name) => [name, send(name)])) as unknown as Adapter;
  const definition = withoutCredentials({ ...applivery, create: async () => whole });

  const adapter = await definition.create({} as AdapterInput<unknown>);

  expect(adapter.quota).toBeUndefined();
  for (const name of ASKING) {
    const call = adapter[name] as () => Promise<unknown>;
    await expect(call(), name).rejects.toBeInstanceOf(AuthError);
  }
  expect(sent).toEqual([]);
});

test('a backend that cannot be made without them is there, and rejects with its own words when it is needed', async () => {
  const own = new AuthError('no token');
  const definition = withoutCredentials({ ...applivery, create: async () => await Promise.reject(own) });

  const adapter = await definition.create({} as AdapterInput<unknown>);

  for (const name of ['plan', 'upload', 'poll'] as const)
    await expect((adapter[name] as () => Promise<unknown>)(), name).rejects.toBe(own);
});

test('one that protects is not: what follows would have no output to send', async () => {
  const own = new AuthError('no key');
  const capabilities = { ...applivery.capabilities, protects: true };
  const definition = withoutCredentials({ ...applivery, capabilities, create: async () => await Promise.reject(own) });

  await expect(definition.create({} as AdapterInput<unknown>)).rejects.toBe(own);
});
