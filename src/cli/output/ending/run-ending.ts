import type { ResultDocument, StepResult } from '../../../contract/result-document.ts';
import { shellOperand } from '../../../contract/text/shell-word.ts';
import { formatElapsed, formatSize } from '../../../contract/text/units.ts';
import { widthOf } from '../render/cells.ts';
import { type Row, renderRows } from '../render/rows.ts';
import { renderTable } from '../render/table.ts';

type File = NonNullable<ResultDocument['artifact']> | NonNullable<ResultDocument['output']>;

/** What a run that begins a release leaves, for people: what, signed by whom, where, how long, what next. `null` columns: nothing has to fit. */
export function endingLines(document: ResultDocument, columns: number | null): readonly string[] {
  const { steps, rehearsal } = document;
  if (rehearsal === 'dry-run') return [];
  const [step, ...others] = steps;
  if (step === undefined || steps.every(({ startedAt }) => startedAt === null)) return [];
  return others.length === 0 && step.action !== 'publish'
    ? ofOneStep(document, step, columns)
    : ofSteps(steps, columns);
}

/** Four lines; what a failure has to say stands in its error. */
function ofOneStep(document: ResultDocument, step: StepResult, columns: number | null): readonly string[] {
  const { artifact, output, ok } = document;
  if (!ok || artifact === null) return [];
  const rows: Row[] = [
    { name: output === null ? 'uploaded' : 'protected', texts: [filesOf(artifact, output)] },
    ...(output === null ? [] : [{ name: 'signed by', texts: [signersOf(artifact, output)] }]),
    { name: 'job', texts: [[`${step.job?.ref ?? '-'} at ${step.host ?? step.backend}`, timesOf(step)].join(': ')] },
    ...linkRows(step),
    ...nextRows(document, step),
  ];
  return renderRows(columns === null ? rows : marked(rows), columns);
}

/** A terminal says at a glance that all is well. */
function marked([first, ...others]: readonly Row[]): Row[] {
  if (first === undefined) return [];
  return [{ ...first, name: `✓ ${first.name}` }, ...others.map((row) => ({ ...row, name: `  ${row.name}` }))];
}

function filesOf(artifact: File, output: File | null): string {
  const { packageName, versionName, versionCode } = artifact;
  const app = [packageName, versionName, versionCode === null ? null : `(${versionCode})`].filter(
    (one) => one !== null,
  );
  const before = `${artifact.name} ${formatSize(artifact.size)}`;
  const files = output === null ? before : `${before} -> ${output.path} ${formatSize(output.size)}`;
  return [app.join(' '), files].filter((part) => part !== '').join(', ');
}

function signersOf(artifact: File, output: File): string {
  if (output.signedBy === null) return 'not known';
  if (output.signedBy.length > 0) return output.signedBy.join(', ');
  const before =
    artifact.signedBy === null || artifact.signedBy.length === 0 ? '' : `; the input: ${artifact.signedBy.join(', ')}`;
  return `nobody${before} (give --signing-key, or sign it before you publish)`;
}

function timesOf({ took }: StepResult): string {
  const { uploadMs, queueMs, jobMs, downloadMs, allMs } = took;
  const parts = [
    ['upload', uploadMs],
    ['queue', queueMs],
    ['job', jobMs],
    ['download', downloadMs],
    ['all', allMs],
  ] as const;
  return (
    parts.flatMap(([name, ms]) => (ms === null ? [] : [`${name} ${formatElapsed(ms)}`])).join(', ') || 'times not known'
  );
}

/** The page of the job, and where people get the build. */
function linkRows({ links }: Pick<StepResult, 'links'>): Row[] {
  return Object.entries(links).flatMap(([name, url]) => (url === null ? [] : [{ name, texts: [url] }]));
}

function nextRows({ output }: ResultDocument, { next, action }: StepResult): Row[] {
  if (next !== null) return [{ name: 'next', texts: [next.command ?? next.words ?? ''] }];
  const isPublishable = action === 'protect' && output !== null && output.signedBy?.length !== 0;
  return isPublishable ? [{ name: 'next', texts: [`apptool publish ${shellOperand(output.path)} --to BACKEND`] }] : [];
}

const COLUMNS = ['step', 'result', 'state', 'time', 'next'] as const;

/** A table; where it is wider than the terminal, a row for each step with the rest below. */
function ofSteps(steps: readonly StepResult[], columns: number | null): readonly string[] {
  const all = steps.map((step) => cellsOf(step, columns !== null));
  const hasNext = all.some((cells) => cells.at(-1) !== '-');
  const rows = hasNext ? all : all.map((cells) => cells.slice(0, -1));
  const table = renderTable(hasNext ? COLUMNS : COLUMNS.slice(0, -1), rows).split('\n');
  const links = steps.flatMap((step) =>
    linkRows(step).map(({ name, texts }) => ({ name: `${step.id} ${name}`, texts })),
  );
  const ends = renderRows(links, columns);
  if (columns === null || table.every((line) => widthOf(line) <= columns)) return [...table, ...ends];
  const blocks = renderRows(
    rows.map(([name = '', result = '', state = '', time = '', next = '']) => ({
      name,
      texts: [[result, state, time].filter((one) => one !== '-').join(', '), ...(next === '-' ? [] : [next])],
    })),
    columns,
  );
  return [...blocks, ...ends];
}

/** Of what a mark says at a glance; only a terminal has one. */
const MARKS: Readonly<Partial<Record<StepResult['result'], string>>> = { done: '✓', failed: '✗', unknown: '✗' };

function cellsOf(step: StepResult, hasMarks: boolean): readonly string[] {
  const { id, required, result, reached, state, took, next, error } = step;
  const word = `${result.replace('-', ' ')}${required || result !== 'failed' ? '' : ' (not required)'}`;
  const mark = hasMarks ? `${MARKS[result] ?? '·'} ` : '';
  return [
    `${mark}${id}`,
    error === null ? word : `${word} (${error.class})`,
    reached ?? state?.status ?? '-',
    took.allMs === null ? '-' : formatElapsed(took.allMs),
    next?.command ?? '-',
  ];
}
