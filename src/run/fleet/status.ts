import type { FleetRow, FleetStatus } from '../../contract/record/fleet-status.ts';
import type { Receipt, StepRecord } from '../../contract/record/journal.ts';
import { NO_LINKS } from '../../contract/record/links.ts';
import { standingOf } from '../journal/standing.ts';

/** What is known of an app besides its receipt. */
export interface AppOfStatus {
  readonly id: string;
  readonly package: string | null;
  /** Every step of its release, where they are known. */
  readonly steps: readonly { readonly id: string; readonly required: boolean }[];
  readonly receipt: { readonly path: string; readonly receipt: Receipt } | null;
  /** What the plan says of it, where nothing was to be run. */
  readonly planned:
    | { readonly as: 'done' }
    | { readonly as: 'look' }
    | { readonly as: 'deferred'; readonly from: string }
    | null;
}

type State = FleetRow['state'];

/** A row per app and step. Pure. */
export function statusOf(apps: readonly AppOfStatus[]): FleetStatus {
  const rows = apps.flatMap(rowsOf);
  const count = (state: State) => rows.filter((row) => row.required && row.state === state).length;
  return {
    rows,
    counts: {
      apps: apps.length,
      done: count('done'),
      running: count('running'),
      failed: count('failed'),
      look: count('look'),
      deferred: count('deferred'),
      notStarted: count('not-started'),
    },
  };
}

function rowsOf(app: AppOfStatus): FleetRow[] {
  const receipt = app.receipt?.receipt ?? null;
  const known = receipt?.steps ?? [];
  const begun = receipt === null ? [] : known.map((step) => rowOfStep(app, step, receipt));
  const missing = app.steps.filter(({ id }) => !known.some((step) => step.id === id));
  if (missing.length === 0 && begun.length === 0) return [rowOfEnd(app, null, true)];
  const [first, ...others] = missing;
  // A run that came to no step has said why in its own end: that is told once.
  const isTold = known.length > 0;
  const rows = first === undefined || isTold ? [] : [rowOfEnd(app, first.id, first.required)];
  const waiting = waitingFor([...begun, ...rows]);
  const left = (isTold ? missing : others).map(({ id, required }) => rowOfMissing(app, id, required, waiting));
  return [...begun, ...rows, ...left];
}

/** What the steps wait for that were not begun: for a protection that runs, or for another week. */
function waitingFor(rows: readonly FleetRow[]): FleetRow | null {
  return rows.find(({ state, step }) => state === 'deferred' || (state === 'running' && isProtection(step))) ?? null;
}

function isProtection(step: string | null): boolean {
  return step?.startsWith('protect:') === true;
}

function rowOfStep(app: AppOfStatus, step: StepRecord, receipt: Receipt): FleetRow {
  const state = stateOf(step, receipt);
  const { errorClass = null, message = null } = state === 'done' ? {} : (step.ended ?? {});
  return {
    ...common(app),
    step: step.id,
    required: step.required,
    state,
    job: step.job?.ref ?? null,
    links: step.links,
    errorClass,
    message,
    from: state === 'deferred' ? fromOf(app) : null,
  };
}

/** A step that was not begun. */
function rowOfMissing(app: AppOfStatus, step: string | null, required: boolean, waiting: FleetRow | null): FleetRow {
  const { planned } = app;
  const row = {
    ...common(app),
    step,
    required,
    job: null,
    links: NO_LINKS,
    errorClass: null,
    message: null,
    from: null,
  };
  if (planned !== null) return { ...row, state: planned.as, from: fromOf(app) };
  if (waiting === null) return { ...row, state: 'not-started' };
  const { state, from } = waiting;
  return { ...row, state, from, message: state === 'running' ? `waits for ${waiting.step}` : null };
}

/** The first step of a run that came to none, with the reason, where it has given one. */
function rowOfEnd(app: AppOfStatus, step: string | null, required: boolean): FleetRow {
  const ended = app.receipt?.receipt.runs.at(-1)?.ended ?? null;
  const row = rowOfMissing(app, step, required, null);
  if (app.planned !== null || ended === null || ended.exitCode === 0) return row;
  const { errorClass, message, limit } = ended;
  return { ...row, errorClass, message, state: limit === 'week' ? 'deferred' : 'failed' };
}

function common({ id, package: name, receipt }: AppOfStatus) {
  return { app: id, package: name ?? receipt?.receipt.input?.packageName ?? null, receipt: receipt?.path ?? null };
}

function fromOf({ planned }: AppOfStatus): string | null {
  return planned?.as === 'deferred' ? planned.from : null;
}

function stateOf(step: StepRecord, { output }: Receipt): State {
  const { ended } = step;
  const hasFailed = ended !== null && ended.exitCode !== 0;
  switch (standingOf(step)) {
    case 'done':
      // A protection is done when its output is here.
      if (step.action !== 'protect' || output !== null) return 'done';
      return hasFailed ? 'failed' : 'running';
    case 'running':
      return ended?.errorClass === 'job-failed' ? 'failed' : 'running';
    case 'unknown':
      return 'look';
    case 'failed':
    case 'open':
      return 'failed';
    case 'not-begun':
      if (ended?.limit === 'week') return 'deferred';
      return hasFailed ? 'failed' : 'not-started';
  }
}
