import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const own = backends.flatMap(({ id, commands = [] }) => commands.map((command) => ({ id, ...command })));

test.each(own.map(({ id, name, flags }) => [`${id} ${name}`, flags] as const))('%s takes --set', (_, flags) => {
  expect(flags).toContain('set');
});

/** A job of each backend that has commands about jobs, with its receipt. */
const UPLOADS = {
  'apptego-management': ['-e', 'prod'],
  autoappstore: [],
  applivery: [],
} as const;

/** What moves while nobody does anything. */
function withoutTimes(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data, (key, value) => (/(?:At|Time)$/.test(key) ? null : value)));
}

describe.each(Object.entries(UPLOADS))('%s', (backend, flags) => {
  async function uploaded() {
    const cwd = await temporaryFolder();
    const { variables: env } = await sandbox({ processingMs: 0, appearMs: 0 });
    await copyFixture('v2.apk', cwd, 'app.apk');
    const receipt = join(cwd, 'r.json');
    const { stdout } = await runCli(
      ['publish', 'app.apk', '--to', backend, ...flags, '--receipt', receipt, '--json', '--poll-interval', '50ms'],
      {
        cwd,
        env,
      },
    );
    const [target] = JSON.parse(stdout).targets;
    return { cwd, env, receipt, job: target.job as { ref: string; id: string } };
  }

  test('its commands about a job take its id, its reference and a receipt alike', async () => {
    const { cwd, env, receipt, job } = await uploaded();
    const about = own.filter(({ id, takesJob, writes }) => id === backend && takesJob === true && writes !== true);

    for (const { name } of about) {
      const words = [backend, ...name.split(' ')];
      const results = [];
      for (const operand of [job.id, job.ref, receipt])
        results.push(await runCli([...words, operand, '--json'], { cwd, env }));
      const [first, ...others] = results.map(({ code, stdout }) => [code, withoutTimes(JSON.parse(stdout).data)]);
      expect(first?.[0], name).toBe(0);
      expect(others, name).toEqual([first, first]);
    }
    expect(own.some(({ id, takesJob }) => id === backend && takesJob === true)).toBe(true);
  });

  test('what its lists print, the other commands take', async () => {
    const { cwd, env } = await uploaded();
    const lists = own.filter(({ id, name }) => id === backend && name === 'builds list');

    for (const { name } of lists) {
      const { stdout } = await runCli([backend, ...name.split(' ')], { cwd, env });
      const job = stdout.split('\n')[1]?.split(/\s/)[0] ?? '';
      expect(await runCli(['status', job], { cwd, env })).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^succeeded /),
      });
    }
  });

  test('a job of another backend, and a receipt without one of this, are refused before any request', async () => {
    const { cwd, env } = await uploaded();
    const [about] = own.filter(({ id, takesJob }) => id === backend && takesJob === true);
    const words = [backend, ...(about?.name.split(' ') ?? []), '--yes'].filter(
      (word) => word !== '--yes' || about?.destroys !== undefined,
    );
    const other = await runCli(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--receipt', 'other.json'], {
      cwd,
      env,
    });

    expect(other.code, other.stderr).toBe(0);
    expect(await runCli([...words, 'apptego:1700000000'], { cwd, env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`is a job of apptego, not of ${backend}`),
    });
    expect(await runCli([...words, 'other.json'], { cwd, env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`other.json has no job of ${backend}`),
    });
  });
});
