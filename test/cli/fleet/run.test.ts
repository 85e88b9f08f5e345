import { readFileSync } from 'node:fs';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FleetPlan } from '../../../src/contract/record/fleet-plan.ts';
import { faultProxy, type PlannedFault } from '../../../src/testing/fault-proxy.ts';
import { faults } from '../../../src/testing/faults.ts';
import { sandbox } from '../../../src/testing/sandbox.ts';
import { elements } from '../../support/ci-files.ts';
import { runProcess } from '../../support/cli.ts';
import { fleetProject, idOf, sends } from '../../support/fleet.ts';
import { readJUnit } from '../../support/junit-form.ts';
import { takesTurn } from '../../support/share.ts';

const STORE_REFUSES: PlannedFault = {
  method: 'POST',
  path: /uploads\/ci$/,
  fault: faults.answer(422, { error: 'no' }),
};

async function setUp(
  options: Partial<Parameters<typeof fleetProject>[0]> & { readonly weeklyLimit?: number } = {},
  planned: readonly PlannedFault[] = [],
) {
  const box = await sandbox({ processingMs: 0, appearMs: 0, weeklyLimit: options.weeklyLimit ?? null });
  const proxy = await faultProxy(box, planned);
  const project = await fleetProject({ count: 2, variables: proxy.variables, ...options });
  const plan = () => FleetPlan.parse(JSON.parse(readFileSync(join(project.folder, 'plan.json'), 'utf8')));
  return { ...project, proxy, plan };
}

const PLAN = 'fleet plan --resume receipts -o plan.json';
const STATUS = 'fleet status receipts --plan plan.json';

describe('a wave', () => {
  test('plans, runs each cell, and adds up; a second wave does only what is missing', async () => {
    const { run, plan, proxy, receipt } = await setUp({ count: 3, defaults: { weekly: 2 } }, [STORE_REFUSES]);

    expect((await run(PLAN)).code).toBe(0);
    const first = plan();
    expect(first.cells.map(({ id }) => id)).toEqual(['app01', 'app02']);
    expect(first.deferred.map(({ id }) => id)).toEqual(['app03']);
    expect((await run('fleet run app01')).code).toBe(12);
    expect((await run('fleet run app02')).code).toBe(0);
    expect(sends(proxy)).toEqual({ protected: 2, autoappstore: 2, applivery: 2, ignite: 2 });
    const status = await run(STATUS);
    expect([status.code, status.stdout]).toEqual([12, expect.stringMatching(/app01 +publish:autoappstore +failed/)]);
    expect(status.stderr).toContain('apptool fleet plan --resume receipts');

    // A week that has no build left: what is protected goes on all the same.
    expect((await run(PLAN)).code).toBe(0);
    const second = plan();
    expect(second.cells.map(({ id, step, steps }) => [id, step, steps])).toEqual([
      ['app01', 'publish', ['publish:autoappstore']],
    ]);
    expect(second.done.map(({ id }) => id)).toEqual(['app02']);
    expect((await run('fleet run app01')).code).toBe(0);
    expect((await run('fleet run app01')).code).toBe(0);
    expect(sends(proxy)).toEqual({ protected: 2, autoappstore: 3, applivery: 2, ignite: 2 });
    expect((await receipt('app01')).steps.every(({ state }) => state?.phase === 'succeeded')).toBe(true);

    const third = await run(PLAN);
    expect([third.code, third.stderr]).toEqual([10, expect.stringContaining('error[limit]')]);
    const deferred = plan().deferred[0];
    const oldest = (await receipt('app01')).steps[0]?.acceptedAt ?? '';
    expect(deferred?.from).toBe(new Date(Date.parse(oldest) + 7 * 24 * 3600_000).toISOString());
    expect((await run(STATUS)).code).toBe(10);
  });

  test('with a gate protection and publishing are two runs, on machines that share only the plan and the receipt', async () => {
    const { run, proxy, folder, receipt } = await setUp({ count: 1 });
    await run(PLAN);

    expect((await run('fleet run app01 --until protected')).code).toBe(0);
    expect(sends(proxy)).toEqual({ protected: 1, autoappstore: 0, applivery: 0, ignite: 0 });
    expect((await run(STATUS)).code).toBe(12);
    await rm(join(folder, 'protected'), { recursive: true });
    await rm(join(folder, 'out'), { recursive: true });
    const published = await run('fleet run app01 --from publish --receipt receipts/published/app01.json');

    expect(published.code, published.stderr).toBe(0);
    expect(sends(proxy)).toEqual({ protected: 1, autoappstore: 1, applivery: 1, ignite: 1 });
    expect((await receipt('app01')).steps).toHaveLength(1);
    expect((await receipt('app01', 'receipts/published')).steps).toHaveLength(4);
    expect((await run(STATUS)).code).toBe(0);
  });

  test('the half before a gate has nothing to do for an app that is only published, and says just that', async () => {
    const { run, proxy } = await setUp({ count: 1, config: { releases: { production: { publish: ['applivery'] } } } });
    await run(PLAN);

    const half = await run('fleet run app01 --until protected');

    expect([half.code, half.stdout]).toEqual([0, '']);
    expect(half.stderr).toMatch(/^release production, not done: publish:applivery, <1 s$/m);
    expect(sends(proxy).applivery).toBe(0);
  });

  test('refuses a file that is not the planned one, and an app that is not in the plan', async () => {
    const { run, folder, proxy } = await setUp();
    await run(PLAN);
    await appendFile(join(folder, 'out/app01/app.apk'), 'x');

    const changed = await run('fleet run app01');
    const unknown = await run('fleet run app03');

    expect([changed.code, changed.stderr]).toEqual([13, expect.stringContaining('is not the file that was planned')]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('did you mean app')]);
    expect(sends(proxy).protected).toBe(0);
    expect((await run(STATUS)).stdout).toMatch(/app01 +protect:apptego +failed +- +policy/);
  });

  test('refuses an app that is not the one of the fleet', async () => {
    const { run, proxy } = await setUp({ apps: { app01: { package: 'dev.apptool.another' } } });
    await run(PLAN);

    const other = await run('fleet run app01');

    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('dev.apptool.another')]);
    expect(sends(proxy).protected).toBe(0);
  });

  test('what may have landed is not planned, and refused', async () => {
    const lost: PlannedFault = { method: 'POST', path: /uploads\/ci$/, times: 9, fault: faults.lostAnswer() };
    const { run, plan } = await setUp({ count: 1 }, [lost]);
    await run(PLAN);

    expect((await run('fleet run app01')).code).not.toBe(0);
    const status = await run(STATUS);
    const planned = await run(PLAN);

    expect([status.code, status.stdout]).toEqual([9, expect.stringMatching(/publish:autoappstore +look/)]);
    expect(planned.code).toBe(0);
    expect(planned.stderr).toContain('app01 is not planned: it may have landed');
    expect(plan().cells).toEqual([]);
    expect(plan().look.map(({ id, at }) => [id, at])).toEqual([['app01', ['publish:autoappstore']]]);
    expect((await run('fleet run app01')).code).toBe(2);
  });

  test('a protection that still runs is waited for in the next wave, and not sent again', async () => {
    const box = await sandbox({ processingMs: 0, appearMs: 0 });
    let isRunning = true;
    const held = faults.changeJson((job) => (isRunning ? { ...job, status: 'processing' } : job));
    const proxy = await faultProxy(box, [{ path: /automate\/status/, times: 9999, fault: held }]);
    const { run } = await fleetProject({ count: 1, variables: proxy.variables });
    await run(PLAN);

    expect((await run('fleet run app01 --timeout 2m')).code).toBe(7);
    expect((await run(STATUS)).code).toBe(7);
    expect((await run(PLAN)).stdout).toBe('plan.json\n');
    expect((await run('fleet plan --resume receipts')).stdout).toMatch(/app01 +\d +wait/);
    isRunning = false;
    const gone = await run('fleet run app01 --timeout 1h');

    expect(gone.code, gone.stderr).toBe(0);
    expect(sends(proxy).protected).toBe(1);
  });

  test('a new version gets a receipt of its own; the builds of the old one count for the week', async () => {
    const { run, plan, receipt } = await setUp({ count: 1, defaults: { weekly: 1 } });
    await run(PLAN);
    await run('fleet run app01');
    const first = await receipt('app01');
    const { variables } = await sandbox();
    const { folder } = await fleetProject({ count: 1, variables });
    const { run: runThere } = await fleetProject({ count: 2, variables, folder, defaults: { weekly: 1 } });
    const old = { ...first, input: { ...first.input, sha256: 'a'.repeat(64) } };
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(join(folder, 'receipts'));
    await writeFile(join(folder, 'receipts/app01.json'), JSON.stringify(old));

    const again = await runThere('fleet plan --resume receipts --json');

    expect(again.code).toBe(10);
    const { data } = JSON.parse(again.stdout) as { data: FleetPlan };
    expect(data.deferred[0]?.receipt).toBe(`receipts/app01-${plan().cells[0]?.sha256.slice(0, 8)}.json`);
    expect(data.deferred.map(({ from }) => from.slice(0, 10)).sort()).toEqual(
      data.deferred.map(({ from }) => from.slice(0, 10)),
    );
  });
});

test('each app has the variables of its suffix, and no token of another app', async () => {
  const box = await sandbox({ processingMs: 0, appearMs: 0 });
  const { APPLIVERY_APP_TOKEN: token = '', ...others } = box.variables;
  const variables = { ...others, APPLIVERY_APP_TOKEN: 'another-token', APPLIVERY_APP_TOKEN_ACME: token };
  const { run } = await fleetProject({
    count: 2,
    variables,
    apps: { app01: { credentials: 'ACME', publish: ['applivery'] }, app02: { publish: ['applivery'] } },
  });
  await run(PLAN);

  const own = await run('fleet run app01');
  const plain = await run('fleet run app02 --set applivery.api=integrations');

  expect(own.code, own.stderr).toBe(0);
  expect([plain.code, plain.stderr]).toEqual([4, expect.stringContaining('APPLIVERY_APP_TOKEN')]);
  expect(own.stderr + plain.stderr).not.toContain(token);
});

test('the whole of a wave, one of its lines a day in a process of its own: reports in their places, the canary first', async () => {
  const { run, folder, proxy } = await setUp({ apps: { app02: { canary: true } } });
  const env = proxy.variables;
  const inProcess = (line: string, turn: number) =>
    takesTurn(turn, 3) ? runProcess(line.split(' '), { cwd: folder, env, isFast: true }) : run(line);

  expect((await inProcess(PLAN, 0)).code).toBe(0);
  expect((await inProcess('fleet run app02', 1)).code).toBe(0);
  const suites = (path: string) => elements(readJUnit(readFileSync(join(folder, path), 'utf8')), 'testsuite');
  expect(suites('reports/app02.xml')[0]?.attributes.name).toContain('apptool.app02');
  const status = await inProcess(`${STATUS} --summary fleet.md --junit fleet.xml`, 2);

  expect(status.code).toBe(12);
  expect((await run('fleet plan')).stdout).toMatch(/^APP.*\napp02/);
  expect(await readFile(join(folder, 'fleet.md'), 'utf8')).toContain(
    '<code>apptool fleet plan --resume receipts</code>',
  );
  expect(suites('fleet.xml').map(({ attributes }) => attributes.name)).toContain(`apptool.${idOf(1)}`);
});
