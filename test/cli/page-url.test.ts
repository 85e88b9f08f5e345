import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../src/contract/record/journal.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { CANARY_KEY, expectRefused, startCanary } from '../support/canary.ts';
import { runCli } from '../support/cli.ts';

const PAGE = 'https://portal.example.com/builds/{job}';
const SET = `--set apptego.pageUrl=${PAGE}`;

async function setUp() {
  const cwd = await temporaryFolder();
  const { variables } = await sandbox({ processingMs: 0 });
  await copyFixture('v2.apk', cwd, 'app.apk');
  const run = (line: string) => runCli(line.split(' '), { cwd, env: variables, isFast: true });
  const document = async (line: string) => ResultDocument.parse(JSON.parse((await run(`${line} --json`)).stdout));
  const read = async (name: string) => await readFile(join(cwd, name), 'utf8');
  return { cwd, run, document, read };
}

describe('the page of a job', () => {
  test('is told while it runs and at its end, and stands in receipt, reports and page', async () => {
    const { run, read } = await setUp();

    const { code, stdout, stderr } = await run(
      `protect app.apk -e prod ${SET} --receipt r.json --gitlab-dotenv a.env --summary s.md`,
    );
    const receipt = Receipt.parse(JSON.parse(await read('r.json')));
    const page = PAGE.replace('{job}', receipt.steps[0]?.job?.id ?? '');

    expect(code, stderr).toBe(0);
    expect(stdout).toBe('app-protected.apk\n');
    expect(stderr).toContain(`\npage of the job: ${page}\n`);
    expect(stderr).toMatch(new RegExp(`^page +${page.replaceAll('.', '\\.')}$`, 'm'));
    expect(receipt.steps).toMatchObject([{ links: { page, install: null } }]);
    expect(await read('a.env')).toContain(`APPTOOL_RESULT_PAGE=${page}\n`);
    expect(await read('s.md')).toContain(`<a href="${page}">page</a>`);

    await run('report r.json -o page.html');
    expect(await read('page.html')).toContain(`<a href="${page}" rel="noreferrer noopener">Page at apptego</a>`);
  });

  test('is that of each target, by the parts of its job', async () => {
    const { document } = await setUp();

    const { targets, steps } = await document(
      'publish app.apk --to applivery,autoappstore --set applivery.pageUrl=https://d.example/{organization}/{app}/{build}/{package}',
    );

    const id = targets[0]?.job?.id;
    expect(id).toMatch(/\/.*\//);
    const page = `https://d.example/${id}/dev.apptool.fixture`;
    expect(targets.map(({ links }) => links.page)).toEqual([page, null]);
    expect(steps.map(({ links }) => links.page)).toEqual([page, null]);
  });

  test('is told by whoever goes on with the job, and in the rows of a fleet', async () => {
    const { cwd, run, document } = await setUp();
    await run('upload app.apk --to apptego -e prod --receipt r.json');
    await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ apptego: { pageUrl: PAGE } }));

    const waited = await run('wait r.json --receipt r.json');
    const fleet = await document('fleet status .');

    const [{ links, job } = { links: null, job: null }] = (fleet.data as { rows: { links: unknown; job: string }[] })
      .rows;
    const page = PAGE.replace('{job}', job?.replace('apptego:', '') ?? '');
    expect(waited.stderr).toContain(`page of the job: ${page}\n`);
    expect(links).toEqual({ page, install: null });
  });

  test('is nothing that any backend has by itself', async () => {
    const { document } = await setUp();
    const { links } = await document('upload app.apk --to apptego -e prod');
    expect(links).toEqual({ page: null, install: null });
  });

  test.each([
    ['http://portal.example.com/{job}', 2, 'must start with https://'],
    ['https://portal.example.com/{token}', 2, 'unknown placeholder {token}'],
    [`https://portal.example.com/${CANARY_KEY.split(':')[1]}/{job}`, 13, 'pageUrl holds a secret'],
  ])('is refused before anything is sent: %s', async (template, exit, says) => {
    const canary = await startCanary();
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd, 'app.apk');

    const result = await runCli(
      ['upload', 'app.apk', '--to', 'apptego', '-e', 'prod', '--set', `apptego.pageUrl=${template}`],
      { cwd, env: canary.variables },
    );

    expectRefused(result, canary, { exit, says });
  });
});
