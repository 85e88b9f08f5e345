import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/cli/settings/durations.ts';
import { recipe, yamlOf } from '../support/ci-shell.ts';
import { type AzurePipeline, stepsOf } from '../support/pipelines/azure.ts';
import type { BitriseConfig } from '../support/pipelines/bitrise.ts';
import type { BuildkiteStep } from '../support/pipelines/buildkite.ts';
import { type CircleConfig, invocations } from '../support/pipelines/circleci.ts';
import type { Codemagic } from '../support/pipelines/codemagic.ts';
import { configurations } from '../support/pipelines/teamcity.ts';

const AZURE = recipe('azure/azure-pipelines.yml');
const BITRISE = recipe('bitrise/bitrise.yml');
const BUILDKITE = recipe('buildkite/pipeline.yml');
const CIRCLECI = recipe('circleci/config.yml');
const CODEMAGIC = recipe('codemagic/codemagic.yaml');
const TEAMCITY = recipe('teamcity/settings.kts');

describe('the words of each recipe', () => {
  const all: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'azure',
      AZURE,
      yamlOf<AzurePipeline>(AZURE).stages.flatMap(({ jobs }) =>
        jobs.flatMap((job) => stepsOf(job).flatMap(({ bash }) => bash ?? [])),
      ),
    ],
    [
      'bitrise',
      BITRISE + recipe('bitrise/step.sh'),
      Object.values(yamlOf<BitriseConfig>(BITRISE).workflows).flatMap(({ steps }) =>
        steps.flatMap((step) =>
          Object.values(step).flatMap(({ inputs = [] }) =>
            inputs.flatMap(({ content }) => (typeof content === 'string' ? content : [])),
          ),
        ),
      ),
    ],
    [
      'buildkite',
      BUILDKITE,
      yamlOf<{ steps: BuildkiteStep[] }>(BUILDKITE).steps.flatMap(({ command }) => command ?? []),
    ],
    [
      'circleci',
      CIRCLECI,
      Object.values(yamlOf<CircleConfig>(CIRCLECI).jobs).flatMap(({ steps }) =>
        steps.flatMap((step) =>
          typeof step === 'string' || step.run === undefined
            ? []
            : typeof step.run === 'string'
              ? step.run
              : step.run.command,
        ),
      ),
    ],
    [
      'codemagic',
      CODEMAGIC,
      Object.values(yamlOf<Codemagic>(CODEMAGIC).workflows).flatMap(({ scripts }) =>
        scripts.map(({ script }) => script),
      ),
    ],
    ['teamcity', TEAMCITY, configurations(TEAMCITY).flatMap(({ scripts }) => scripts)],
    [
      'xcode-cloud',
      recipe('xcode-cloud/ci_post_xcodebuild.sh'),
      [recipe('xcode-cloud/ci_post_xcodebuild.sh').replace(/^#.*$/gm, '')],
    ],
  ];

  test.each(all)(
    '%s runs nothing of the checkout with a secret, and puts none into an argument',
    (name, text, scripts) => {
      expect(scripts.length).toBeGreaterThan(0);
      expect(text).not.toMatch(/\bnpx\b|npm (?:i|install|exec)\b/);
      for (const script of scripts) {
        expect(script).not.toMatch(/_(?:API_KEY|TOKEN|SECRET)\b(?<!-u \w+)/);
        if (script.includes('apptool.sh') && name !== 'xcode-cloud')
          expect(script).toMatch(/(?:^|\n)exec sh ci\/apptool\.sh /);
      }
    },
  );

  test('azure: a tag alone; secrets by `env` of the steps that need them; the gate is an environment', () => {
    const { trigger, pr, stages } = yamlOf<AzurePipeline>(AZURE);
    const steps = stages.flatMap(({ jobs }) => jobs.flatMap(stepsOf));

    expect(trigger).toEqual({ branches: { exclude: ['*'] }, tags: { include: ['v*'] } });
    expect(pr).toBe('none');
    for (const { condition } of stages)
      expect(condition).toContain("startsWith(variables['Build.SourceBranch'], 'refs/tags/v')");
    for (const { bash = '' } of steps) expect(bash).not.toContain('$(');
    const secret = steps.flatMap(({ bash = '', env = {} }) =>
      Object.values(env).map((value) => [/apptool\.sh (\w+)/.exec(bash)?.[1], value]),
    );
    expect(secret).toEqual([
      ['protect', '$(APPTEGO_API_KEY)'],
      ['wait', '$(APPTEGO_API_KEY)'],
      ['download', '$(APPTEGO_API_KEY)'],
      ['publish', '$(AUTOAPPSTORE_TOKEN)'],
    ]);
    expect(stages.flatMap(({ jobs }) => jobs.flatMap(({ environment }) => environment ?? []))).toEqual(['store']);
    for (const { artifact, publish, condition } of steps)
      if (publish !== undefined && artifact !== 'app') expect(condition).toBe('always()');
  });

  test('buildkite: tags alone, a block before publishing, runs again after 6 and what is harmless, and no dollar sign', () => {
    const { steps } = yamlOf<{ steps: BuildkiteStep[] }>(BUILDKITE);

    expect(steps.map((step) => step.if)).toEqual(steps.map(() => 'build.tag =~ /^v/'));
    expect(steps.map(({ key }) => key)).toEqual(['build', 'protect', 'wait', 'download', 'gate', 'publish']);
    for (const [at, { depends_on: needed }] of steps.entries()) expect(needed).toBe(steps[at - 1]?.key);
    expect(steps.map(({ retry }) => retry?.automatic[0]?.exit_status)).toEqual([
      undefined,
      6,
      [6, 7],
      [6, 11],
      undefined,
      6,
    ]);
    expect(steps.at(-1)?.retry?.manual?.allowed).toBe(false);
    expect(steps[1]?.retry?.manual?.permit_on_passed).toBe(false);
    expect(steps.map(({ secrets }) => secrets?.[0])).toEqual([
      undefined,
      'APPTEGO_API_KEY',
      'APPTEGO_API_KEY',
      'APPTEGO_API_KEY',
      undefined,
      'AUTOAPPSTORE_TOKEN',
    ]);
    expect(BUILDKITE.replace(/^ *#.*$/gm, '')).not.toContain('$');
  });

  test('circleci: every job is of a tag, and each context is of one job beside the gate', () => {
    const jobs = invocations(yamlOf<CircleConfig>(CIRCLECI));

    for (const { filters } of jobs) expect(filters).toEqual({ branches: { ignore: '/.*/' }, tags: { only: '/^v.*/' } });
    expect(jobs.map(({ name, context, type }) => [name, context ?? type])).toEqual([
      ['build', undefined],
      ['protect', 'apptool-prod'],
      ['wait', 'apptool-prod'],
      ['hold', 'approval'],
      ['publish', 'apptool-store'],
    ]);
    expect(jobs.map(({ requires }) => requires?.[0])).toEqual([undefined, 'build', 'protect', 'wait', 'hold']);
    expect(CIRCLECI.replace(/^ *#.*$/gm, '')).not.toMatch(/max_auto_reruns|serial-group/);
  });

  test('bitrise and codemagic: a tag starts the protecting, and only a person the publishing', () => {
    const bitrise = yamlOf<BitriseConfig>(BITRISE).workflows;
    const codemagic = yamlOf<Codemagic>(CODEMAGIC).workflows;

    expect(bitrise.protect?.triggers).toEqual({ tag: [{ name: 'v*' }] });
    expect(codemagic.protect?.triggering?.events).toEqual(['tag']);
    expect([bitrise.publish?.triggers, codemagic.publish?.triggering]).toEqual([undefined, undefined]);
    expect(codemagic.protect?.environment.groups).not.toContain('apptool_store');
    for (const { steps } of Object.values(bitrise))
      expect(Object.values(steps.at(-1) ?? {})[0]?.is_always_run).toBe(true);
  });

  test('teamcity: a key for the one configuration that needs it, an approval before publishing, and no parameter in a script', () => {
    const [build, protect, publish] = configurations(TEAMCITY);

    expect([build, protect, publish].map((one) => one?.secrets)).toEqual([
      [],
      ['APPTEGO_API_KEY'],
      ['AUTOAPPSTORE_TOKEN'],
    ]);
    expect(publish?.text).toContain('approval { approvalRules =');
    expect(publish?.text).toContain('triggers { vcs { branchFilter = "+:v*" } }');
    for (const one of [protect, publish]) expect(one?.text).toContain('publishArtifacts = PublishMode.ALWAYS');
    for (const { scripts } of configurations(TEAMCITY))
      for (const script of scripts) expect(script).not.toMatch(/[%$]/);
  });

  const MINUTE_MS = 60_000;
  /** What apptool waits: its own timeout (an hour by itself), for a slot, and what apptool.sh adds by trying again. */
  const waitsMs = (scripts: readonly string[]): number =>
    scripts.reduce((sum, script) => {
      const [, command = '', flags = ''] = /apptool\.sh (\w+)([\s\S]*)/.exec(script) ?? [];
      const [, given] = /--timeout (\S+)/.exec(flags) ?? [];
      const waits = command === 'wait' || command === 'publish' ? (parseDuration(given ?? '60m') ?? Number.NaN) : 0;
      const sends = command === 'protect' || command === 'publish' ? 10 * MINUTE_MS : 0;
      return sum + (command === '' ? 0 : waits + sends + 15 * MINUTE_MS);
    }, 0);

  test('a job has longer than all that apptool waits in it', () => {
    const jobs: [string, number, readonly string[]][] = [
      ...yamlOf<AzurePipeline>(AZURE).stages.flatMap(({ jobs: some }) =>
        some.map((job): [string, number, string[]] => [
          `azure ${job.job ?? job.deployment}`,
          job.timeoutInMinutes,
          stepsOf(job).flatMap(({ bash }) => bash ?? []),
        ]),
      ),
      ...yamlOf<{ steps: BuildkiteStep[] }>(BUILDKITE).steps.flatMap(
        ({ key, command, timeout_in_minutes: limit }): [string, number, string[]][] =>
          command === undefined ? [] : [[`buildkite ${key}`, limit ?? 0, [command]]],
      ),
      // The plan with the shortest jobs has an hour.
      ...Object.entries(yamlOf<CircleConfig>(CIRCLECI).jobs).map(([name, { steps }]): [string, number, string[]] => [
        `circleci ${name}`,
        60,
        steps.flatMap((step) => (typeof step === 'string' || typeof step.run !== 'object' ? [] : step.run.command)),
      ]),
      ...Object.entries(yamlOf<Codemagic>(CODEMAGIC).workflows).map(
        ([name, { max_build_duration: limit, scripts }]): [string, number, string[]] => [
          `codemagic ${name}`,
          limit,
          scripts.map(({ script }) => script),
        ],
      ),
      ...configurations(TEAMCITY).map(({ name, limitMinutes, scripts }): [string, number, readonly string[]] => [
        `teamcity ${name}`,
        limitMinutes,
        scripts,
      ]),
    ];

    expect(jobs.length).toBeGreaterThan(15);
    for (const [name, limit, scripts] of jobs) expect(limit * MINUTE_MS, name).toBeGreaterThan(waitsMs(scripts));
    for (const steps of Object.values(yamlOf<BitriseConfig>(BITRISE).workflows).flatMap((one) => one.steps))
      for (const step of Object.values(steps)) expect(step.timeout).toBeUndefined();
  });
});
