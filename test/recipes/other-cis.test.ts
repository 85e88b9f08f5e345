import { expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { agentCommands } from '../support/ci-readers.ts';
import { ciVariables } from '../support/ci-shell.ts';
import { runAzure } from '../support/pipelines/azure.ts';
import { runBuildkite } from '../support/pipelines/buildkite.ts';
import { runCircle } from '../support/pipelines/circleci.ts';
import { AZURE, BUILDKITE, CIRCLECI, FLOWS } from '../support/pipelines/flows.ts';
import { commandsIn } from '../support/runners.ts';
import { ofToday, takesTurn } from '../support/share.ts';

/** The jobs of each recipe in their order, and what they keep. */
const ENGINES: readonly (readonly [name: keyof typeof FLOWS, kept: object])[] = [
  [
    'azure',
    {
      build: ["app's.apk", 'app-release.apk'],
      protect: ['protect.json', 'protect.xml'],
      wait: ['download.json', 'protected.apk', 'wait.json', 'wait.xml'],
      store: ['publish.json', 'publish.xml'],
    },
  ],
  [
    'bitrise',
    {
      protect: ['download.json', 'protect.json', 'protected.apk', 'wait.json'],
      publish: ['download.json', 'protected.apk', 'publish.json'],
    },
  ],
  [
    'buildkite',
    {
      build: ['app/build/outputs/apk/release/app-release.apk'],
      protect: ['protect.json', 'protect.xml'],
      wait: ['wait.json', 'wait.xml'],
      download: ['download.json', 'protected.apk'],
      gate: [],
      publish: ['publish.json', 'publish.xml'],
    },
  ],
  [
    'circleci',
    {
      build: [],
      protect: ['protect.json', 'protect.xml'],
      wait: ['download.json', 'protected.apk', 'wait.json', 'wait.xml'],
      hold: [],
      publish: ['publish.json', 'publish.xml'],
    },
  ],
  [
    'codemagic',
    {
      protect: ['download.json', 'protect.json', 'protected.apk', 'wait.json'],
      publish: ['download.json', 'publish.json'],
    },
  ],
  [
    'teamcity',
    {
      Build: ['app-release.apk'],
      Protect: ['download.json', 'protect.json', 'protected.apk', 'wait.json'],
      Publish: ['publish.json'],
    },
  ],
];

// Two of them a day.
test.each(ofToday(ENGINES, 3))(
  '%s: an app goes from the tag to the store, with nothing handed on but what the recipe keeps',
  async (name, kept) => {
    const box = await sandbox();
    const ci = await ciVariables(box.variables);

    const jobs = await FLOWS[name](ci);

    for (const [job, { code, log }] of Object.entries(jobs)) expect(code, `${job}: ${log}`).toBe(0);
    expect(Object.fromEntries(Object.entries(jobs).map(([job, { kept }]) => [job, [...kept].sort()]))).toEqual(kept);
    expect(ci.calls().filter((call) => call !== 'download')).toEqual(['protect', 'wait', 'publish']);
    const published = Object.values(jobs).at(-1)?.log ?? '';
    expect(published).toMatch(/autoappstore .*(?:approved|live)/);
  },
  120_000,
);

// Of these three one a day.

test.runIf(takesTurn(0, 3))(
  'buildkite: a job runs again after the exit codes that its rules name, and no other',
  async () => {
    const box = await sandbox();
    const page = faults.raw('HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<html>oh</html>');
    const whole = faults.answerInstead((answer) => answer);
    let calls: () => readonly string[] = () => [];
    const isFirst = () => calls().filter((call) => call === 'download').length < 2;
    const { variables } = await faultProxy(box, [
      { origin: 'storage', method: 'GET', times: 1_000, fault: (exchange) => (isFirst() ? page : whole)(exchange) },
    ]);
    const ci = await ciVariables(variables);
    calls = ci.calls;

    const { protect, download } = await runBuildkite(BUILDKITE, ci);

    expect(download?.code, download?.log).toBe(0);
    expect([protect?.runs, download?.runs]).toEqual([1, 2]);
  },
  120_000,
);

test.runIf(takesTurn(1, 3))(
  'circleci: a later step has what --env-out handed on by $BASH_ENV',
  async () => {
    const { protect } = await runCircle(CIRCLECI, await ciVariables((await sandbox({ result: 'failed' })).variables));

    expect(protect?.log).toMatch(/\napptego:\d+\n$/);
  },
  120_000,
);

test.runIf(takesTurn(2, 3))(
  'azure: the file names of the agent and of an app reach the script as variables, and no log holds a command that was not meant',
  async () => {
    const ci = await ciVariables((await sandbox({ result: 'failed' })).variables);
    const odd = AZURE.replace('value: app-release.apk', `value: "app's.apk"`);

    const { protect, wait } = await runAzure(odd, ci);

    expect(protect?.code, protect?.log).toBe(0);
    const meant = agentCommands(wait?.log ?? '').map(({ name }) => name);
    expect(new Set(meant)).toEqual(new Set(['task.setvariable', 'task.logissue', 'task.uploadsummary']));
    const others = commandsIn(
      (wait?.log ?? '').replace(/^##vso\[task\.(?:setvariable|logissue|uploadsummary)[^\n]*$/gm, ''),
    );
    expect(others).toEqual([]);
  },
  120_000,
);

// One of them a day; what ends a job is the same script in all.
test.each(ofToday(ENGINES))(
  '%s: what failed at the backend ends it with exit code and reason; reports are kept, and nothing is published',
  async (name) => {
    const ci = await ciVariables((await sandbox({ result: 'failed' })).variables);

    const jobs = await FLOWS[name](ci);

    const last = Object.values(jobs).at(-1);
    expect(last?.code, last?.log).toBe(8);
    expect(last?.log).toMatch(/^error\[job-failed\]: /m);
    expect(last?.kept).toEqual(expect.arrayContaining(['wait.json']));
    expect(ci.calls()).toEqual(['protect', 'wait']);
  },
  120_000,
);
