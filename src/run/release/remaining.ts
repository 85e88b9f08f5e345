import type { Receipt, StepRecord } from '../../contract/record/journal.ts';
import { type Standing, standingOf } from '../journal/standing.ts';
import type { Plan, PlannedStep } from './plan.ts';

/** What of a release is asked for. */
export interface Asked {
  /** Go on with what is missing. */
  readonly resume: boolean;
  /** The steps that are to be sent again although they may have landed, or are done. */
  readonly again: readonly string[];
  /** Where to stop. */
  readonly until: 'protected' | null;
  /** Where to begin. */
  readonly from: 'publish' | null;
  /** SHA-256 of the file that was named; `null` where none was. */
  readonly input: string | null;
  /** Whether the protected file of the receipt is on this machine. */
  readonly hasOutput: boolean;
}

export type Refusal =
  /** The receipt is of another release. */
  | 'another-release'
  /** Another file was sent than the one that would be sent now. */
  | 'wrong-input'
  | 'running'
  | 'unknown'
  | 'done'
  /** It would publish what nobody has protected yet. */
  | 'not-protected';

/** What to do for a step. */
export type Task =
  | { readonly do: 'skip'; readonly why: 'done' | 'not-asked' }
  /** Its job runs. */
  | { readonly do: 'wait' }
  /** Its job is done, and its output is not here. */
  | { readonly do: 'fetch' }
  | { readonly do: 'send' }
  /** Parts of an unfinished upload are stored: they go first. */
  | { readonly do: 'abort-then-send' }
  /** It may have landed: it is looked for, and not sent. */
  | { readonly do: 'look' }
  | { readonly do: 'refuse'; readonly why: Refusal };

export interface RemainingStep {
  readonly step: PlannedStep;
  readonly task: Task;
}

/** What is left to do of a plan, by what a receipt tells of earlier runs; `null` where there were none. Pure. */
export function remaining(plan: Plan, receipt: Receipt | null, asked: Asked): readonly RemainingStep[] {
  const mismatch = mismatchOf(plan, receipt, asked);
  if (mismatch !== null) return plan.steps.map((step) => ({ step, task: { do: 'refuse', why: mismatch } }));
  const before = (id: string) => receipt?.steps.find((step) => step.id === id);
  const first = plan.steps.map((step) => ({ step, task: taskOf(step, before(step.id), asked) }));
  const protection = first.find(({ step }) => step.action === 'protect');
  if (protection === undefined) return checkFiles(first, receipt, fileOf(receipt), before, asked);
  const targets = publishing(first, protection, receipt, before, asked);
  return [{ ...protection, task: outputTask(protection.task, targets, receipt, asked) }, ...targets];
}

function mismatchOf(plan: Plan, receipt: Receipt | null, { input }: Asked): Refusal | null {
  if (receipt === null) return null;
  if (receipt.release !== null && receipt.release.name !== plan.name) return 'another-release';
  const isOther = plan.steps.some((step) => {
    const stage = receipt.steps.find(({ id }) => id === step.id)?.stage ?? null;
    return step.stage !== null && stage !== null && step.stage !== stage;
  });
  if (isOther) return 'another-release';
  const own = plan.steps.find(({ action }) => action === 'protect');
  const protection = protectionIn(receipt);
  if (own !== undefined && protection !== undefined && protection.id !== own.id) return 'another-release';
  // What was protected is published as that, or not at all.
  if (own === undefined && protection !== undefined)
    return input === null || input === fileOf(receipt) ? null : 'wrong-input';
  const known = receipt.input?.sha256 ?? null;
  const isSame = input === null || known === null || input === known || input === receipt.output?.sha256;
  return isSame ? null : 'wrong-input';
}

/** The step that protected, or may be about to. */
function protectionIn({ steps }: Receipt): StepRecord | undefined {
  return steps.find((step) => step.action === 'protect' && !['not-begun', 'failed'].includes(standingOf(step)));
}

/** SHA-256 of what a release that does not protect publishes, as far as a receipt tells. */
function fileOf(receipt: Receipt | null): string | null {
  if (receipt === null) return null;
  return (protectionIn(receipt) === undefined ? receipt.input?.sha256 : receipt.output?.sha256) ?? null;
}

function taskOf(step: PlannedStep, before: StepRecord | undefined, asked: Asked): Task {
  if (asked.until === 'protected' && step.action === 'publish') return { do: 'skip', why: 'not-asked' };
  if (asked.from === 'publish' && step.action === 'protect') return { do: 'skip', why: 'not-asked' };
  const standing = before === undefined ? 'not-begun' : standingOf(before);
  if (asked.again.includes(step.id)) return AGAIN[standing];
  if (!asked.resume) return PLAIN[standing];
  const isElsewhere = standing === 'done' && step.until !== null && (before?.until ?? step.until) !== step.until;
  const isWithoutLink = standing === 'done' && step.hasLink === true && before?.links.install === null;
  return isElsewhere || isWithoutLink ? { do: 'wait' } : RESUMED[standing];
}

const SEND: Task = { do: 'send' };
const ABORT: Task = { do: 'abort-then-send' };
const RUNNING: Task = { do: 'refuse', why: 'running' };

/** A run that is not told to go on repeats nothing. */
const PLAIN: Readonly<Record<Standing, Task>> = {
  'not-begun': SEND,
  open: ABORT,
  unknown: { do: 'refuse', why: 'unknown' },
  running: RUNNING,
  done: { do: 'refuse', why: 'done' },
  failed: SEND,
};

const RESUMED: Readonly<Record<Standing, Task>> = {
  'not-begun': SEND,
  open: ABORT,
  unknown: { do: 'look' },
  running: { do: 'wait' },
  done: { do: 'skip', why: 'done' },
  failed: SEND,
};

/** What runs is never lost sight of. */
const AGAIN: Readonly<Record<Standing, Task>> = {
  'not-begun': SEND,
  open: ABORT,
  unknown: SEND,
  running: RUNNING,
  done: SEND,
  failed: SEND,
};

/** Whether something of it is, or may be, at its backend, and stays there. */
function isThere({ do: what, ...task }: Task): boolean {
  return what === 'wait' || what === 'look' || (what === 'skip' && 'why' in task && task.why === 'done');
}

function sends({ do: what }: Task): boolean {
  return what === 'send' || what === 'abort-then-send';
}

/** What was sent earlier has to be the file that the others get. */
function checkFiles(
  steps: readonly RemainingStep[],
  receipt: Receipt | null,
  file: string | null,
  before: (id: string) => StepRecord | undefined,
  { input }: Asked,
): readonly RemainingStep[] {
  const sha256 = file ?? (receipt === null ? null : input);
  return steps.map(({ step, task }) => {
    const sent = before(step.id)?.sha256 ?? null;
    const isOther = isThere(task) && sent !== null && sha256 !== null && sent !== sha256;
    return { step, task: isOther ? { do: 'refuse', why: 'wrong-input' } : task };
  });
}

function publishing(
  all: readonly RemainingStep[],
  protection: RemainingStep,
  receipt: Receipt | null,
  before: (id: string) => StepRecord | undefined,
  asked: Asked,
): readonly RemainingStep[] {
  const targets = all.filter(({ step }) => step.action === 'publish');
  // Another output will be there: what an earlier one has become is another release's.
  if (sends(protection.task))
    return targets.map(({ step, task }) => ({
      step,
      task: isThere(task) ? { do: 'refuse', why: 'wrong-input' } : task,
    }));
  const output = receipt?.output?.sha256 ?? null;
  const isLeftOut = protection.task.do === 'skip' && protection.task.why === 'not-asked';
  if (isLeftOut && output === null)
    return targets.map(({ step }) => ({ step, task: { do: 'refuse', why: 'not-protected' } }));
  return checkFiles(targets, receipt, output, before, asked);
}

/** A protection that is done has an output to be fetched, where it was not, or where it is needed on this machine. */
function outputTask(task: Task, targets: readonly RemainingStep[], receipt: Receipt | null, asked: Asked): Task {
  if (task.do !== 'skip') return task;
  const isWanted = targets.some(({ task: own }) => sends(own)) || asked.until === 'protected';
  if (task.why === 'not-asked') return isWanted && !asked.hasOutput ? { do: 'fetch' } : task;
  return receipt?.output == null || (isWanted && !asked.hasOutput) ? { do: 'fetch' } : task;
}
