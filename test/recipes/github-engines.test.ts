import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../src/testing/files.ts';
import { readGithubOutputs } from '../support/ci-files.ts';
import { recipe, yamlOf } from '../support/ci-shell.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { actionlint, type GithubCheck, githubParser } from '../support/engines/github-checks.ts';
import { fleetProject } from '../support/fleet.ts';

/** All that is there, by its place in a repository. */
const FILES = readdirSync(join(ROOT, 'recipes/github')).map((name) => {
  const text = recipe(`github/${name}`);
  const isAction = /^runs:/m.test(text);
  return { path: isAction ? '.github/actions/apptool/action.yml' : `.github/workflows/${name}`, text, isAction };
});
const WORKFLOWS = FILES.filter(({ isAction }) => !isAction);

let checks: readonly GithubCheck[] = [];
let parser: GithubCheck = async () => [];

beforeAll(async () => {
  const [action] = FILES.filter(({ isAction }) => isAction);
  parser = await githubParser(yamlOf(action?.text ?? ''));
  checks = [parser, actionlint()];
});

async function faultsIn(path: string, text: string): Promise<string[]> {
  return (await Promise.all(checks.map((check) => check(path, text)))).flat();
}

test("GitHub's parser and actionlint find no fault in a workflow or the action", async () => {
  expect(FILES.length).toBeGreaterThanOrEqual(3);
  // actionlint reads no action.
  for (const { path, text, isAction } of FILES)
    expect(isAction ? await parser(path, text) : await faultsIn(path, text)).toEqual([]);
});

test.each(['docs/ci.md', 'docs/ci-reports.md'])('nor in the steps that %s shows', async (page) => {
  const steps = (await codeBlocks(page, 'yaml')).filter((block) => block.startsWith('- ') && block.includes('${{'));

  expect(steps).not.toEqual([]);
  for (const block of steps) {
    const job = `on: push\njobs:\n  shown:\n    runs-on: ubuntu-latest\n    steps:\n${block.replace(/^/gm, '      ')}`;
    expect(await faultsIn('.github/workflows/shown.yml', job)).toEqual([]);
  }
});

test.each([
  ['an input that the action has not', /^( +)command: /m, '$1comand: ', "Invalid action input 'comand'"],
  ['an input that is missing', /^ +integrity: .*\n/m, '', 'Missing required input `integrity`'],
  ['a job that is not there', /needs: \[?\w+/, 'needs: nowhere', "depends on unknown job 'nowhere'"],
  ['a value that is not there', /\$\{\{ vars\./, '${{ var.', "Unrecognized named-value: 'var'"],
  ['a queue of five', /queue: max/, 'queue: 5', "Unexpected value '5'"],
  ['a key that is none', /runs-on:/, 'run-on:', "Unexpected value 'run-on'"],
])('they do find %s', async (_, from, to, words) => {
  const { path = '', text = '' } = WORKFLOWS.find(({ text }) => from.test(text)) ?? {};

  const faults = await faultsIn(path, text.replace(from, to));

  expect(faults.join('\n')).toContain(words);
});

test('the matrices of a plan are what GitHub takes in the place of the expressions that stand for them', async () => {
  const { run } = await fleetProject({ count: 3, variables: {}, apps: { app01: { canary: true } } });
  const { code, stdout, stderr } = await run('fleet plan --format github');
  expect(code, stderr).toBe(0);
  const outputs = readGithubOutputs(stdout);
  const filled = WORKFLOWS.filter(({ text }) => text.includes('fromJSON(')).map(({ path, text }) => ({
    path,
    text: text.replace(
      /\$\{\{ fromJSON\(needs\.plan\.outputs\.(\w+)\) \}\}/g,
      (_, name: string) => outputs.get(name) ?? '',
    ),
  }));

  expect(filled).not.toEqual([]);
  for (const { path, text } of filled) {
    expect(text).toMatch(/matrix: \{"include":\[\{"id":"app0/);
    expect(await faultsIn(path, text)).toEqual([]);
  }
});
