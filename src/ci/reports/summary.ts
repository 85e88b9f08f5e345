import type { ResultDocument, TargetRecord } from '../../contract/result-document.ts';
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

const COLUMNS = ['File', 'To', 'Result', 'Job', 'State', 'Links', 'Findings', 'Output', 'Time'];

export interface SummaryInput {
  readonly redactor: Redactor;
  /** How long a target took. */
  readonly durationMsOf: (target: string) => number;
}

/**
 * What went where, as Markdown for the page of a CI. The tables are HTML, in which no character of a value means anything in Markdown; a value
 * is code, in which GitHub looks for no mention, no link and no issue. A blank line stands before and after it.
 */
export function summaryOf(document: ResultDocument, { redactor, durationMsOf }: SummaryInput): string {
  const code = (text: string | null | undefined): string =>
    text == null || text === '' ? '–' : element('code', {}, escapeMarkup(shortLine(text, redactor, LONGEST_TEXT)));
  const rows =
    document.targets.length === 0
      ? [rowOf(document, document, document.durationMs, code, redactor)]
      : document.targets.map((target) => rowOf(document, target, durationMsOf(target.backend), code, redactor));
  const blocks = [
    headline(document),
    table(COLUMNS, rows),
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

function rowOf(
  document: ResultDocument,
  one: ResultDocument | TargetRecord,
  durationMs: number,
  code: Code,
  redactor: Redactor,
): string[] {
  const { artifact, output } = document;
  return [
    code(artifact?.name),
    code(one.backend),
    resultOf(one),
    code(one.job?.ref),
    one.state === null ? '–' : `${one.state.phase} ${code(one.state.status)}`,
    linksOf(one.links, redactor),
    String(one.findings.length),
    output === null ? '–' : `${code(output.name)} (${formatSize(output.size)})<br/>SHA-256 ${code(output.sha256)}`,
    escapeMarkup(formatElapsed(durationMs)),
  ];
}

function resultOf({ error, exitCode }: ResultDocument | TargetRecord): string {
  if (exitCode === null) return 'stopped';
  return error === null ? 'ok' : `${error.class} (exit code ${exitCode})`;
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
