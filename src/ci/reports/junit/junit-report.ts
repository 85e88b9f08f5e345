import type { Listener } from '../../../contract/record/listener.ts';
import type { ResultDocument } from '../../../contract/result-document.ts';
import type { Redactor } from '../../../contract/text/redact.ts';
import { shortLine } from '../../../contract/text/safe-text.ts';
import { openReplaced } from '../../files/replaced-file.ts';
import { element } from '../markup.ts';
import { type ReportKind, type ReportsInput, reportFile } from '../report-kind.ts';
import { createRunParts, type ExpectedParts, expectedParts, type RunParts } from '../run-parts.ts';
import { type Case, casesOf, LONGEST_NAME, type Shown } from './cases.ts';
import { subjectsOf } from './subjects.ts';

const NAME = '--junit';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** How a report of ours begins. */
const JUNIT_HEAD = `${DECLARATION}<testsuites name="apptool"`;

/** In characters. */
const LONGEST_TEXT = 1000;

export interface JUnitInput {
  readonly name: string;
  /** What the names of the suites begin with; `null` for apptool and the app. */
  readonly suite: string | null;
  readonly redactor: Redactor;
  readonly write: (text: string) => void;
  readonly parts: RunParts;
  /** What the run would consist of, if all went well. */
  readonly expected: ExpectedParts;
  readonly now: () => number;
  readonly startedAt: Date;
}

/**
 * JUnit's XML: a suite for the run, and one for each of several steps; a case for each of its parts, and each finding. There is no standard; this is what
 * https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd takes.
 */
export function createJUnitReport(input: JUnitInput): Listener {
  const { name, suite, redactor, write, parts, expected, now, startedAt } = input;
  const shown = (text: string, longest = LONGEST_TEXT) => shortLine(text, redactor, longest);
  const timestamp = startedAt.toISOString().slice(0, 19);
  return {
    name,
    event: parts.event,
    ended({ document }) {
      const nowMs = now();
      const app = document.artifact?.packageName ?? '';
      const first = suite === null ? ['apptool', shown(app, LONGEST_NAME)] : [shown(suite, LONGEST_NAME)];
      const suites = subjectsOf(document, parts, expected)
        .map((subject) => ({
          name: [...first, document.command ?? '', ...subject.names].filter((word) => word !== '').join('.'),
          properties: propertiesOf(document, subject.job, shown),
          cases: casesOf(subject, nowMs, shown),
        }))
        .filter(({ cases }, index) => index === 0 || cases.length > 0);
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

function caseElement(suite: string, { name, durationMs, content, isFinding = false }: Case): string {
  const classname = isFinding ? `${suite}.findings` : suite;
  return element('testcase', { name, classname, time: seconds(durationMs) }, ...content);
}

function countsOf(cases: readonly Case[]) {
  const count = (wanted: Case['outcome']) => cases.filter(({ outcome }) => outcome === wanted).length;
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
  const expected = expectedParts(input, settings);
  const parts = createRunParts(expected.first[0] ?? command, clock.now);
  const suite = settings.junitSuite ?? null;
  return createJUnitReport({ name, suite, redactor, write, parts, expected, now: clock.now, startedAt: clock.date() });
}

export const JUNIT: ReportKind = {
  files: ({ settings }) => reportFile(NAME, settings.junit, 'replaced'),
  open: (input) => {
    const { junit: path } = input.settings;
    return path === undefined ? [] : [junitReport(NAME, input, openReplaced(NAME, path, JUNIT_HEAD))];
  },
};
