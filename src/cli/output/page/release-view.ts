import type { Receipt, StepRecord } from '../../../contract/record/journal.ts';
import type { Links } from '../../../contract/record/links.ts';
import { formatElapsed } from '../../../contract/text/units.ts';
import { type Standing, standingOf } from '../../../run/journal/standing.ts';
import { leftToDo, type Todo } from './left-to-do.ts';

/** How a release or a step stands, as the page marks it. */
type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';

export interface Verdict {
  readonly tone: Tone;
  readonly words: string;
}

/** A receipt, or all receipts of one release united, and the path that commands name. */
export interface ReleaseSource {
  readonly path: string;
  readonly receipt: Receipt;
}

/** One step as the page shows it. */
export interface StepView {
  readonly id: string;
  readonly backend: string;
  readonly host: string | null;
  readonly isRehearsal: boolean;
  readonly isRequired: boolean;
  readonly verdict: Verdict;
  /** The backend's own words. */
  readonly status: string | null;
  readonly job: string | null;
  readonly links: Links;
  readonly took: string | null;
  readonly error: string | null;
  readonly findings: StepRecord['findings'];
  readonly earlierCount: number;
}

/** What the page says of one release. */
export interface ReleaseView {
  readonly title: string;
  readonly version: string | null;
  readonly releaseName: string | null;
  readonly environment: string | null;
  readonly verdict: Verdict;
  readonly isRehearsal: boolean;
  readonly updatedAt: string;
  readonly todos: readonly Todo[];
  readonly steps: readonly StepView[];
  readonly receipt: Receipt;
}

/** Everything that the page says of a release, by its receipt alone. Pure: the same receipt makes the same page. */
export function releaseView({ path, receipt }: ReleaseSource, isLoopback: (host: string) => boolean): ReleaseView {
  const { input, output, steps } = receipt;
  const app = input ?? output;
  const isHere = ({ host }: StepRecord): boolean => host !== null && isLoopback(host);
  return {
    title: app?.packageName ?? app?.name ?? 'Nothing was sent',
    version: versionOf(app),
    releaseName: receipt.release?.name ?? null,
    environment: receipt.environment,
    verdict: verdictOf(receipt),
    isRehearsal: steps.length > 0 && steps.every(isHere),
    updatedAt: receipt.updatedAt,
    todos: leftToDo(path, receipt),
    steps: steps.map((step) => stepView(step, isHere(step), receipt)),
    receipt,
  };
}

export function versionOf(app: { versionName: string | null; versionCode: number | null } | null): string | null {
  if (app === null || (app.versionName === null && app.versionCode === null)) return null;
  if (app.versionName === null) return `(${app.versionCode})`;
  return app.versionCode === null ? app.versionName : `${app.versionName} (${app.versionCode})`;
}

function verdictOf({ steps, output }: Receipt): Verdict {
  if (steps.length === 0) return { tone: 'idle', words: 'Nothing was sent' };
  const required = steps.filter((step) => step.required);
  const has = (standing: Standing): boolean => required.some((step) => standingOf(step) === standing);
  if (steps.some((step) => standingOf(step) === 'unknown')) return { tone: 'bad', words: 'Something may have landed' };
  if (has('failed')) return { tone: 'bad', words: has('done') ? 'Partly done' : 'Failed' };
  if (steps.some(({ state }) => state?.phase === 'action-required')) return { tone: 'warn', words: 'Needs a person' };
  if (has('running')) return { tone: 'busy', words: 'Still running' };
  const isFetched = output !== null || steps.every(({ action }) => action !== 'protect');
  if (has('open') || has('not-begun') || !isFetched) return { tone: 'warn', words: 'Not finished' };
  const isOptionalFailure = steps.some((step) => !step.required && standingOf(step) !== 'done');
  return isOptionalFailure ? { tone: 'good', words: 'Done, with warnings' } : { tone: 'good', words: 'Done' };
}

const WORDS: Readonly<Record<Standing, Verdict>> = {
  done: { tone: 'good', words: 'Done' },
  running: { tone: 'busy', words: 'Running' },
  failed: { tone: 'bad', words: 'Failed' },
  unknown: { tone: 'bad', words: 'May have landed' },
  open: { tone: 'warn', words: 'Upload unfinished' },
  'not-begun': { tone: 'idle', words: 'Not begun' },
};

function stepView(step: StepRecord, isRehearsal: boolean, { output }: Receipt): StepView {
  const { id, backend, host, required, state, job, ended, findings, earlier } = step;
  const took = step.startedAt === null ? null : elapsed(step.startedAt, step.settledAt ?? step.acceptedAt);
  return {
    id,
    backend,
    host,
    isRehearsal,
    isRequired: required,
    verdict: stepVerdict(step, output),
    status: state === null ? null : [state.status, state.message].filter((word) => word !== null).join(': '),
    job: job?.ref ?? null,
    links: step.links,
    took,
    error: ended === null || ended.errorClass === null ? null : `${ended.errorClass}: ${ended.message ?? 'no message'}`,
    findings,
    earlierCount: earlier.length,
  };
}

function stepVerdict(step: StepRecord, output: Receipt['output']): Verdict {
  const standing = standingOf(step);
  if (step.state?.phase === 'action-required') return { tone: 'warn', words: 'Needs a person' };
  if (standing === 'running' && step.state?.phase === 'queued') return { tone: 'busy', words: 'Queued' };
  if (standing === 'done' && step.action === 'protect' && output === null)
    return { tone: 'warn', words: 'Output not fetched' };
  const hasFailed = standing === 'not-begun' && step.ended !== null && step.ended.exitCode !== 0;
  return hasFailed ? { tone: 'bad', words: 'Failed' } : WORDS[standing];
}

function elapsed(from: string, to: string | null): string | null {
  if (to === null) return null;
  const ms = Date.parse(to) - Date.parse(from);
  return ms < 0 ? null : formatElapsed(ms);
}
