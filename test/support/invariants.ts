import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Sandbox } from '../../src/sandbox/server.ts';
import type { FaultProxy } from '../../src/testing/fault-proxy.ts';
import { sha256Of } from '../../src/testing/files.ts';
import type { Ending } from './fault-catalog.ts';

/** What a run came to, however it was run. */
export interface RunFacts {
  readonly ending: Ending;
  readonly folder: string;
  readonly inputPath: string;
  readonly outputPath: string;
  readonly box: Sandbox;
  readonly proxy: FaultProxy;
  /** Everything that it said, in whatever form. */
  readonly said: string;
  /** The open multipart upload that it told of, if it did. */
  readonly toldOfParts: boolean;
}

/** Requests that no run of a small job needs: more of them is a loop. */
const MOST_REQUESTS = 1_500;

/** What holds after every run: nothing lost, corrupted, duplicated or left open, and no secret anywhere. */
export async function expectInvariants(run: RunFacts): Promise<void> {
  const { ending, folder, inputPath, outputPath, box, proxy, said } = run;
  const names = await readdir(folder);
  const output = outputPath.split('/').at(-1) ?? '';
  const landed = box.store.stored();
  const input = await sha256Of(inputPath);

  // I1, I2: success is the whole and checked output of our own bytes; failure leaves no output and no temporary file.
  expect(names.filter((name) => name.endsWith('.partial'))).toEqual([]);
  if (ending === 'success') {
    expect(names).toContain(output);
    expect(await sha256Of(outputPath)).not.toBe(input);
  } else expect(names).not.toContain(output);

  // I1, I3: at most one object has landed that can be ours, and what landed is the input.
  expect(landed.length).toBeLessThanOrEqual(1);
  if (ending === 'success') expect(landed).toHaveLength(1);
  for (const object of landed) expect(await sha256Of(object.path)).toBe(input);

  // I4: no multipart upload that it knew of is left open without a word.
  const leftOpen = box.store.openUploads().filter((id) => proxy.replied.some((body) => body.includes(id)));
  if (leftOpen.length > 0) expect(run.toldOfParts).toBe(true);

  // I5: the key goes to the API alone, and into nothing that is said.
  const key = box.variables.APPTEGO_API_KEY ?? '';
  const secret = key.slice(key.indexOf(':') + 1);
  for (const form of [secret, Buffer.from(key).toString('base64').slice(4, 24), Buffer.from(secret).toString('hex')])
    expect(said).not.toContain(form);
  expect(said).not.toMatch(/X-Amz-Signature=[0-9a-f]|SECRET-LOCATION|SECRET-COOKIE/);
  const withKey = proxy.seen.filter(({ headers }) => JSON.stringify(headers).includes(secret));
  expect(withKey.every(({ origin, headers }) => origin === 'api' && headers.authorization === `Bearer ${key}`)).toBe(
    true,
  );
  expect(proxy.seen.filter(({ headers }) => headers.cookie !== undefined)).toEqual([]);

  // I8: no loop.
  expect(proxy.seen.length).toBeLessThan(MOST_REQUESTS);
}
