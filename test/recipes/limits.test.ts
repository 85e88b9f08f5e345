import { expect, test } from 'vitest';
import { parseDuration } from '../../src/cli/settings/durations.ts';
import { recipe, yamlOf } from '../support/ci-shell.ts';
import type { Workflow } from '../support/github-workflow.ts';
import { gitlabJobs } from '../support/gitlab-pipeline.ts';
import { blockOf, parseJenkinsfile } from '../support/jenkinsfile.ts';

const MINUTE_MS = 60_000;
/** What apptool waits by itself: for the job's end, and before that for a slot to send in. */
const WAIT_MS = 60 * MINUTE_MS;
const CAPACITY_WAIT_MS = 10 * MINUTE_MS;
/** What is left for transfers, where nothing else takes time. */
const TRANSFERS_MS = 10 * MINUTE_MS;

/** Longest that a command of apptool may wait, given its flags (ms). */
function waitMs(command: string, flags: string): number {
  if (command === 'release') {
    const protects = flags.includes('--from') ? 0 : CAPACITY_WAIT_MS + WAIT_MS;
    return protects + (flags.includes('--until') ? 0 : WAIT_MS);
  }
  const [, given] = /(?:^| )--timeout[= ](\S+)/.exec(flags) ?? [];
  const waits = command === 'wait' || (/^(?:protect|publish)$/.test(command) && !flags.includes('--detach'));
  const sends = /^(?:protect|upload|publish)$/.test(command);
  const ownMs = given === undefined ? WAIT_MS : (parseDuration(given) ?? Number.NaN);
  return (waits ? ownMs : 0) + (sends ? CAPACITY_WAIT_MS : 0);
}

/** Longest that all the commands of a script may wait, one after the other (ms). */
function scriptMs(script: string): number {
  const found = [
    ...script
      .replaceAll('\\\n', ' ')
      .matchAll(/exec (?:node|"[^"]*\/node") "(?:\$apptool|[^"]*\/bin\/apptool\.js)" (\w+)(.*)/g),
  ];
  return found.reduce((sum, [, command = '', flags = '']) => sum + waitMs(command, flags), 0);
}

function expectRoom(name: string, limitMs: number, waitsMs: number): void {
  expect(waitsMs, name).toBeGreaterThan(0);
  expect(limitMs, name).toBeGreaterThanOrEqual(waitsMs + TRANSFERS_MS);
}

test.each(['apptool', 'release', 'release-gate'])(
  'GitLab gives each job of %s longer than apptool waits in it',
  (file) => {
    for (const [name, { timeout = '', script }] of gitlabJobs(recipe(`gitlab/${file}.gitlab-ci.yml`)).jobs)
      if (name === 'download') expect(parseDuration(timeout)).toBeGreaterThanOrEqual(TRANSFERS_MS);
      else expectRoom(name, parseDuration(timeout) ?? 0, scriptMs(script.join('\n')));
  },
);

test.each(['workflow', 'release', 'release-gate'])(
  'GitHub gives each job of %s longer than apptool waits in it',
  (file) => {
    const { jobs } = yamlOf<Workflow>(recipe(`github/${file}.yml`));

    for (const [name, job] of Object.entries(jobs)) {
      const waits = job.steps.map(({ with: given = {} }) =>
        given.command === undefined
          ? 0
          : waitMs(String(given.command), `${given.timeout ? `--timeout=${given.timeout} ` : ''}${given.args ?? ''}`),
      );
      const sumMs = waits.reduce((sum, ms) => sum + ms, 0);
      // The app's own build is no wait of apptool.
      if (name !== 'build') expectRoom(name, job['timeout-minutes'] * MINUTE_MS, sumMs);
    }
  },
);

test.each([
  ['Jenkinsfile', 3],
  ['release.Jenkinsfile', 1],
  ['release-gate.Jenkinsfile', 2],
])(
  'Jenkins gives each stage of %s longer than apptool waits in it, when it has to run everything three times',
  (file, count) => {
    const all = blockOf(blockOf(parseJenkinsfile(recipe(`jenkins/${file}`)), 'pipeline'), 'stages');
    // A person, not apptool, is waited for in the gate.
    const stages = all.filter(({ strings }) => !/^(?:Build|Approve)$/.test(strings[0] ?? ''));

    expect(stages).toHaveLength(count);
    for (const { strings, block } of stages) {
      const [limit] = blockOf(block ?? [], 'options');
      const [, hours] = /^timeout\(time: (\d+), unit: ''\)$/.exec(limit?.text ?? '') ?? [];
      const scripts = blockOf(block ?? [], 'steps').flatMap((step) => (step.block ?? []).flatMap((one) => one.strings));
      const commands = scripts.map(scriptMs).filter((ms) => ms > 0);
      const sumMs = commands.reduce((sum, ms) => sum + 3 * ms + 2 * MINUTE_MS, 0);
      expect(limit?.strings).toEqual(['HOURS']);
      expectRoom(strings[0] ?? '', Number(hours) * 60 * MINUTE_MS, sumMs);
    }
  },
);
