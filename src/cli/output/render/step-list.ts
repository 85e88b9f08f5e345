import type { JournalFacts, Step } from '../../../contract/record/journal.ts';
import { formatElapsed } from '../../../contract/text/units.ts';
import { idsOfSteps, resultWord, tookOf } from '../ending/step-results.ts';
import { shownText, widthOf } from './cells.ts';

/** How large the terminal is, in characters. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** What a list of steps shows besides the journal. */
export interface ListInput {
  readonly command: string;
  /** How long the run has taken. */
  readonly elapsedMs: number;
  /** What is going on with a step now, the most telling first; `null` where nothing is known. */
  readonly doing: (id: string) => readonly string[] | null;
}

type Mark = '✓' | '✗' | '›' | '·';

interface StepLine {
  readonly id: string;
  readonly mark: Mark;
  readonly parts: readonly string[];
}

/** Whether a run does several things, so that its steps are shown as a list. */
export function isListed(journal: JournalFacts): boolean {
  return idsOfSteps(journal).length > 1;
}

/**
 * The steps of a run with their state, a line for each below one that sums up, none wider than the terminal. Where it is too low for all, those
 * are shown that are worked on, then what failed, then what is to come.
 */
export function stepList(journal: JournalFacts, { command, elapsedMs, doing }: ListInput, room: Room): string[] {
  const lines = idsOfSteps(journal).map((id) => lineOf(id, journal, doing));
  const done = lines.filter(({ mark }) => mark === '✓').length;
  const head = `${command}: ${done} of ${lines.length} steps done, ${formatElapsed(elapsedMs)}`;
  const widest = Math.max(...lines.map(({ id }) => id.length));
  // The line that sums up, and one that is left to whatever is written above.
  const shown = mostTelling(lines, room.rows - 2);
  return [
    // A sign that turns stands in front of it.
    fitted([head], room.columns - 3),
    ...shown.map(({ id, mark, parts }) =>
      fitted([`  ${mark} ${id.padEnd(widest)}  ${parts[0] ?? ''}`, ...parts.slice(1)], room.columns - 1),
    ),
  ];
}

function lineOf(id: string, journal: JournalFacts, doing: ListInput['doing']): StepLine {
  const { current, steps } = journal;
  const own = current.find((step) => step.id === id);
  const step = own ?? steps.find((one) => one.id === id);
  if (step === undefined) return { id, mark: '·', parts: ['not begun'] };
  if (own !== undefined && own.error === undefined) return { id, mark: '›', parts: workWords(own, doing(id)) };
  return { id, mark: markOf(step, own !== undefined), parts: endWords(step) };
}

function workWords({ state, until }: Step, doing: readonly string[] | null): readonly string[] {
  const milestone = until === null || state === null ? [] : [`, until ${until}`];
  return [...(doing ?? [state?.status ?? 'at work']), ...milestone];
}

/** What an earlier run has left is no failure of this one. */
function markOf(step: Step, isOwn: boolean): Mark {
  const result = resultWord(step);
  if (result === 'done') return '✓';
  return isOwn && (result === 'failed' || result === 'unknown') ? '✗' : '·';
}

function endWords(step: Step): readonly string[] {
  const { error, state, remains } = step;
  const result = resultWord(step);
  const { allMs } = tookOf(step);
  return [
    result === 'done' ? (remains?.reached ?? state?.status ?? result) : wordOf(result),
    ...(error == null || result === 'unknown' ? [] : [` (${error.class})`]),
    ...(result === 'done' && allMs !== null ? [`, ${formatElapsed(allMs)}`] : []),
  ];
}

function wordOf(result: ReturnType<typeof resultWord>): string {
  return result === 'unknown' ? 'may have landed' : result.replace('-', ' ');
}

const ORDER: readonly Mark[] = ['›', '✗', '·', '✓'];

/** As many as there is room for, in the order in which they stand. */
function mostTelling(lines: readonly StepLine[], most: number): readonly StepLine[] {
  if (lines.length <= most) return lines;
  const chosen = ORDER.flatMap((mark) => lines.filter((line) => line.mark === mark)).slice(0, Math.max(0, most));
  return lines.filter((line) => chosen.includes(line));
}

const ELLIPSIS = '…';

/** The first part and as many others as fit; cut where even that is wider than there is room. */
function fitted(parts: readonly string[], columns: number): string {
  const [first = '', ...others] = parts.map(shownText);
  let text = first;
  for (const part of others) {
    if (widthOf(text + part) > columns) break;
    text += part;
  }
  if (widthOf(text) <= columns) return text;
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (widthOf(cut + segment + ELLIPSIS) > columns) break;
    cut += segment;
  }
  return columns < 1 ? '' : cut + ELLIPSIS;
}
