import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Fault, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';
import { COMMANDS, commandsIn } from '../support/runners.ts';
import { takesTurn } from '../support/share.ts';
import { CANARIES, SPELLINGS } from '../support/spellings.ts';

// All bytes of a run: what it prints, and what it writes for the stages after it, since a job may print that as well.

const FILES = ['r.json', 'e.ndjson', 'j.xml', 'd.env', 'p.properties', 'v.env', 's.md'];
const EVERYWHERE = [
  '--receipt',
  'r.json',
  '--junit',
  'j.xml',
  '--gitlab-dotenv',
  'd.env',
  '--jenkins-properties',
  'p.properties',
  '--env-out',
  'v.env',
  '--summary',
  's.md',
];
/** In fast time: a minute is over in 0.6 s. */
const QUICK = ['--poll-interval', '20ms', '--appear-timeout', '1m'];
const STREAMS: readonly (readonly string[])[] = [
  ['--events', 'e.ndjson'],
  ['--json', '--events', '-', '--verbose'],
];

async function runAll(
  command: readonly string[],
  planned: readonly PlannedFault[],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const box = await sandbox();
  const texts: string[] = [];
  for (const streams of STREAMS) {
    const proxy = await faultProxy(box, planned);
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd, 'app.apk');
    const variables = { ...proxy.variables, ...env };
    const result = await runCli([...command, ...EVERYWHERE, ...streams], { cwd, env: variables, isFast: true });
    texts.push(result.stdout, result.stderr);
    for (const file of FILES) texts.push(await readFile(join(cwd, file), 'utf8').catch(() => ''));
  }
  return texts;
}

const PROTECT = ['protect', 'app.apk', '-e', 'prod', ...QUICK];
const STATUS = { method: 'GET', path: /\/automate\/status\// };
const CREATE = { method: 'POST', path: /\/automate\/upload$/ };
const PUT = { origin: 'storage', method: 'PUT' } as const;
const text =
  (body: string, status = 400, type = 'text/plain'): Fault =>
  async (exchange) => {
    await exchange.readBody();
    const bytes = Buffer.from(body);
    exchange.reply({ status, headers: { 'content-type': type, 'content-length': String(bytes.length) }, body: bytes });
  };

/** The places in which a server's words come, each with the run that meets them. */
const PLACES: readonly (readonly [string, readonly string[], (words: string) => readonly PlannedFault[]])[] = [
  [
    'the message of a failed job',
    PROTECT,
    (words) => [
      {
        ...STATUS,
        times: 100,
        fault: faults.changeJson((reply) => ({ ...reply, status: 'failed', error_message: words })),
      },
    ],
  ],
  [
    "a job's status and progress",
    [...PROTECT, '--timeout', '10m'],
    (words) => [
      { ...STATUS, times: 2, fault: faults.changeJson((reply) => ({ ...reply, status: words, progress: words })) },
    ],
  ],
  ['an error of the API', PROTECT, (words) => [{ ...CREATE, times: 9, fault: faults.answer(400, { error: words }) }]],
  ['an error of the API that is no JSON', PROTECT, (words) => [{ ...CREATE, times: 9, fault: text(words) }]],
  ['a success that is no JSON', PROTECT, (words) => [{ ...CREATE, times: 9, fault: text(words, 200) }]],
  ['the words of the storage', PROTECT, (words) => [{ ...PUT, times: 9, fault: text(words) }]],
  [
    'the title of a page',
    PROTECT,
    (words) => [
      { ...PUT, times: 9, fault: text(`<html><title>${words.slice(0, 110)}</title></html>`, 403, 'text/html') },
    ],
  ],
  [
    'the code and the message of the storage',
    PROTECT,
    (words) => [
      { ...PUT, times: 9, fault: text(`<Error><Code>${words}</Code><Message>${words}</Message></Error>`, 400) },
    ],
  ],
  [
    'the findings of a validation',
    ['publish', 'app.apk', '--to', 'autoappstore', '--poll-interval', '20ms'],
    (words) => [
      {
        method: 'GET',
        path: /validation/,
        times: 100,
        fault: faults.changeJson((reply) => ({
          ...reply,
          runs: ((reply.runs ?? []) as object[]).map((run) => ({
            ...run,
            status: 'failed',
            findings: [{ code: words, severity: 'blocking', message: words }],
          })),
        })),
      },
    ],
  ],
];

describe('F-SRV-32: no runner finds a command in any byte of a run', () => {
  const CASES = PLACES.flatMap(([place, ...how]) =>
    [' ', '\n'].map((between) => [place, JSON.stringify(between), between, ...how] as const),
  );

  test.each(CASES.filter((_, index) => takesTurn(index + Math.floor(index / 2), 2)))(
    'in %s, with %s between them',
    async (_, __, between, command, plan) => {
      const texts = await runAll(command, plan(COMMANDS.join(between)));

      expect(texts.join('')).toMatch(/evil|boo/);
      expect(texts.flatMap(commandsIn)).toEqual([]);
    },
  );

  test('in the name of a file', async () => {
    const folder = await temporaryFolder();
    for (const name of ['::set-output name=job::evil.apk', '+++ evil.apk']) {
      await copyFixture('v2.apk', folder, name);
      const box = await sandbox();
      for (const streams of [[], ['--json'], ['--events', '-']]) {
        const flags = ['-e', 'prod', '--force', ...QUICK, ...streams];
        const { stdout, stderr } = await runCli(['protect', `./${name}`, ...flags], {
          cwd: folder,
          env: box.variables,
          isFast: true,
        });

        expect(stdout).not.toBe('');
        expect([stdout, stderr].flatMap(commandsIn)).toEqual([]);
      }
    }
  });

  test('in a receipt of others, whatever it holds', async () => {
    const folder = await temporaryFolder();
    const receipt = { receiptVersion: 2, tool: { name: 'apptool', version: COMMANDS.join(' ') }, steps: COMMANDS };
    await writeFile(join(folder, 'r.json'), JSON.stringify(receipt));
    for (const command of ['status', 'wait', 'download', 'abort']) {
      const { stdout, stderr } = await runCli([command, 'r.json'], { cwd: folder });

      expect([stdout, stderr].flatMap(commandsIn)).toEqual([]);
    }
  });
});

/** What stands for eight characters of the secret, in this spelling, is shown nowhere. */
function shown(canary: string, texts: readonly string[]): string[] {
  const found: string[] = [];
  for (const [name, write] of SPELLINGS) {
    const spelled = write(canary);
    const length = Math.ceil((8 * spelled.length) / canary.length);
    for (let at = 0; at + length <= spelled.length; at += 1) {
      const piece = spelled.slice(at, at + length);
      if (texts.some((one) => one.includes(piece))) found.push(`${name}: ${piece}`);
    }
  }
  return found;
}

describe('no secret is in any byte of a run, however a server spells it', () => {
  test.each(CANARIES.filter((_, index) => takesTurn(index, 2)))('%s', async (canary) => {
    const findings = SPELLINGS.map(([, write]) => ({
      code: 'x',
      severity: 'blocking',
      message: `key ${write(canary)} !`,
    }));
    const env = { AUTOAPPSTORE_TOKEN: canary };
    const upload = { version: { id: 'v1' }, validation_run: { id: 'r1' } };
    const runs = [{ id: 'r1', status: 'failed', findings }];

    const texts = await runAll(
      ['publish', 'app.apk', '--to', 'autoappstore', '--poll-interval', '20ms'],
      [
        { method: 'POST', times: 9, fault: faults.answer(200, upload) },
        { method: 'GET', path: /validation/, times: 100, fault: faults.answer(200, { runs }) },
        { method: 'GET', times: 100, fault: faults.answer(200, { id: 'v1', status: 'draft' }) },
      ],
      env,
    );

    for (const one of texts.filter((whole) => whole.includes('blocking'))) expect(one).toContain('[redacted]');
    expect(texts.join('').split('[redacted]').length).toBeGreaterThan(SPELLINGS.length);
    expect(shown(canary, texts)).toEqual([]);
  });

  test.each([500, 120])("where a server's words are cut, at %s characters", async (cut) => {
    const canary = 'VaLue0123456789abcdefQWERTZuiopasdfGHJKLyxcvb';
    const env = { APPTEGO_API_KEY: `kid4711:${canary}` };
    const box = await sandbox();
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd, 'app.apk');
    for (const before of cut === 500 ? [0, 4, 9, 15, 22, 30, 38, 45] : [4, 22, 45]) {
      const words = `${'x'.repeat(cut - before - 1)} ${canary} and more`.padEnd(700, 'y');
      const fault = cut === 500 ? faults.answer(400, { error: words }) : text(words, 200);
      const proxy = await faultProxy(box, [{ ...CREATE, times: 9, fault }]);
      const { stdout, stderr } = await runCli([...PROTECT, '--json'], {
        cwd,
        env: { ...proxy.variables, ...env },
        isFast: true,
      });

      expect(stderr + stdout).toContain('xxxx');
      for (let at = 0; at + 8 <= canary.length; at += 1)
        expect(stderr + stdout).not.toContain(canary.slice(at, at + 8));
    }
  });
});
