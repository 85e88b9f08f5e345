import type { Finding } from '../../contract/job.ts';
import type { Listener } from '../../contract/record/listener.ts';
import type { ErrorRecord, ResultDocument } from '../../contract/result-document.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { shortLine } from '../../contract/text/safe-text.ts';
import { openReplaced } from '../files/replaced-file.ts';
import { element, escapeMarkup } from './markup.ts';
import { type ReportKind, type ReportsInput, reportFile } from './report-kind.ts';
import { createRunSteps, type RunSteps, type Step, stepsOf } from './run-steps.ts';

const NAME = '--junit';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** How a report of ours begins. */
const JUNIT_HEAD = `${DECLARATION}<testsuites name="apptool"`;

/** In characters. */
const LONGEST_NAME = 200;
const LONGEST_TEXT = 1000;
const MOST_FINDINGS = 300;

/** What was judged and found wrong, is a failure; what could not be done is an error. */
const FAILURES = ['rejected', 'job-failed', 'integrity'];

export interface JUnitInput {
  readonly name: string;
  /** What the names of the suites begin with; `null` for apptool and the app. */
  readonly suite: string | null;
  readonly redactor: Redactor;
  readonly write: (text: string) => void;
  readonly steps: RunSteps;
  /** The steps that the run would take, if all went well. */
  readonly expected: readonly string[];
  readonly now: () => number;
  readonly startedAt: Date;
}

type Outcome = 'passed' | 'failures' | 'errors' | 'skipped';

interface Case {
  readonly name: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** Elements in it. */
  readonly content: readonly string[];
  readonly isFinding?: boolean;
}

/** One part of the run: itself, or a target. */
interface Part {
  readonly backend: string | null;
  readonly job: string | null;
  readonly steps: readonly Step[];
  readonly expected: readonly string[];
  readonly error: ErrorRecord | null;
  readonly findings: readonly Finding[];
}

/**
 * JUnit's XML: a suite for the run and for each of its targets, a case for each step and finding. There is no standard; this is what
 * https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd takes.
 */
export function createJUnitReport(input: JUnitInput): Listener {
  const { name, suite, redactor, write, steps, expected, now, startedAt } = input;
  const shown = (text: string, longest = LONGEST_TEXT) => shortLine(text, redactor, longest);
  const timestamp = startedAt.toISOString().slice(0, 19);
  return {
    name,
    event: steps.event,
    ended({ document }) {
      const nowMs = now();
      const app = document.artifact?.packageName ?? '';
      const first = suite === null ? ['apptool', shown(app, LONGEST_NAME)] : [shown(suite, LONGEST_NAME)];
      const suites = partsOf(document, steps, expected).map((part) => ({
        name: [...first, document.command ?? '', part.backend ?? ''].filter((word) => word !== '').join('.'),
        properties: propertiesOf(document, part.job, shown),
        cases: [...stepCases(part, nowMs, shown), ...findingCases(part.findings, shown)],
      }));
      const { skipped: _, ...totals } = countsOf(suites.flatMap(({ cases }) => cases));
      const body = suites.map(({ name: called, properties, cases }) =>
        element(
          'testsuite',
          { name: called, ...countsOf(cases), timestamp },
          '\n',
          ...properties,
          ...cases.map((one) => `${caseElement(called, one)}\n`),
        ),
      );
      const root = element('testsuites', { name: 'apptool', ...totals }, '\n', ...body.map((suite) => `${suite}\n`));
      write(`${DECLARATION}${root}\n`);
    },
  };
}

/** What a suite has in front of its cases: whose they are, and that they tell of no release, where they tell of none. */
function propertiesOf({ artifact, rehearsal }: ResultDocument, job: string | null, shown: Shown): string[] {
  const known = Object.entries({
    package: artifact?.packageName,
    versionCode: artifact?.versionCode,
    job,
    'apptool.rehearsal': rehearsal,
  }).flatMap(([name, value]) =>
    value === null || value === undefined
      ? []
      : [element('property', { name, value: shown(String(value), LONGEST_NAME) })],
  );
  return known.length === 0 ? [] : [`${element('properties', {}, ...known)}\n`];
}

function partsOf(document: ResultDocument, steps: RunSteps, expected: readonly string[]): readonly Part[] {
  const { backend, targets, error, findings } = document;
  const own = { backend, job: document.job?.ref ?? null, steps: steps.of(''), findings };
  if (targets.length === 0) return [{ ...own, expected, error }];
  // The run's error only sums up those of its targets, where they have any.
  const isTold = targets.some((target) => target.error !== null || target.exitCode === null);
  return [
    { ...own, expected: expected.slice(0, 1), error: isTold ? null : error },
    ...targets.map((target) => ({
      backend: target.backend,
      job: target.job?.ref ?? null,
      steps: steps.of(target.backend),
      expected: expected.slice(1),
      error: target.exitCode === null ? error : target.error,
      findings: target.findings,
    })),
  ];
}

type Shown = (text: string, longest?: number) => string;

function stepCases({ steps, expected, error }: Part, nowMs: number, shown: Shown): Case[] {
  const failed = error === null ? null : failedStep(steps, expected);
  return expected.flatMap((name): Case[] => {
    const step = steps.find((one) => one.name === name);
    const durationMs = step === undefined ? 0 : (step.endedAtMs ?? nowMs) - step.beganAtMs;
    if (error !== null && name === failed) return [failedCase(name, durationMs, error, shown)];
    if (step !== undefined) return [{ name, outcome: 'passed', durationMs, content: [] }];
    return error === null ? [] : [{ name, outcome: 'skipped', durationMs, content: [element('skipped', {})] }];
  });
}

/** The one that was under way, or the one after the last that was done. */
function failedStep(steps: readonly Step[], expected: readonly string[]): string | undefined {
  const last = steps.at(-1);
  if (last === undefined) return expected[0];
  const next = expected[expected.indexOf(last.name) + 1];
  return last.isDone && next !== undefined ? next : last.name;
}

function failedCase(name: string, durationMs: number, error: ErrorRecord, shown: Shown): Case {
  const isFailure = FAILURES.includes(error.class);
  const lines = [error.message, ...(error.hint === null ? [] : [`hint: ${error.hint}`])];
  const content = element(
    isFailure ? 'failure' : 'error',
    { type: error.class, message: shown(error.message, LONGEST_NAME) },
    escapeMarkup(lines.map((line) => shown(line)).join('\n')),
  );
  return { name, outcome: isFailure ? 'failures' : 'errors', durationMs, content: [content] };
}

function findingCases(findings: readonly Finding[], shown: Shown): Case[] {
  const cases = findings.slice(0, MOST_FINDINGS).map(({ code, severity, message }): Case => {
    const text = escapeMarkup(`${severity} ${shown(code)}: ${shown(message)}`);
    const isBlocking = severity === 'blocking';
    return {
      name: shown(`${code}: ${message}`, LONGEST_NAME),
      outcome: isBlocking ? 'failures' : 'passed',
      durationMs: 0,
      content: [
        isBlocking
          ? element('failure', { type: severity, message: shown(message, LONGEST_NAME) }, text)
          : element('system-out', {}, text),
      ],
      isFinding: true,
    };
  });
  const left = findings.length - cases.length;
  const name = `and ${left} more findings`;
  return left > 0 ? [...cases, { name, outcome: 'skipped', durationMs: 0, content: [element('skipped', {})] }] : cases;
}

function caseElement(suite: string, { name, durationMs, content, isFinding = false }: Case): string {
  const classname = isFinding ? `${suite}.findings` : suite;
  return element('testcase', { name, classname, time: seconds(durationMs) }, ...content);
}

function countsOf(cases: readonly Case[]) {
  const count = (wanted: Outcome) => cases.filter(({ outcome }) => outcome === wanted).length;
  return {
    tests: cases.length,
    failures: count('failures'),
    errors: count('errors'),
    skipped: count('skipped'),
    time: seconds(cases.reduce((sum, { durationMs }) => sum + durationMs, 0)),
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** The report of a run, for whoever writes it. */
export function junitReport(name: string, input: ReportsInput, write: (text: string) => void): Listener {
  const { command, settings, redactor, clock } = input;
  const expected = stepsOf(command, settings);
  const steps = createRunSteps(expected[0] ?? command, clock.now);
  const suite = settings.junitSuite ?? null;
  return createJUnitReport({ name, suite, redactor, write, steps, expected, now: clock.now, startedAt: clock.date() });
}

export const JUNIT: ReportKind = {
  files: ({ settings }) => reportFile(NAME, settings.junit, 'replaced'),
  open: (input) => {
    const { junit: path } = input.settings;
    return path === undefined ? [] : [junitReport(NAME, input, openReplaced(NAME, path, JUNIT_HEAD))];
  },
};
