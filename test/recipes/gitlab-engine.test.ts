import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { ROOT } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { elements } from '../support/ci-files.ts';
import { checkout, ciVariables, FAST, receiptIn } from '../support/ci-shell.ts';
import { gitlabCiLocal } from '../support/engines/gitlab-ci-local.ts';
import { gitRepository } from '../support/git.ts';
import { readJUnit } from '../support/junit-form.ts';
import { IS_WHOLE } from '../support/share.ts';

const DOWN: PlannedFault = { method: 'POST', path: /\/automate\/upload$/, times: 4, fault: faults.answer(503, {}) };

/** A repository as a team has it: an app that a job builds, and the recipe in `ci/`. */
async function project(): Promise<string> {
  const { folder, git } = await gitRepository();
  await checkout(folder);
  await cp(join(ROOT, 'recipes/gitlab'), join(folder, 'ci'), { recursive: true });
  const build = { stage: 'build', script: ['sh ./gradlew'], artifacts: { paths: ['app/build/outputs/apk/release/'] } };
  const pipeline = { include: [{ local: 'ci/apptool.gitlab-ci.yml' }], build };
  await writeFile(join(folder, '.gitlab-ci.yml'), JSON.stringify(pipeline));
  await writeFile(join(folder, '.gitignore'), '.gitlab-ci-local*\n');
  git('add', '--all');
  git('commit', '--quiet', '--message=App');
  return folder;
}

/** Of a protected tag, as the engine is told. */
const OF_TAG = { CI_COMMIT_TAG: 'v1.2', CI_COMMIT_REF_PROTECTED: 'true' };

test.runIf(IS_WHOLE)(
  'gitlab-ci-local runs the recipe: again after 6 alone, artifacts whatever happens, a gate before the store',
  async () => {
    const engine = await gitlabCiLocal();
    if (engine === null) return;
    const cwd = await project();
    const kept = (job: string) => join(cwd, '.gitlab-ci-local/artifacts', job);
    const { variables, seen } = await faultProxy(await sandbox(), [DOWN]);
    const { env, secrets, calls } = await ciVariables(variables, FAST);
    const given = { ...env, ...secrets };

    const ofBranch = await engine.run('.gitlab-ci.yml', { cwd, variables: given });
    const before = calls();
    const pipeline = await engine.run('.gitlab-ci.yml', { cwd, variables: { ...given, ...OF_TAG } });
    const untilGate = calls();
    const pressed = await engine.run('.gitlab-ci.yml', { cwd, jobs: ['publish'], variables: { ...given, ...OF_TAG } });

    expect(before, ofBranch.log).toEqual([]);
    expect(pipeline.code, pipeline.log).toBe(0);
    expect(untilGate).toEqual(['protect', 'protect', 'wait', 'download']);
    expect(pressed.code, pressed.log).toBe(0);
    expect(calls()).toEqual([...untilGate, 'publish']);
    expect(receiptIn(kept('download'), 'download.json').output?.name).toBe('protected.apk');
    expect(receiptIn(kept('publish'), 'publish.json')).toMatchObject({
      input: { name: 'protected.apk' },
      build: { provider: 'gitlab', tag: 'v1.2' },
    });
    expect(seen.filter(({ path }) => path.endsWith('/uploads/ci'))).toHaveLength(1);
  },
  300_000,
);

test.runIf(IS_WHOLE)(
  'gitlab-ci-local runs a recipe whose job fails at the backend: no second try, the report kept, nothing published',
  async () => {
    const engine = await gitlabCiLocal();
    if (engine === null) return;
    const cwd = await project();
    const { variables } = await sandbox({ result: 'failed' });
    const { env, secrets, calls } = await ciVariables(variables, FAST);

    const { code, log } = await engine.run('.gitlab-ci.yml', {
      cwd,
      manual: ['publish'],
      variables: { ...env, ...secrets, ...OF_TAG },
    });

    expect(code, log).not.toBe(0);
    expect(calls()).toEqual(['protect', 'wait']);
    const report = readJUnit(await readFile(join(cwd, '.gitlab-ci-local/artifacts/wait/wait.xml'), 'utf8'));
    expect(elements(report, 'failure')).toHaveLength(1);
  },
  300_000,
);
