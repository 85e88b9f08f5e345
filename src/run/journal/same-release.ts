import { LocalIoError } from '../../contract/errors.ts';
import type { InputRecord, Receipt, Step, StepRecord } from '../../contract/record/journal.ts';
import { checkSameHosts } from './same-hosts.ts';
import { type Standing, standingOf } from './standing.ts';

/** A receipt, and where it is. */
export interface Kept {
  readonly path: string;
  readonly receipt: Receipt;
}

/** Whether a file is one of the release that a receipt is of: what went in, or what came out. */
export function isOfRelease({ input, output }: Receipt, { sha256, name, size }: InputRecord): boolean {
  if (sha256 !== null && sha256 === output?.sha256) return true;
  if (input === null) return true;
  // A run that was killed while it sent the file may not have known its hash yet.
  return input.sha256 === null ? input.name === name && input.size === size : input.sha256 === sha256;
}

export function anotherRelease(path: string, what: string): LocalIoError {
  return new LocalIoError(`the receipt ${path} belongs to another release, not to ${what}`, {
    hint: 'nothing was sent; give another file for the receipt, or move this one away',
  });
}

/** Why a step may not be begun once more, where an earlier run has left it like this. */
const FORBIDDEN: Readonly<Partial<Record<Standing, (step: StepRecord, path: string) => LocalIoError>>> = {
  running: ({ id, job }, path) =>
    new LocalIoError(`the receipt ${path} says that ${id} is running already${job === null ? '' : `: ${job.ref}`}`, {
      hint: 'nothing was sent',
      next: { do: 'wait', job: path, step: id },
    }),
  unknown: ({ id, backend }, path) =>
    new LocalIoError(`the receipt ${path} says that ${id} may have landed`, {
      hint: `nothing was sent; look at ${backend} first, and give another receipt if the build is not there`,
    }),
};

/** Throws `LocalIoError` where a step would lose sight of what an earlier run has begun, or is for another environment. */
export function checkMayBegin({ path, receipt }: Kept, drafts: readonly Step[]): void {
  checkSameHosts(
    { path, receipt },
    drafts.map(({ backend: id, host }) => ({ id, host })),
  );
  for (const draft of drafts) {
    const before = receipt.steps.find(({ id }) => id === draft.id);
    if (before === undefined) continue;
    const isOther = draft.stage !== null && before.stage !== null && draft.stage !== before.stage;
    if (isOther) throw anotherRelease(path, `a release for ${draft.stage}`);
    const refusal = FORBIDDEN[standingOf(before)];
    if (refusal !== undefined) throw refusal(before, path);
  }
}
