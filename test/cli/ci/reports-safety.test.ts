import { expect, test } from 'vitest';
import { fleetJUnit } from '../../../src/ci/fleet/status-junit.ts';
import { createAzureIssues, createAzureVariables } from '../../../src/ci/reports/azure/listeners.ts';
import { findingsOf } from '../../../src/ci/reports/failures.ts';
import { createGithubAnnotations } from '../../../src/ci/reports/github/annotations.ts';
import { createGithubOutputs } from '../../../src/ci/reports/github/outputs.ts';
import { createJUnitReport } from '../../../src/ci/reports/junit/junit-report.ts';
import { CODEMAGIC, SHELL } from '../../../src/ci/reports/key-values/env-out.ts';
import { DOTENV } from '../../../src/ci/reports/key-values/gitlab-dotenv.ts';
import { PROPERTIES } from '../../../src/ci/reports/key-values/jenkins-properties.ts';
import { createKeyValueReport } from '../../../src/ci/reports/key-values/key-value-report.ts';
import { createRunParts } from '../../../src/ci/reports/run-parts.ts';
import { summaryOf } from '../../../src/ci/reports/summary.ts';
import type { Env } from '../../../src/contract/env.ts';
import type { FleetRow } from '../../../src/contract/record/fleet-status.ts';
import type { ResultDocument } from '../../../src/contract/result-document.ts';
import { createRedactor } from '../../../src/contract/text/redact.ts';
import {
  elements,
  readDotenv,
  readGithubOutputs,
  readProperties,
  readXml,
  type WorkflowCommand,
  workflowCommands,
} from '../../support/ci-files.ts';
import { agentCommands, readCodemagic, readExports } from '../../support/ci-readers.ts';
import { readJUnit } from '../../support/junit-form.ts';
import { fc } from '../../support/properties.ts';
import { IS_WHOLE } from '../../support/share.ts';

// Whatever a server, a file or a path says, each report reads back as the fixed keys with the very values, and as the fixed structure.

const SECRET = 'key_id:canary_secret_value';
const redactor = createRedactor();
redactor.add(SECRET);

const ATTACKS = [
  'x\njob<<END\nowned\nEND',
  '\nok=true',
  '\rexit_code=0\r\n',
  '::set-output name=job::owned',
  '%0A::error::owned',
  '::add-mask::a',
  '##[error]owned ##vso[task.setvariable variable=x]y',
  ']]><failure/>',
  '"><script>alert(1)</script><td>',
  '</code></td></tr></table>\n\n# owned @octocat https://evil.example #1',
  '\u001b[2J\u0007',
  '| a | b |\n|---|---|',
  '`a` ```b``` \\| \\',
  `$(touch owned) \`touch owned\` \${CI_JOB_TOKEN} %PATH% $PATH`,
  '; rm -rf / & | < >',
  '\u202etxt.kpa\u2066\u200b\u061c',
  'half \ud800 and \udc00 and \ufffe\uffff\u0000',
  '-rf',
  ' space ',
  'back\\slash\\',
  'a\u0300\ufe0f\u3164',
  SECRET,
  Buffer.from(SECRET).toString('base64'),
  'https://storage.example/app.apk?X-Amz-Signature=0123',
  '__proto__',
  '100%3B%0D%0A%5D%AZP25%%3B',
  "it's '\\'' quoted",
];
const GOOD = [
  'completed',
  'IN PROGRESS',
  'app-protected.apk',
  'out/Äpp (1).apk',
  'apptego:1700000000',
  '1.2.3-rc.1+7',
  'dev.apptool.app',
  'a'.repeat(64),
];

const word = fc.oneof(
  fc.constantFrom(...GOOD),
  fc.constantFrom(...ATTACKS),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.tuple(fc.constantFrom(...GOOD), fc.constantFrom(...ATTACKS)).map((both) => both.join('')),
);
const maybe = fc.option(word, { nil: null });
const job = fc.option(fc.record({ ref: word, id: word }), { nil: null });
const state = fc.option(
  fc.record({ phase: fc.constantFrom('running', 'succeeded', 'failed'), status: word, message: maybe }),
  { nil: null },
);
const error = fc.record({
  class: fc.constantFrom('rejected', 'unavailable', 'cancelled'),
  message: word,
  hint: maybe,
  retryable: fc.boolean(),
  httpStatus: fc.constant(null),
  backendCode: maybe,
  limit: fc.constantFrom(null, 'week'),
});
const severity = fc.constantFrom('info', 'warning', 'blocking');
const findings = fc.array(fc.record({ code: word, severity, message: word }), { maxLength: 12 });
const address = fc.oneof(maybe, fc.constantFrom('https://acme.applivery.io/nightly', 'javascript:alert(1)'));
const links = fc.record({ page: address, install: address });
const target = fc.record({
  backend: fc.constantFrom('apptego', 'apptego-management', 'autoappstore'),
  job,
  state,
  findings,
  links,
  ok: fc.boolean(),
  exitCode: fc.constantFrom(0, 5, null),
  error: fc.option(error, { nil: null }),
});
const step = fc.record({
  action: fc.constantFrom('protect', 'publish'),
  backend: fc.constantFrom('apptego', 'apptego-management', 'autoappstore'),
  result: fc.constantFrom('done', 'uploaded', 'running', 'failed', 'unknown', 'stopped', 'not-begun'),
  required: fc.boolean(),
  exitCode: fc.constantFrom(0, 5, null),
  error: fc.option(error, { nil: null }),
  job,
  state,
  findings: fc.nat(9),
  links,
  acceptedAt: fc.constantFrom(null, '2026-11-29T08:00:00.000Z'),
  settledAt: fc.constant(null),
  fetchedAt: fc.constant(null),
  took: fc.record({
    uploadMs: fc.option(fc.nat(), { nil: null }),
    queueMs: fc.constant(null),
    jobMs: fc.constant(null),
    downloadMs: fc.constant(null),
    allMs: fc.option(fc.nat(), { nil: null }),
  }),
});
const app = { packageName: maybe, versionName: maybe, versionCode: fc.option(fc.nat(), { nil: null }) };
const REHEARSAL = 'sandbox';

const document = fc
  .record({
    schemaVersion: fc.constant(1),
    command: fc.constantFrom('protect', 'publish', 'status'),
    ok: fc.boolean(),
    exitCode: fc.constantFrom(0, 5, 143),
    rehearsal: fc.constant(REHEARSAL),
    backend: fc.constantFrom('apptego', 'apptego-management', null),
    job,
    state,
    findings,
    links,
    artifact: fc.option(fc.record({ path: word, name: word, size: fc.nat(), sha256: maybe, ...app }), { nil: null }),
    output: fc.option(fc.record({ path: word, name: word, size: fc.nat(), sha256: word }), { nil: null }),
    targets: fc.uniqueArray(target, { selector: ({ backend }) => backend, maxLength: 3 }),
    steps: fc.uniqueArray(step, { selector: ({ action, backend }) => `${action}:${backend}`, maxLength: 4 }),
    warnings: fc.array(fc.record({ code: word, message: word }), { maxLength: 12 }),
    durationMs: fc.nat(),
    error: fc.option(error, { nil: null }),
    data: fc.constant(null),
  })
  .map((one) => withIds(one) as unknown as ResultDocument);

/** Steps and targets as they know of each other: each target is a step that publishes, where there are such. */
function withIds<T extends { readonly steps: readonly Named[]; readonly targets: readonly Named[] }>(one: T) {
  const steps = one.steps.map((step) => ({ ...step, id: `${step.action}:${step.backend}` }));
  const targets = one.targets.map((target) => ({ ...target, step: `publish:${target.backend}` }));
  return { ...one, steps, targets: targets.filter((target) => steps.some(({ id }) => id === target.step)) };
}

interface Named {
  readonly action?: string;
  readonly backend: string;
}

/** What has to be told of a run, by the fixed names, as it is. */
function wanted(of: ResultDocument, receipt: string | null): ReadonlyMap<string, string> {
  const { artifact, output, targets, steps } = of;
  const [only = of] = targets.length === 1 ? targets : [];
  const several = steps.length > 1 ? steps : [];
  const own = {
    backend: only.backend,
    link: only.links.install,
    page: only.links.page,
    job: only.job?.ref,
    job_id: only.job?.id,
    phase: only.state?.phase,
    status: only.state?.status,
  };
  const all: Readonly<Record<string, unknown>> = {
    ok: of.ok,
    exit_code: of.exitCode,
    rehearsal: REHEARSAL,
    error_class: of.error?.class,
    command: of.command,
    ...(several.length > 0 ? {} : own),
    output: output?.path,
    receipt,
    output_sha256: output?.sha256,
    output_name: output?.name,
    output_size: output?.size,
    artifact_sha256: artifact?.sha256,
    artifact_name: artifact?.name,
    package_name: artifact?.packageName,
    version_name: artifact?.versionName,
    version_code: artifact?.versionCode,
    ...Object.fromEntries(
      several.flatMap(({ action, backend, result, job: ofStep, links: { install, page } }) => {
        const id = `${action}_${backend.replaceAll('-', '_')}`;
        return [
          [`${id}_result`, result],
          [`${id}_job`, ofStep?.ref],
          [`${id}_link`, install],
          [`${id}_page`, page],
        ];
      }),
    ),
  };
  const known = Object.entries(all).filter(([, value]) => value !== null && value !== undefined);
  return new Map(known.map(([key, value]) => [key, String(value)]));
}

/** Each report's text, and the names that it said to have left out. */
function written(of: ResultDocument, receipt: string | null, environment: Env = {}) {
  const texts = new Map<string, string>();
  const leftOut = new Map<string, readonly string[]>();
  const to = (name: string) => (text: string) => void texts.set(name, text);
  const warnLeftOut = (where: string, names: readonly string[]) => void leftOut.set(where, names);
  const parts = createRunParts('check', () => 0);
  const common = { redactor, environment: {} } as const;
  let count = 0;
  const delimiter = () => `end-${count++}`;
  const azure = { redactor, write: (text: string) => void texts.set('azure', (texts.get('azure') ?? '') + text) };
  for (const report of [
    createAzureVariables({ ...azure, environment, warnLeftOut }),
    createAzureIssues({ ...azure, environment }),
    createGithubOutputs({ ...common, append: to('outputs'), delimiter, warnLeftOut }),
    {
      ended: ({ document: one }: { readonly document: ResultDocument }) => to('summary')(summaryOf(one, redactor)),
    },
    createGithubAnnotations(redactor, to('annotations')),
    createKeyValueReport({ ...common, name: 'dotenv', format: DOTENV, write: to('dotenv'), warnLeftOut }),
    createKeyValueReport({ ...common, name: 'properties', format: PROPERTIES, write: to('properties'), warnLeftOut }),
    createKeyValueReport({ ...common, name: 'shell', format: SHELL, write: to('shell'), warnLeftOut }),
    createKeyValueReport({ ...common, name: 'codemagic', format: CODEMAGIC, write: to('codemagic'), warnLeftOut }),
    createJUnitReport({
      ...common,
      name: 'junit',
      suite: null,
      write: to('junit'),
      parts,
      expected: { first: ['check'], ofStep: () => ['upload'] },
      now: () => 0,
      startedAt: new Date(0),
    }),
  ])
    report.ended?.({ document: of, receipt });
  return { text: (name: string) => texts.get(name) ?? '', leftOut: (name: string) => leftOut.get(name) ?? [] };
}

const SAFE = /^(?!-)[\p{L}\p{M}\p{N} ._+@=,:~#()[\]/\\%-]+$/u;

function expectValues(found: ReadonlyMap<string, string>, all: ReadonlyMap<string, string>, left: readonly string[]) {
  expect([...found.keys(), ...left].sort()).toEqual([...all.keys()].sort());
  for (const [key, value] of found) {
    expect(value).toBe(all.get(key));
    expect(value).toMatch(SAFE);
  }
}

function inCapitals(all: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...all].map(([key, value]) => [`APPTOOL_RESULT_${key.toUpperCase()}`, value]));
}

/** What no reader is to see: it would steer a terminal, hide text, or not be XML. */
const NEVER = /(?!\n)[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufffe\uffff]/u;

function check(of: ResultDocument, receipt: string | null, environment: Env = {}): void {
  const { text, leftOut } = written(of, receipt, environment);
  const all = wanted(of, receipt);
  expectValues(readGithubOutputs(text('outputs')), all, leftOut('GITHUB_OUTPUT'));
  expectValues(readDotenv(text('dotenv')), inCapitals(all), leftOut('dotenv'));
  expectValues(readProperties(text('properties')), inCapitals(all), leftOut('properties'));

  expectValues(readExports(text('shell')), inCapitals(all), leftOut('shell'));
  expectValues(readCodemagic(text('codemagic')), inCapitals(all), leftOut('codemagic'));
  checkAzure(text('azure'), environment, inCapitals(all), leftOut('--azure'));

  const found = findingsOf(of);
  const cases = elements(readJUnit(text('junit')), 'testcase');
  const told = cases.filter(({ attributes }) => attributes.classname?.endsWith('.findings')).length;
  if (of.steps.length > 1) expect(told).toBeLessThanOrEqual(found.length);
  else expect(told).toBe(Math.min(300, found.length));
  expect(cases.filter(({ attributes }) => /^(check|upload)$/.test(attributes.name ?? '')).length).toBeGreaterThan(0);

  const [, heading = '', , ...blocks] = text('summary').split('\n');
  expect(heading).toMatch(/^### apptool (protect|publish|status): (succeeded|failed \([a-z-]+\)), sandbox$/);
  const page = readXml(`<page>${blocks.join('\n')}</page>`);
  const [table, ofFindings] = page.children.filter(({ name }) => name === 'table');
  expect(elements(table as never, 'tr')).toHaveLength(1 + Math.max(1, of.steps.length));
  expect(ofFindings === undefined ? 0 : elements(ofFindings, 'tr').length).toBe(
    found.length === 0 ? 0 : 1 + Math.min(30, found.length),
  );
  for (const row of elements(table as never, 'tr')) expect(row.children).toHaveLength(9);
  // A blank line would end the HTML.
  for (const block of blocks
    .join('\n')
    .split('\n\n')
    .filter((one) => one.trim() !== ''))
    readXml(block.trim());

  const commands = workflowCommands(text('annotations'));
  expect(commands).toHaveLength(text('annotations').split('\n').length - 1);
  const titled = ({ command, title }: WorkflowCommand) => /^(error|warning)$/.test(command) && /^apptool/.test(title);
  expect(commands.filter((one) => !titled(one))).toEqual([]);
  for (const level of ['error', 'warning'])
    expect(commands.filter(({ command }) => command === level).length).toBeLessThanOrEqual(10);

  for (const name of [
    'outputs',
    'summary',
    'annotations',
    'dotenv',
    'properties',
    'junit',
    'shell',
    'codemagic',
    'azure',
  ]) {
    expect(text(name)).not.toMatch(NEVER);
    expect(text(name)).not.toContain('canary_secret_value');
    expect(text(name)).not.toContain('X-Amz-Signature');
  }
}

/** Nothing but our commands, each of them one line, with the very values. */
function checkAzure(log: string, environment: Env, all: ReadonlyMap<string, string>, left: readonly string[]): void {
  const commands = agentCommands(log, environment.DECODE_PERCENTS !== 'false');
  expect(commands).toHaveLength(log.split('\n').length - 1);
  const variables = commands.filter(({ name }) => name === 'task.setvariable');
  for (const { properties } of variables) expect(properties).toMatchObject({ isoutput: 'true' });
  const values = variables.map(({ properties, data }): [string, string] => [properties.variable ?? '', data]);
  expectValues(new Map(values), all, left);
  const issues = commands.filter(({ name }) => name === 'task.logissue');
  expect(variables.length + issues.length).toBe(commands.length);
  for (const { properties, data } of issues) {
    expect(properties.type).toMatch(/^(error|warning)$/);
    expect(data).toMatch(/^apptool/);
    expect(data).not.toMatch(NEVER);
  }
}

const decoding = fc.constantFrom({}, { DECODE_PERCENTS: 'false' }, { DECODE_PERCENTS: 'true' });

test('each reads back as what it says, whatever the values are made of', () => {
  fc.assert(fc.property(document, maybe, decoding, check), { numRuns: IS_WHOLE ? 400 : 150 });
});

const row = fc.record({
  app: word,
  package: maybe,
  step: maybe,
  required: fc.boolean(),
  state: fc.constantFrom('done', 'running', 'failed', 'look', 'deferred', 'not-started'),
  job: maybe,
  links,
  errorClass: fc.constantFrom('rejected', 'unavailable', null),
  message: maybe,
  from: fc.constant(null),
  receipt: fc.constant(null),
});
const COUNTS = { apps: 0, done: 0, running: 0, failed: 0, look: 0, deferred: 0, notStarted: 0 };

test('so does the JUnit report of a fleet: a case for each row', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
      const report = fleetJUnit({ rows: rows as FleetRow[], counts: COUNTS }, redactor);
      expect(elements(readJUnit(report), 'testcase')).toHaveLength(rows.length);
      expect(report).not.toMatch(NEVER);
      expect(report).not.toContain('canary_secret_value');
    }),
    { numRuns: IS_WHOLE ? 200 : 100 },
  );
});

test.each([
  ['<testsuites><testcase name="a"/></testsuites>', 'testsuites holds testcase'],
  ['<testsuites><testsuite name="a" tests="0" failures="0"/></testsuites>', 'testsuite has no errors'],
  ['<testsuites version="1"/>', 'testsuites has version'],
  ['<testsuites time="1 s"/>', 'time is 1 s'],
  ['<testsuites>text</testsuites>', 'holds the text text'],
  ['<html/>', 'no report'],
])('%s is no JUnit report', (text, why) => {
  expect(() => readJUnit(text)).toThrow(why);
});

test('texts of a megabyte are cut or left out', () => {
  const [sample] = fc.sample(document, { numRuns: 1, seed: 7 });
  const huge = 'a.<'.repeat(333_333);
  const finding = (message: string) => ({ code: 'c', severity: 'blocking' as const, message });
  const one = {
    ...(sample as ResultDocument),
    job: { ref: huge, id: huge, details: {} },
    findings: [finding(huge), ...Array.from({ length: 400 }, () => finding('<'.repeat(500)))],
    warnings: Array.from({ length: 40 }, () => ({ code: 'x', message: '|'.repeat(500) })),
    targets: [],
    steps: [],
    state: { phase: 'failed' as const, status: huge, message: huge, startedAt: null, endedAt: null },
  };

  const { text } = written(one, huge);

  check(one, huge);
  expect(text('summary').length).toBeLessThan(100_000);
  expect(text('junit').length).toBeLessThan(2_000_000);
  expect(text('annotations').length).toBeLessThan(100_000);
});

test('more steps than GitLab takes variables for: the details are left out, what went where is not', () => {
  const ids = ['a', 'b-c', 'd', 'e', 'f', 'g', 'h'];
  const [some] = fc.sample(step, { numRuns: 1, seed: 7 });
  const steps = ids.map((backend) => ({
    ...some,
    id: `publish:${backend}`,
    action: 'publish',
    backend,
    result: 'done',
    error: null,
    job: { ref: `${backend}:1`, id: '1', details: {} },
    links: { page: null, install: null },
  }));
  const artifact = { path: 'a.apk', name: 'a.apk', size: 1, sha256: 'a'.repeat(64), platform: 'android' as const };
  const [sample] = fc.sample(document, { numRuns: 1, seed: 7 });
  const nothing = { output: null, job: null, state: null, backend: null, findings: [] };
  const noLinks = { page: null, install: null };
  const run = { ok: true, exitCode: 0, error: null, links: noLinks, ...nothing };
  const app42 = {
    packageName: 'dev.a',
    versionName: '1',
    versionCode: 1,
    signers: null,
    signedBy: null,
    permissions: null,
  };
  const one = {
    ...(sample as ResultDocument),
    ...run,
    targets: [],
    steps,
    artifact: { ...artifact, ...app42 },
  } as unknown as ResultDocument;

  const { text, leftOut } = written(one, 'r.json');

  expect(readDotenv(text('dotenv')).get('APPTOOL_RESULT_PUBLISH_B_C_JOB')).toBe('b-c:1');
  expect(readDotenv(text('dotenv')).size).toBe(20);
  expect(leftOut('dotenv')).toContain('APPTOOL_RESULT_VERSION_NAME');
  expect(leftOut('properties')).toEqual([]);
});

test.each([
  ['', []],
  [
    ', also where the first of them is a target',
    [{ step: 'protect:autoappstore', findings: [], exitCode: 0, error: null }],
  ],
])('two steps of one job: JUnit tells its findings once%s', (_, targets) => {
  const [sample] = fc.sample(document, { numRuns: 1, seed: 7 });
  const [some] = fc.sample(step, { numRuns: 1, seed: 7 });
  const same = { ref: 'autoappstore:1', id: '1', details: {} };
  const steps = ['protect', 'publish'].map((action) => ({
    ...some,
    id: `${action}:autoappstore`,
    action,
    backend: 'autoappstore',
    job: same,
  }));
  const findings = [{ code: 'c', severity: 'info', message: 'm' }];
  const one = { ...(sample as ResultDocument), job: same, findings, targets, steps } as unknown as ResultDocument;

  const cases = elements(readJUnit(written(one, null).text('junit')), 'testcase');

  const told = cases.filter(({ attributes }) => attributes.classname?.endsWith('.findings'));
  expect(told.map(({ attributes }) => attributes.name)).toEqual(['c: m']);
});
