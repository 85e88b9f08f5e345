import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import type { CommandInput, CommandOutput } from '../../src/contract/backend/definition.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { type Answer, type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { backendInput, openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { UPLOAD } from './upload.ts';

export type Asked = Partial<Pick<CommandInput<never>, 'operands' | 'flags' | 'limit' | 'dryRun'>>;
export type Fields = Record<string, unknown>;

/** What no output and no event may hold. */
export const PASSWORD = 'pass-word-of-the-key';
/** The flags of an Android key. */
export const ANDROID = { name: 'Release', platform: 'android', alias: 'release' };

/** A tenant behind a proxy, and its commands as the command line runs them, without its rendering. */
export async function tenant(planned: readonly PlannedFault[] = []) {
  const folder = await temporaryFolder();
  const box = await sandbox({ processingMs: 0, appearMs: 0 });
  const proxy = await faultProxy(box, planned);
  const ctx = testContext({ clock: fakeClock() });
  const variables = { ...proxy.variables, APPTEGO_SIGNING_KEY_PASSWORD: PASSWORD };
  const run = async (name: string, asked: Asked = {}): Promise<CommandOutput> => {
    const command = apptegoManagement.commands?.find((one) => one.name === name);
    if (command === undefined) throw new Error(`no command ${name}`);
    const usual = { operands: [], flags: {}, limit: 50, dryRun: false };
    const input = backendInput(apptegoManagement, variables, {
      more: command.credentials ?? [],
      stallTimeoutMs: 1_000,
    });
    return await command.run({ ...input, ...usual, ...asked } as never, ctx);
  };
  const keyFile = join(folder, 'release.jks');
  await writeFile(keyFile, 'bytes of a keystore');
  const addKey = async (flags: Record<string, string | true> = {}): Promise<string> =>
    (await run('keys add', { operands: [keyFile], flags: { ...ANDROID, ...flags } })).text ?? '';
  /** The id of a finished build. */
  const build = async (name = 'app.apk'): Promise<string> => {
    const { adapter } = await openBackend(apptegoManagement, variables);
    const id = await adapter.upload(await artifactAt(await copyFixture('v2.apk', folder, name)), UPLOAD, ctx);
    const ask = () => adapter.poll(id, { patience: 'retried', until: null }, ctx);
    await expect.poll(ask, { interval: 10 }).toMatchObject({ phase: 'succeeded' });
    return id;
  };
  /** The calls of the API, by their last words. */
  const calls = () => proxy.seen.filter(({ origin }) => origin === 'api').map(({ path }) => path.split('/').at(-1));
  return { box, proxy, ctx, run, keyFile, addKey, build, calls };
}

export function call(name: string): Pick<PlannedFault, 'path'> {
  return { path: new RegExp(`/frontend/${name}$`) };
}

/** Done, but whoever asked is told that it broke. */
export function doneButBroken(): Fault {
  const body = Buffer.from('{"error":"upstream timed out"}');
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  return faults.answerInstead((): Answer => ({ status: 500, headers, body }));
}

/** A fault that keeps the JSON that was sent, and lets it pass. */
export function keeping(into: Fields[]): Fault {
  return async (exchange) => {
    const body = await exchange.readBody();
    into.push(JSON.parse(body.toString('utf8')) as Fields);
    exchange.reply(await exchange.forward(body));
  };
}
