import type { FleetRow, FleetStatus } from '../../contract/record/fleet-status.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { shortLine } from '../../contract/text/safe-text.ts';
import { counted } from '../../contract/text/units.ts';
import { linksOf } from '../reports/links.ts';
import { element, escapeMarkup } from '../reports/markup.ts';

const LONGEST_TEXT = 200;
/** GitHub takes 1 MiB of a step, so what is done goes without a row of its own where there are many. */
const MOST_ROWS = 1_000;
/** How such a file begins. */
export const SUMMARY_HEAD = '### apptool fleet: ';

const WORDS: Readonly<Record<FleetRow['state'], string>> = {
  done: 'done',
  running: 'running',
  failed: 'failed',
  look: 'may have landed',
  deferred: 'deferred',
  'not-started': 'not started',
};

/** What there is of each state, in one line. */
export function countsLine({ counts }: FleetStatus): string {
  const named = [
    [counts.done, 'done'],
    [counts.running, 'running'],
    [counts.failed, 'failed'],
    [counts.look, 'may have landed'],
    [counts.deferred, 'deferred'],
    [counts.notStarted, 'not started'],
  ] as const;
  const shown = named
    .filter(([number, word]) => number > 0 || word === 'done')
    .map(([number, word]) => `${number} ${word}`);
  return `${counted(counts.apps, 'app')}: ${shown.join(', ')}`;
}

/** The fleet as Markdown: a table in HTML, in which no character of a value means anything. What is not done stands first. */
export function fleetSummary(status: FleetStatus, next: string | null, redactor: Redactor): string {
  const code = (text: string | null) =>
    text === null ? '–' : element('code', {}, escapeMarkup(shortLine(text, redactor, LONGEST_TEXT)));
  const ranked = [
    ...status.rows.filter(({ state }) => state !== 'done'),
    ...status.rows.filter(({ state }) => state === 'done'),
  ];
  const rows = ranked
    .slice(0, MOST_ROWS)
    .map((row) => [
      code(row.app),
      code(row.step),
      `${WORDS[row.state]}${row.required ? '' : ' (not required)'}`,
      code(row.job),
      linksOf(row.links, redactor),
      row.from === null ? code(row.message) : `from ${code(row.from)}`,
    ]);
  const head = ['App', 'Step', 'State', 'Job', 'Links', 'Why'].map((column) => element('th', {}, column));
  const body = rows.map((cells) => cells.map((cell) => element('td', {}, cell)));
  const table = element('table', {}, '\n', ...[head, ...body].map((cells) => `${element('tr', {}, ...cells)}\n`));
  const left = ranked.length - rows.length;
  return [
    `${SUMMARY_HEAD}${countsLine(status)}`,
    table,
    ...(left > 0 ? [`${left} more rows are not shown.`] : []),
    ...(next === null ? [] : [`To continue: ${code(next)}`]),
    '',
  ].join('\n\n');
}
