import type { Listener } from '../../../contract/record/listener.ts';
import type { ResultDocument } from '../../../contract/result-document.ts';
import type { Redactor } from '../../../contract/text/redact.ts';
import { shortLine } from '../../../contract/text/safe-text.ts';
import { failuresOf, findingsOf, warningsOf } from '../failures.ts';

/** What GitHub shows of one step and level: https://github.com/orgs/community/discussions/26680 */
const MOST_PER_LEVEL = 10;
/** In characters. */
const LONGEST_PART = 500;

interface Annotation {
  readonly title: string;
  /** One line each. */
  readonly parts: readonly string[];
}

/** What went wrong and what to look at, as workflow commands: GitHub shows them on the page of the run. */
export function createGithubAnnotations(redactor: Redactor, write: (text: string) => void): Listener {
  const line = (level: 'error' | 'warning', { title, parts }: Annotation): string => {
    const message = parts.map((part) => shortLine(part, redactor, LONGEST_PART)).join('\n');
    return `::${level} title=${escapeProperty(shortLine(title, redactor, LONGEST_PART))}::${escapeData(message)}\n`;
  };
  return {
    name: '--github',
    ended({ document }) {
      const errors = atMost(errorsOf(document)).map((one) => line('error', one));
      const warnings = atMost(warningsIn(document)).map((one) => line('warning', one));
      const text = [...errors, ...warnings].join('');
      if (text !== '') write(text);
    },
  };
}

function errorsOf(document: ResultDocument): Annotation[] {
  const failures = failuresOf(document).map(({ target, job, error }) => ({
    title: titleOf(document, target),
    parts: [
      `${error.class}: ${error.message}`,
      ...(error.hint === null ? [] : [`hint: ${error.hint}`]),
      ...(job === null ? [] : [`job: ${job}`]),
    ],
  }));
  return [...failures, ...findingsAs(document, 'blocking')];
}

function warningsIn(document: ResultDocument): Annotation[] {
  const own = warningsOf(document).map(({ message }) => ({ title: titleOf(document, null), parts: [message] }));
  return [...findingsAs(document, 'warning'), ...own];
}

function findingsAs(document: ResultDocument, wanted: 'blocking' | 'warning'): Annotation[] {
  return findingsOf(document)
    .filter(({ severity }) => severity === wanted)
    .map(({ target, code, message }) => ({ title: titleOf(document, target), parts: [`${code}: ${message}`] }));
}

function titleOf({ command }: ResultDocument, target: string | null): string {
  return [`apptool ${command ?? ''}`.trim(), ...(target === null ? [] : [target])].join(': ');
}

/** As many as are shown; the last one tells of the others. */
function atMost(annotations: readonly Annotation[]): readonly Annotation[] {
  if (annotations.length <= MOST_PER_LEVEL) return annotations;
  const shown = annotations.slice(0, MOST_PER_LEVEL - 1);
  const left = annotations.length - shown.length;
  return [...shown, { title: 'apptool', parts: [`and ${left} more: see the job summary and the log`] }];
}

/** As the runner undoes it: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
