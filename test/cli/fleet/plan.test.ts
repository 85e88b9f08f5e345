import { readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FleetPlan } from '../../../src/contract/record/fleet-plan.ts';
import { ROOT } from '../../../src/testing/files.ts';
import { sandbox } from '../../../src/testing/sandbox.ts';
import { fleetProject, idOf } from '../../support/fleet.ts';
import { gitRepository } from '../../support/git.ts';
import { checked } from '../../support/published-schema.ts';
import { receiptWith, stepOf } from '../../support/receipts.ts';

const project = (options: Partial<Parameters<typeof fleetProject>[0]> = {}) =>
  fleetProject({ count: 3, variables: {}, ...options });
const dataOf = ({ stdout }: { readonly stdout: string }) => (JSON.parse(stdout) as { data: FleetPlan }).data;

describe('the file of a fleet', () => {
  const ACME = 'acme: { file: "out/app01/*.apk", package: com.acme }';
  const BOTH = `apps:\n  ${ACME}\n  `;

  test.each<[string, string, string | RegExp]>([
    [
      'an unknown key',
      'apps:\n  acme: { file: a.apk, package: a.b, pakage: a.b }',
      /fleet\.yaml:2:\d+: unknown key "pakage"; did you mean "package"/,
    ],
    [
      'an unknown key at the top',
      'default: {}\napps: {}',
      'apptool.fleet.yaml:1:1: unknown key "default"; did you mean "defaults"?',
    ],
    ['a secret', 'apps:\n  acme: { file: a.apk, package: a.b, apiToken: x }', /"apiToken": keep secrets out of/],
    ['a key that is missing', 'apps:\n  acme: { file: a.apk }', /fleet\.yaml:2:3: apps\.acme\.package: is missing/],
    ['no apps', 'apps: {}', /apps: names no app/],
    [
      'an id that no file may have',
      'apps:\n  "../acme": { file: a.apk, package: a.b }',
      /fleet\.yaml:2:3: apps: an id must be/,
    ],
    [
      'a suffix that is none',
      'apps:\n  acme: { file: a.apk, package: a.b, credentials: "a b" }',
      /2:38: apps\.acme\.credentials: must be capitals/,
    ],
    ['slots of no number', 'defaults: { slots: many }\napps: {}', /1:13: defaults\.slots: must be a whole number/],
    [
      'no file',
      'apps:\n  acme: { file: "nowhere/*.apk", package: a.b }',
      /2:11: apps\.acme\.file: nowhere\/\*\.apk matches no file/,
    ],
    [
      'several files',
      'apps:\n  acme: { file: "out/*/*.apk", package: a.b }',
      /matches 3 files: out\/app01\/app\.apk, /,
    ],
    [
      'a file that is no app',
      'apps:\n  acme: { file: "apptool.config.json", package: a.b }',
      /expected \.apk, \.aab or \.ipa/,
    ],
    [
      'one package twice',
      `${BOTH}bravo: { file: "out/app02/*.apk", package: com.acme }`,
      /3:\d+: acme and bravo have one package com\.acme/,
    ],
    [
      'one file twice',
      `${BOTH}bravo: { file: "out/app01/app.apk", package: com.bravo }`,
      /3:3: apps\.bravo: acme and bravo share the same file/,
    ],
    [
      'one receipt twice',
      `${BOTH}ACME: { file: "out/app02/*.apk", package: com.bravo }`,
      /3:3: acme and ACME have one receipt/,
    ],
    [
      'a release that is not there',
      `defaults: { release: prodution }\n${BOTH}`,
      /there is no release "prodution"; the config has production/,
    ],
    [
      'a target that is not there',
      'apps:\n  acme: { file: "out/app01/*.apk", package: a.b, publish: [nowhere] }',
      /expected a backend: /,
    ],
  ])('%s is told with its place', async (_, text, why) => {
    const { run, folder } = await project();
    await rm(join(folder, 'apptool.fleet.json'));
    await writeFile(join(folder, 'apptool.fleet.yaml'), text);

    const result = await run('fleet plan');

    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(why);
    expect([2, 13]).toContain(result.code);
  });

  test('a found file may not lead out of its project; a named one may', async () => {
    const { run, folder } = await project({ count: 1 });
    const other = await project({ count: 1 });
    await rm(join(folder, 'out/app01/app.apk'));
    await symlink(join(other.folder, 'out/app01/app.apk'), join(folder, 'out/app01/app.apk'));

    expect((await run('fleet plan')).code).toBe(13);
    expect((await run('fleet plan --fleet apptool.fleet.json')).code).toBe(0);
  });

  test('the example is one, and so says the schema of the package', async () => {
    const example = parse(readFileSync(join(ROOT, 'recipes/apptool.fleet.example.yaml'), 'utf8')) as unknown;

    expect(checked('fleet.schema.json', example)).toEqual(example);
    expect(() => checked('fleet.schema.json', { apps: { acme: { file: 'a.apk' } } })).toThrow();
  });
});

describe('which apps', () => {
  test('--only names them; an unknown one is told', async () => {
    const { run } = await project();

    const two = dataOf(await run('fleet plan --only app03,app01 --json'));
    const unknown = await run('fleet plan --only app01,ap02');

    expect([two.cells.map(({ id }) => id), two.left]).toEqual([['app01', 'app03'], ['app02']]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('did you mean app02?')]);
  });

  test('--changed-since takes those whose paths git knows to have changed, and nothing of the checkout runs', async () => {
    const { folder, git } = await gitRepository();
    const apps = { app01: { when: ['brands/one/**'] }, app02: { when: ['brands/{two,both}/*.txt', 'core/**'] } };
    const { run } = await project({ folder, apps });
    await mkdir(join(folder, 'brands/two/deep'), { recursive: true });
    await writeFile(join(folder, 'brands/two/deep/a.txt'), 'a');
    git('add', '--all');
    git('commit', '--quiet', '--message=one');
    git('tag', 'v1');
    const planned = async (ref: string) => dataOf(await run(`fleet plan --json --changed-since ${ref}`));
    await writeFile(join(folder, 'brands/two/deep/a.txt'), 'b');
    git('commit', '--quiet', '--all', '--message=two');
    expect((await planned('v1')).cells.map(({ id }) => id)).toEqual(['app03']);
    await writeFile(join(folder, 'brands/two/x.txt'), 'b');
    git('add', '--all');
    git('commit', '--quiet', '--message=three');
    git('config', 'diff.external', `touch ${join(folder, 'ran')};`);
    git('config', 'core.fsmonitor', `touch ${join(folder, 'ran')};`);

    expect((await planned('v1')).cells.map(({ id }) => id)).toEqual(['app02', 'app03']);
    expect((await planned('HEAD')).cells.map(({ id }) => id)).toEqual(['app03']);
    expect(() => readFileSync(join(folder, 'ran'))).toThrow();
    for (const ref of ['no-such-tag', '-output=ran', '-1']) {
      const result = await run(['fleet', 'plan', `--changed-since=${ref}`]);
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('cannot tell what has changed')]);
    }
  });

  test('an empty wave is no failure', async () => {
    const { folder, git } = await gitRepository();
    const { run } = await project({ count: 1, folder, apps: { app01: { when: ['x'] } } });
    git('add', '--all');
    git('commit', '--quiet', '--message=one');

    const empty = await run('fleet plan --changed-since HEAD --format github');

    expect([empty.code, empty.stdout]).toEqual([0, expect.stringContaining('\nempty=true\n')]);
    const pipeline = parse((await run('fleet plan --changed-since HEAD --format gitlab')).stdout) as object;
    expect(Object.keys(pipeline)).toEqual(['stages', 'status']);
  });
});

describe('a hash', () => {
  test('is taken from the last plan as long as the file is the same, and not a moment longer', async () => {
    const { run, folder } = await project({ count: 2 });
    const path = join(folder, 'plan.json');
    const plan = () => FleetPlan.parse(JSON.parse(readFileSync(path, 'utf8')));
    await run('fleet plan -o plan.json');
    const first = plan();
    // As if it had been planned later, with a hash that nobody has computed.
    const known = first.cells.map((cell) => ({ ...cell, sha256: 'e'.repeat(64) }));
    const later = new Date(Date.parse(first.createdAt) + 60_000).toISOString();
    await writeFile(path, `${JSON.stringify({ ...first, createdAt: later, cells: known.slice(0, 1) }, null, 2)}\n`);

    await run('fleet plan -o plan.json');
    expect(plan().cells.map(({ sha256 }) => sha256)).toEqual(['e'.repeat(64), first.cells[1]?.sha256]);

    await writeFile(path, `${JSON.stringify({ ...plan(), createdAt: later }, null, 2)}\n`);
    await copyFile(join(folder, 'out/app01/app.apk'), join(folder, 'copy'));
    await rename(join(folder, 'copy'), join(folder, 'out/app01/app.apk'));
    await run('fleet plan -o plan.json');
    expect(plan().cells[0]?.sha256).toBe(first.cells[0]?.sha256);
  });
});

describe('the formats', () => {
  const APPS = { app02: { canary: true } };

  test('github: outputs that its runner and fromJSON read', async () => {
    const { run } = await project({ apps: APPS });

    const lines = (await run('fleet plan --format github')).stdout.trimEnd().split('\n');
    const outputs = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));

    expect(JSON.parse(outputs.canary)).toEqual({ include: [{ id: 'app02', lane: expect.any(Number) }] });
    expect(JSON.parse(outputs.matrix).include.map(({ id }: { id: string }) => id)).toEqual(['app01', 'app03']);
    expect(outputs).toMatchObject({ canary_empty: 'false', matrix_empty: 'false', slots: '2', empty: 'false' });
  });

  test('gitlab: a job per app and stage, one gate, never more resource groups than slots', async () => {
    const { run } = await project({ count: 5, apps: APPS });

    const { gate, status, ...rest } = parse((await run('fleet plan --format gitlab')).stdout) as Record<
      string,
      Record<string, unknown>
    >;

    expect(gate).toMatchObject({ when: 'manual', allow_failure: false, needs: [] });
    expect(status).toMatchObject({ when: 'always' });
    const groups = Object.values(rest).flatMap(({ resource_group: group }) => group ?? []);
    expect(groups).toHaveLength(5);
    expect(new Set(groups)).toEqual(new Set(['apptool-fleet-0', 'apptool-fleet-1']));
    expect(rest['protect app01']).toMatchObject({
      script: [`exec node "$apptool" fleet run app01 --plan plan.json --until protected`],
      needs: [expect.anything(), expect.anything(), { job: 'protect app02', artifacts: false }],
    });
    expect(rest['publish app01']?.needs).toContain('protect app01');
    for (const job of Object.values(rest)) expect(job).not.toHaveProperty('retry');
  });

  test('without a gate one job does all', async () => {
    const { run } = await project({ count: 1, defaults: { gate: false } });

    const { stages: _, ...jobs } = parse((await run('fleet plan --format gitlab')).stdout) as object & {
      stages: unknown;
    };
    const circle = parse((await run('fleet plan --format circleci')).stdout) as { workflows: unknown };

    expect(Object.keys(jobs)).toEqual(['release app01', 'status']);
    // GitLab would give the retry of a job that has protected no receipt.
    expect(jobs).toMatchObject({ 'release app01': { retry: 0 } });
    expect(JSON.stringify(circle)).not.toContain('approval');
  });

  test('jenkins, azure, circleci: read back as their engines read them', async () => {
    const { run } = await project({ apps: APPS });

    const jenkins = JSON.parse((await run('fleet plan --format jenkins')).stdout) as Record<string, { id: string }[]>;
    expect([jenkins.canaries?.map(({ id }) => id), jenkins.cells?.map(({ id }) => id)]).toEqual([
      ['app02'],
      ['app01', 'app03'],
    ]);
    const azure = (await run('fleet plan --format azure')).stdout.trimEnd().split('\n');
    const commands = azure.map(
      (line) => /^##vso\[task\.setvariable variable=(\w+);isOutput=true\](.*)$/.exec(line) ?? [],
    );
    const variables = Object.fromEntries(commands.map(([, name, value]) => [name, value]));
    expect(Object.entries(JSON.parse(variables.matrix ?? '') as object)).toEqual([
      ['app_app01', { FLEET_ID: 'app01', FLEET_LANE: expect.stringMatching(/^[01]$/) }],
      ['app_app03', { FLEET_ID: 'app03', FLEET_LANE: expect.stringMatching(/^[01]$/) }],
    ]);
    // As it is used: behind the file that has the jobs.
    const jobs = 'version: 2.1\njobs:\n  fleet-cell: { docker: [] }\n';
    const circle = parse(jobs + (await run('fleet plan --format circleci')).stdout) as {
      workflows: { fleet: { jobs: Record<string, { requires?: unknown[]; name?: string }>[] } };
    };
    const steps = circle.workflows.fleet.jobs.flatMap((job) => Object.entries(job));
    expect(steps.map(([name, job]) => job.name ?? name)).toEqual([
      'gate',
      ...['app02', 'app01', 'app03'].flatMap((id) => [`protect ${id}`, `publish ${id}`]),
      'fleet-status',
    ]);
    expect(steps.find(([, { name }]) => name === 'publish app01')?.[1].requires).toEqual([
      'protect app01',
      'gate',
      'publish app02',
    ]);
  });

  test('names and paths that would be something else to an engine are refused, or go through none', async () => {
    const { run, folder } = await project({ count: 1, apps: { app01: { file: 'out/**/*.apk' } } });
    const hostile = `$(touch ran)'"; touch ran #`;
    await mkdir(join(folder, 'out', hostile));
    await rename(join(folder, 'out/app01/app.apk'), join(folder, 'out', hostile, 'app.apk'));

    for (const format of ['github', 'gitlab', 'jenkins', 'azure', 'circleci', 'shell'])
      expect((await run(`fleet plan --format ${format}`)).stdout).not.toContain('touch ran');
    expect(dataOf(await run('fleet plan --json')).cells[0]?.file).toBe(`out/${hostile}/app.apk`);
    for (const flag of ['--resume=a b', '--plan=$(x).json', '--resume=a*'])
      expect((await run(['fleet', 'plan', '--format', 'gitlab', flag])).code).toBe(2);
  });

  test('a file that is none of ours is not replaced; one of ours is', async () => {
    const { run, folder } = await project({ count: 1 });
    await writeFile(join(folder, 'mine.yml'), 'stages: []\n');

    expect((await run('fleet plan --format gitlab -o mine.yml')).code).toBe(3);
    for (const format of ['json', 'gitlab', 'jenkins', 'circleci', 'shell', 'github', 'azure']) {
      expect((await run(`fleet plan --format ${format} -o ${format}.out`)).code).toBe(0);
      expect((await run(`fleet plan --format ${format} -o ${format}.out`)).code).toBe(0);
    }
    expect((await run('fleet plan --format travis')).stderr).toContain('--format takes json, github');
    expect((await run('fleet plan --slots 0')).stderr).toContain('--slots must be a whole number');
  });
});

test('the week is asked of the Management API where its token is there', async () => {
  const box = await sandbox({ processingMs: 0, appearMs: 0, weeklyLimit: 1 });
  const variables = { ...box.variables, APPTOOL_ALLOW_DEBUGGABLE: '1' };
  const { run } = await fleetProject({
    count: 2,
    variables,
    config: { 'apptego-management': { weeklyBuilds: 1 } },
  });
  const before = dataOf(await run('fleet plan --json'));
  await run('upload out/app01/app.apk --to apptego-management -e prod');

  const after = await run('fleet plan --json');

  expect(before.deferred.map(({ id }) => id)).toEqual([idOf(2)]);
  expect([after.code, dataOf(after).deferred.map(({ id }) => id)]).toEqual([10, [idOf(1), idOf(2)]]);
});

test('many files that are left out: a few are named, and the rest is counted', async () => {
  const { folder, run } = await project();
  await mkdir(join(folder, 'receipts'));
  const step = stepOf('publish:autoappstore', { host: 'api.elsewhere.example' });
  for (let number = 1; number <= 12; number += 1) {
    await writeFile(join(folder, `receipts/none${number}.json`), '{}');
    await writeFile(join(folder, `receipts/other${number}.json`), JSON.stringify(receiptWith({ steps: [step] })));
  }

  const { stdout } = await run('fleet plan --resume receipts --json');

  const { warnings } = JSON.parse(stdout) as { warnings: { code: string; message: string }[] };
  for (const code of ['no-receipt', 'other-host']) {
    const told = warnings.filter((one) => one.code === code).map(({ message }) => message);
    expect(told.map((message) => message.startsWith('left out: '))).toEqual(Array(6).fill(true));
    expect(told.at(-1)).toBe('left out: 7 more files like these');
  }
});
