import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { copyFixture, sha256Of, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { runCli } from '../support/cli.ts';

const ADD = { method: 'POST', path: /\/files$/ };
const DETAILS = { method: 'GET', path: /\/builds\/[^/]+$/ };
const MAPPING = 'com.example.A -> a:\n'.repeat(50_000);

/** A processed build, and a mapping file of 1 MB beside it. */
async function setUp(planned: Parameters<typeof faultProxy>[1] = [], options: Parameters<typeof sandbox>[0] = {}) {
  const cwd = await temporaryFolder();
  const proxy = await faultProxy(await sandbox({ processingMs: 0, ...options }), planned);
  const { variables: env } = proxy;
  await copyFixture('v2.apk', cwd, 'app.apk');
  await writeFile(join(cwd, 'mapping.txt'), MAPPING);
  const { stdout } = await runCli(['upload', 'app.apk', '--to', 'applivery'], { cwd, env });
  const job = stdout.trim();
  const run = async (line: string, more: Readonly<Record<string, string>> = {}) => {
    const result = await runCli([...`applivery ${line}`.split(' '), '--json'], { cwd, env: { ...env, ...more } });
    return ResultDocument.parse(JSON.parse(result.stdout));
  };
  const added = () => proxy.seen.filter(({ method, path }) => method === 'POST' && path.endsWith('/files')).length;
  return { cwd, env, job, run, added, proxy };
}

const idOf = ({ data }: { readonly data: unknown }) => (data as { file: { id: string } }).file.id;

describe('files', () => {
  test('what is attached comes back as it was, by its name and by its id, and show names it', async () => {
    const { cwd, job, run, env } = await setUp();

    const added = await run(`files add ${job} mapping.txt`);
    const got = await run(`files get ${job} mapping.txt -o out.txt`);
    const plain = await runCli(['applivery', 'files', 'get', job, idOf(added), '-o', 'again.txt'], { cwd, env });
    const shown = await runCli(['applivery', 'builds', 'show', job], { cwd, env });

    const size = Buffer.byteLength(MAPPING);
    expect(added).toMatchObject({ ok: true, data: { file: { name: 'mapping.txt', size } } });
    expect(got.data).toMatchObject({
      file: { path: 'out.txt', size, sha256: await sha256Of(join(cwd, 'mapping.txt')) },
    });
    expect(plain).toMatchObject({ code: 0, stdout: 'again.txt\n' });
    expect(await readFile(join(cwd, 'again.txt'), 'utf8')).toBe(MAPPING);
    expect(shown.stdout).toContain(`${idOf(added)} mapping.txt`);
  });

  test('without an output it takes the name that it has, and replaces nothing', async () => {
    const { job, run, cwd } = await setUp();
    await run(`files add ${job} mapping.txt`);

    expect(await run(`files get ${job} mapping.txt`)).toMatchObject({ exitCode: 3, error: { class: 'local-io' } });
    expect(await run(`files get ${job} mapping.txt -f`)).toMatchObject({ data: { file: { path: 'mapping.txt' } } });
    expect(await readFile(join(cwd, 'mapping.txt'), 'utf8')).toBe(MAPPING);
  });

  test('a lost response is settled by the files of the build; a file that was there before is not it', async () => {
    const { job, run, added } = await setUp([{ ...ADD, times: 1, fault: faults.lostAnswer() }]);

    expect(await run(`files add ${job} mapping.txt`)).toMatchObject({
      ok: true,
      data: { file: { name: 'mapping.txt' } },
    });
    expect(added()).toBe(1);

    const lost = await setUp([{ ...ADD, after: 1, times: 1, fault: faults.lostBeforeWork() }]);
    await lost.run(`files add ${lost.job} mapping.txt`);
    expect(await lost.run(`files add ${lost.job} mapping.txt`)).toMatchObject({ exitCode: 9 });
    expect(lost.added()).toBe(2);
  });

  test('a build that is not processed takes none, and says to wait', async () => {
    const { job, run } = await setUp([], { processingMs: 600_000 });

    expect(await run(`files add ${job} mapping.txt`)).toMatchObject({
      exitCode: 5,
      error: { backendCode: '5014', hint: expect.stringContaining('once the build is processed') },
    });
  });

  test.each([
    ['files get JOB other.txt -o x.txt', 5],
    ['files add JOB missing.txt', 3],
    ['files add JOB empty.txt', 3],
    ['files add 0123456789abcdef01234567 mapping.txt', 5],
  ])('%s is exit %i, and sends nothing', async (line, exitCode) => {
    const { job, run, cwd, added } = await setUp();
    await writeFile(join(cwd, 'empty.txt'), '');

    expect(await run(line.replace('JOB', job))).toMatchObject({ exitCode });
    expect(added()).toBe(0);
  });

  test('two files of one name are told apart by their ids', async () => {
    const { job, run } = await setUp();
    await run(`files add ${job} mapping.txt`);
    const second = await run(`files add ${job} mapping.txt`);

    expect(await run(`files get ${job} mapping.txt -o x.txt`)).toMatchObject({
      exitCode: 2,
      error: { class: 'usage' },
    });
    expect(await run(`files get ${job} ${idOf(second)} -o x.txt`)).toMatchObject({ ok: true });
  });

  test('bytes of another length than the build says are not taken', async () => {
    // The details that `add` reads first are of a build without files.
    const wrong = faults.changeJson((reply) => {
      const data = reply.data as { files: { file: { size: number } }[] };
      const files = data.files.map((one) => ({ ...one, file: { ...one.file, size: 7 } }));
      return { ...reply, data: { ...data, files } };
    });
    const { job, run } = await setUp([{ ...DETAILS, times: 9, fault: wrong }]);
    await run(`files add ${job} mapping.txt`);

    expect(await run(`files get ${job} mapping.txt -o x.txt`)).toMatchObject({ exitCode: 11, output: null });
  });

  test('an App token adds, and cannot get', async () => {
    const { job, run } = await setUp();
    const token = { APPLIVERY_SERVICE_TOKEN: '' };
    const build = job.split('/').at(-1) ?? '';

    expect(await run(`files add ${build} mapping.txt`, token)).toMatchObject({ ok: true });
    expect(await run(`files get ${build} mapping.txt -o x.txt`, token)).toMatchObject({ exitCode: 2 });
  });
});
