import type { ResultDocument, StepResult, TargetRecord } from '../../contract/result-document.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { shortLine } from '../../contract/text/safe-text.ts';
import { formatElapsed, formatSize } from '../../contract/text/units.ts';
import { failuresOf, findingsOf, warningsOf } from './failures.ts';
import { linksOf } from './links.ts';
import { element, escapeMarkup } from './markup.ts';

/**
 * In characters and rows: so a summary stays below 100 KB. GitHub takes 1 MiB of a step:
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
 */
const LONGEST_TEXT = 300;
const MOST_FINDINGS = 30;
const MOST_WARNINGS = 15;

const columnsOf = (first: 'To' | 'Step') => [
  'File',
  first,
  'Result',
  'Job',
  'State',
  'Links',
  'Findings',
  'Output',
  'Time',
];

/**
 * What went where, as Markdown for the page of a CI. The tables are HTML, in which no character of a value means anything in Markdown; a value
 * is code, in which GitHub looks for no mention, no link and no issue. A blank line stands before and after it.
 */
export function summaryOf(document: ResultDocument, redactor: Redactor): string {
  const code = (text: string | null | undefined): string =>
    text == null || text === '' ? '–' : element('code', {}, escapeMarkup(shortLine(text, redactor, LONGEST_TEXT)));
  const { steps, targets } = document;
  const [one = document] = targets.length === 1 ? targets : [];
  const main =
    steps.length > 1
      ? table(
          columnsOf('Step'),
          steps.map((step) => rowOfStep(document, step, code, redactor)),
        )
      : table(columnsOf('To'), [rowOf(document, one, code, redactor)]);
  const blocks = [
    headline(document),
    main,
    ...failuresOf(document).map(({ target, error }) => paragraph(target, error, code)),
    ...findingsTable(document, code),
    ...warningsList(document, code),
  ];
  return `\n${blocks.join('\n\n')}\n\n`;
}

type Code = (text: string | null | undefined) => string;

/** Of our own words only. */
function headline({ command, error, ok, rehearsal }: ResultDocument): string {
  const remarks = rehearsal === null ? [] : [rehearsal.replace('-', ' ')];
  const result = ok ? 'succeeded' : `failed (${error?.class})`;
  return `### ${[`apptool ${command}: ${result}`, ...remarks].join(', ')}`;
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = columns.map((column) => element('th', {}, column));
  const body = rows.map((cells) => cells.map((cell) => element('td', {}, cell)));
  return element('table', {}, '\n', ...[head, ...body].map((cells) => `${element('tr', {}, ...cells)}\n`));
}

function rowOf(document: ResultDocument, one: ResultDocument | TargetRecord, code: Code, redactor: Redactor): string[] {
  const { artifact, output, durationMs } = document;
  return [
    code(artifact?.name),
    code(one.backend),
    resultOf(one),
    ...jobCells(one, one.findings.length, code, redactor),
    outputOf(output, code),
    escapeMarkup(formatElapsed(durationMs)),
  ];
}

/** How a step stands after the run, also one that it did not touch. Of a release, the targets get what protection gave back. */
function rowOfStep(document: ResultDocument, step: StepResult, code: Code, redactor: Redactor): string[] {
  const { artifact, output, steps } = document;
  const isOfOutput = step.action === 'publish' && steps.some(({ action }) => action === 'protect');
  return [
    code(isOfOutput ? output?.name : artifact?.name),
    code(step.id),
    resultOfStep(step),
    ...jobCells(step, step.findings, code, redactor),
    step.action === 'protect' ? outputOf(output, code) : '–',
    step.took.allMs === null ? '–' : escapeMarkup(formatElapsed(step.took.allMs)),
  ];
}

function jobCells(
  { job, state, links }: Pick<TargetRecord, 'job' | 'state' | 'links'>,
  findings: number,
  code: Code,
  redactor: Redactor,
): string[] {
  return [
    code(job?.ref),
    state === null ? '–' : `${state.phase} ${code(state.status)}`,
    linksOf(links, redactor),
    String(findings),
  ];
}

function outputOf(output: ResultDocument['output'], code: Code): string {
  return output === null ? '–' : `${code(output.name)} (${formatSize(output.size)})<br/>SHA-256 ${code(output.sha256)}`;
}

function resultOf({ error, exitCode }: ResultDocument | TargetRecord): string {
  if (exitCode === null) return 'stopped';
  return error === null ? 'ok' : `${error.class} (exit code ${exitCode})`;
}

function resultOfStep({ result, required, error, exitCode }: StepResult): string {
  const more = [
    ...(error === null || exitCode === null ? [] : [`${error.class}, exit code ${exitCode}`]),
    ...(required ? [] : ['not required']),
  ];
  return `${result.replace('-', ' ')}${more.length === 0 ? '' : ` (${more.join('; ')})`}`;
}

function paragraph(target: string | null, error: NonNullable<ResultDocument['error']>, code: Code): string {
  const where = target === null ? '' : ` ${code(target)}`;
  const hint = error.hint === null ? [] : [`<br/>hint: ${code(error.hint)}`];
  return element('p', {}, `${error.class}${where}: ${code(error.message)}`, ...hint);
}

function findingsTable(document: ResultDocument, code: Code): string[] {
  const findings = findingsOf(document);
  if (findings.length === 0) return [];
  const rows = findings
    .slice(0, MOST_FINDINGS)
    .map(({ target, severity, code: name, message }) => [code(target), severity, code(name), code(message)]);
  return [
    table(['From', 'Severity', 'Finding', 'Message'], rows),
    ...more(findings.length - MOST_FINDINGS, 'findings'),
  ];
}

function warningsList(document: ResultDocument, code: Code): string[] {
  const warnings = warningsOf(document);
  if (warnings.length === 0) return [];
  const items = warnings.slice(0, MOST_WARNINGS).map(({ message }) => `${element('li', {}, code(message))}\n`);
  return [element('ul', {}, '\n', ...items), ...more(warnings.length - MOST_WARNINGS, 'warnings')];
}

function more(left: number, what: string): string[] {
  return left > 0 ? [element('p', {}, `${left} more ${what} are not shown.`)] : [];
}
