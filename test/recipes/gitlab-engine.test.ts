import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { ROOT } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { apkVariant } from '../support/apk-variant.ts';
import { ciVariables, FAST, receiptIn } from '../support/ci-shell.ts';
import { gitlabCiLocal } from '../support/engines/gitlab-ci-local.ts';
import { gitRepository } from '../support/git.ts';
import { IS_WHOLE } from '../support/share.ts';

const APPS = ['dev.apptool.freeapp', 'dev.apptool.paidapp'];

/** A repository as a team has it: apps that a job builds, and the recipe in `ci/`. */
async function project(more: object): Promise<string> {
  const { folder, git } = await gitRepository();
  await mkdir(join(folder, 'out'));
  for (const packageName of APPS) await apkVariant(join(folder, `out/${packageName}.apk`), { packageName });
  await cp(join(ROOT, 'recipes/gitlab'), join(folder, 'ci'), { recursive: true });
  const build = { stage: 'build', script: ['ls out'], artifacts: { paths: ['out/'] } };
  const pipeline = { include: [{ local: 'ci/apptool.gitlab-ci.yml' }], build, ...more };
  await writeFile(join(folder, '.gitlab-ci.yml'), JSON.stringify(pipeline));
  await writeFile(join(folder, '.gitignore'), '.gitlab-ci-local*\n');
  git('add', '--all');
  git('commit', '--quiet', '--message=Apps');
  return folder;
}

async function jobVariables(variables: Parameters<typeof ciVariables>[0]) {
  const { env, secrets, calls } = await ciVariables(variables, FAST);
  return { calls, ofBranch: { ...env, ...secrets, GITLAB_CI: 'true', APPTOOL_ALLOW_DEBUGGABLE: '1' } };
}

/** What GitLab says of a protected tag; the engine is told. */
const TAG = { CI_COMMIT_TAG: 'v1.2', CI_COMMIT_REF_PROTECTED: 'true' };
const FILE = '.gitlab-ci.yml';

// The engine runs no job again: `retry` is tried by the rules of GitLab in gitlab.test.ts.
test.runIf(IS_WHOLE)(
  'gitlab-ci-local runs the recipe over a matrix: for a tag alone, each cell its own app, the store behind a gate',
  async () => {
    const engine = await gitlabCiLocal();
    if (engine === null) return;
    const matrix = [{ APP_FILE: APPS.map((name) => `out/${name}.apk`) }];
    const cwd = await project({ '.apptool': { parallel: { matrix } } });
    const { variables, seen } = await faultProxy(await sandbox(), []);
    const { calls, ofBranch } = await jobVariables(variables);
    const ofTag = { ...ofBranch, ...TAG };

    const branch = await engine.run(FILE, { cwd, variables: ofBranch });
    const untilTag = calls();
    const tag = await engine.run(FILE, { cwd, variables: ofTag });
    const untilGate = calls();
    const pressed = await engine.run(FILE, { cwd, jobs: ['publish'], variables: ofTag });

    expect(untilTag, branch.log).toEqual([]);
    expect(tag.code, tag.log).toBe(0);
    expect([...untilGate].sort()).toEqual(['download', 'download', 'protect', 'protect', 'wait', 'wait']);
    expect(pressed.code, pressed.log).toBe(0);
    expect(calls().slice(untilGate.length)).toEqual(['publish', 'publish']);
    for (const [index, packageName] of APPS.entries()) {
      expect(receiptIn(cwd, `protect${index + 1}.json`).input).toMatchObject({
        name: `${packageName}.apk`,
        packageName,
      });
      expect(receiptIn(cwd, `publish${index + 1}.json`)).toMatchObject({
        input: { packageName },
        build: { provider: 'gitlab', tag: 'v1.2' },
        steps: [{ id: 'publish:autoappstore', ended: { exitCode: 0 } }],
      });
    }
    expect(seen.filter(({ path }) => path.endsWith('/uploads/ci'))).toHaveLength(2);
  },
  300_000,
);

test.runIf(IS_WHOLE)(
  'gitlab-ci-local runs the recipe with a job that fails at the backend: its receipt is kept, nothing is published',
  async () => {
    const engine = await gitlabCiLocal();
    if (engine === null) return;
    const cwd = await project({ variables: { APP_FILE: `out/${APPS[0]}.apk` } });
    const { variables } = await sandbox({ result: 'failed' });
    const { calls, ofBranch } = await jobVariables(variables);

    const { code, log } = await engine.run(FILE, { cwd, manual: ['publish'], variables: { ...ofBranch, ...TAG } });

    expect(code, log).not.toBe(0);
    expect(log).toMatch(/FAIL +wait/);
    expect(calls()).toEqual(['protect', 'wait']);
    expect(receiptIn(cwd, 'wait.json')).toMatchObject({ steps: [{ state: { phase: 'failed' } }] });
  },
  300_000,
);
