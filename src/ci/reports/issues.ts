import type { ResultDocument } from '../../contract/result-document.ts';
import { failuresOf, findingsOf, warningsOf } from './failures.ts';

/**
 * What GitHub shows of one step and level (https://github.com/orgs/community/discussions/26680), and Azure of one task and level
 * (https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Agent.Worker/ExecutionContext.cs, `_maxIssueCount`).
 */
const MOST_PER_LEVEL = 10;

export interface Issue {
  readonly level: 'error' | 'warning';
  readonly title: string;
  /** One line each. */
  readonly parts: readonly string[];
}

/** What went wrong, then what to look at, as many of each as the page of a CI shows. */
export function issuesOf(document: ResultDocument): readonly Issue[] {
  return [
    ...atMost(errorsOf(document)).map((one) => ({ level: 'error' as const, ...one })),
    ...atMost(warningsIn(document)).map((one) => ({ level: 'warning' as const, ...one })),
  ];
}

type Told = Omit<Issue, 'level'>;

function errorsOf(document: ResultDocument): Told[] {
  // That a target failed which is not required is a warning of the run's own.
  const failures = failuresOf(document).flatMap(({ target, job, error, required }) => {
    if (!required) return [];
    const hint = error.hint === null ? [] : [`hint: ${error.hint}`];
    const parts = [`${error.class}: ${error.message}`, ...hint, ...(job === null ? [] : [`job: ${job}`])];
    return [{ title: titleOf(document, target), parts }];
  });
  return [...failures, ...findingsAs(document, 'blocking')];
}

function warningsIn(document: ResultDocument): Told[] {
  const own = warningsOf(document).map(({ message }) => ({ title: titleOf(document, null), parts: [message] }));
  return [...findingsAs(document, 'warning'), ...own];
}

function findingsAs(document: ResultDocument, wanted: 'blocking' | 'warning'): Told[] {
  return findingsOf(document)
    .filter(({ severity }) => severity === wanted)
    .map(({ target, code, message }) => ({ title: titleOf(document, target), parts: [`${code}: ${message}`] }));
}

function titleOf({ command }: ResultDocument, target: string | null): string {
  return [`apptool ${command ?? ''}`.trim(), ...(target === null ? [] : [target])].join(': ');
}

/** As many as are shown; the last one tells of the others. */
function atMost(issues: readonly Told[]): readonly Told[] {
  if (issues.length <= MOST_PER_LEVEL) return issues;
  const shown = issues.slice(0, MOST_PER_LEVEL - 1);
  const left = issues.length - shown.length;
  return [...shown, { title: 'apptool', parts: [`and ${left} more: see the job summary and the log`] }];
}
