import type { Receipt, StepRecord } from '../../contract/record/journal.ts';

/** An unfinished multipart upload that a receipt tells of: of a step, or of an earlier attempt of it. */
export interface LeftParts {
  readonly step: string;
  readonly job: StepRecord['job'];
  readonly session: Readonly<Record<string, string>>;
}

export function partsIn({ steps }: Receipt): readonly LeftParts[] {
  return steps.flatMap((step) =>
    [...step.earlier, step].flatMap(({ job, unfinished }) =>
      unfinished === null ? [] : { step: step.id, job, session: unfinished.session },
    ),
  );
}

/** The receipt without parts that are not there any more. */
export function withoutParts(receipt: Receipt, { session }: LeftParts): Receipt {
  const cleared = <T extends Pick<StepRecord, 'unfinished'>>(one: T): T =>
    one.unfinished?.session === session ? { ...one, unfinished: null } : one;
  const steps = receipt.steps.map((step) => cleared({ ...step, earlier: step.earlier.map(cleared) }));
  return { ...receipt, steps };
}
