import type { Receipt, StepRecord } from '../../../contract/record/journal.ts';
import { shellWord } from '../../../contract/text/shell-word.ts';
import { type Standing, standingOf } from '../../../run/journal/standing.ts';

/** One thing that is left to do: why, and the command for it where there is one. */
export interface Todo {
  readonly why: string;
  readonly command: string | null;
}

/** What a receipt leaves to be done, with the command for each. `path` is the receipt as a user would name it. Pure. */
export function leftToDo(path: string, receipt: Receipt): readonly Todo[] {
  const looks = receipt.steps.filter((step) => standingOf(step) === 'unknown').map(look);
  const people = receipt.steps.filter(({ state }) => state?.phase === 'action-required').map(act);
  const isLeft = receipt.steps.some((step) => isUnfinished(step)) || lacksOutput(receipt);
  const resumed = isLeft && receipt.release !== null ? [resume(path, receipt.release.name)] : [];
  const single = receipt.release === null ? receipt.steps.flatMap((step) => forStep(path, step, receipt)) : [];
  return [...looks, ...people, ...resumed, ...single, ...signing(receipt)];
}

function isUnfinished(step: StepRecord): boolean {
  const standing = standingOf(step);
  return standing !== 'done' && standing !== 'unknown' && step.required;
}

/** A protection is not whole before its output is here. */
function lacksOutput({ output, steps }: Receipt): boolean {
  return output === null && steps.some((step) => step.action === 'protect' && standingOf(step) === 'done');
}

function look({ id, backend, host }: StepRecord): Todo {
  const where = host === null ? backend : `${backend} (${host})`;
  return {
    why: `The response to ${id} was lost. Look at ${where} before you send it again: it may be there already.`,
    command: null,
  };
}

function act({ backend, state }: StepRecord): Todo {
  const message = state?.message ?? null;
  return {
    why: `${backend} waits for a person: ${state?.status ?? ''}${message === null ? '' : `, ${message}`}.`,
    command: null,
  };
}

function resume(path: string, name: string): Todo {
  return {
    why: 'Some steps are not finished. This line does what is missing, and nothing twice.',
    command: line('release', name, '--resume', path),
  };
}

const BY_STANDING: Readonly<
  Record<Exclude<Standing, 'unknown'>, (path: string, step: StepRecord, receipt: Receipt) => Todo[]>
> = {
  done: (path, { action }, { output }) =>
    action === 'protect' && output === null
      ? [{ why: 'The protected file is ready, and was not fetched.', command: line('download', path) }]
      : [],
  running: (path, { id, backend, until }) => [
    {
      why: `The job at ${backend} had not ended when it was last polled.`,
      command: line('wait', path, '--step', id, ...(until === null ? [] : ['--until', until]), '--receipt', path),
    },
  ],
  open: (path, { id, backend }) => [
    {
      why: `Parts of an unfinished upload are stored at ${backend}. Remove them, then send the file again.`,
      command: line('abort', path, '--step', id),
    },
  ],
  failed: (_path, { id, backend }) => [
    { why: `${id} failed at ${backend}. Fix the findings, then send a new build.`, command: null },
  ],
  'not-begun': (_path, { id }) => [
    { why: `${id} did not start, and left nothing behind. Run it again.`, command: null },
  ],
};

function forStep(path: string, step: StepRecord, receipt: Receipt): Todo[] {
  const standing = standingOf(step);
  return standing === 'unknown' ? [] : BY_STANDING[standing](path, step, receipt);
}

/** Protection takes a signature away: a store refuses the output as it is. */
function signing({ output, steps }: Receipt): Todo[] {
  if (output === null || output.signers === null || output.signers.length > 0) return [];
  if (steps.some(({ action }) => action !== 'protect')) return [];
  return [{ why: `${output.name} is not signed. Sign it before you publish it.`, command: null }];
}

function line(...words: readonly string[]): string {
  return ['apptool', ...words.map(shellWord)].join(' ');
}
