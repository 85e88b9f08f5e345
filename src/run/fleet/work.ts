import type { FleetCell } from '../../contract/record/fleet-plan.ts';
import type { InputRecord, Receipt } from '../../contract/record/journal.ts';
import { isOfRelease, type Kept } from '../journal/same-release.ts';
import type { Plan } from '../release/plan.ts';
import { type RemainingStep, remaining } from '../release/remaining.ts';

/** An app of a fleet, with its file. */
export interface FleetApp {
  readonly id: string;
  readonly file: Pick<InputRecord, 'name' | 'size'> & { readonly sha256: string };
  /** What its release does. */
  readonly plan: Plan;
}

/** What there is to do for an app, by what earlier runs have written. */
export type Work =
  | { readonly do: 'nothing' }
  /** Something may have landed, or cannot be gone on with. */
  | { readonly do: 'look'; readonly why: string; readonly at: readonly string[] }
  | {
      readonly do: 'run';
      readonly step: FleetCell['step'];
      /** Ids of the steps that are left. */
      readonly steps: readonly string[];
      /** Whether it takes a build of the week. */
      readonly takesBuild: boolean;
    };

/** The receipts of a folder, to be asked for those of one file. */
export interface ReceiptsByFile {
  /** The newest receipt of this app's file and release; `null` where there is none. */
  of(app: FleetApp): Kept | null;
  /** Whether there is a receipt at this path. */
  has(path: string): boolean;
}

export function receiptsByFile(all: readonly Kept[]): ReceiptsByFile {
  const bySha256 = new Map<string | null, Kept[]>();
  for (const kept of all) {
    const sha256 = kept.receipt.input?.sha256 ?? null;
    bySha256.set(sha256, [...(bySha256.get(sha256) ?? []), kept]);
  }
  const paths = new Set(all.map(({ path }) => path));
  return {
    has: (path) => paths.has(path),
    of({ file, plan }) {
      // A run that was killed early may not have known the hash of its file.
      const candidates = [...(bySha256.get(file.sha256) ?? []), ...(bySha256.get(null) ?? [])];
      const own = candidates.filter(({ receipt }) => isOf(receipt, file, plan));
      own.sort((one, other) => (one.receipt.updatedAt < other.receipt.updatedAt ? 1 : -1));
      return own[0] ?? null;
    },
  };
}

function isOf(receipt: Receipt, { name, size, sha256 }: FleetApp['file'], plan: Plan): boolean {
  const { input, release } = receipt;
  if (input === null || (release !== null && release.name !== plan.name)) return false;
  if (!isOfRelease(receipt, { ...input, path: name, name, size, sha256 })) return false;
  return plan.steps.every(({ id, stage }) => {
    const known = receipt.steps.find((step) => step.id === id)?.stage ?? null;
    return stage === null || known === null || stage === known;
  });
}

/** What is left of an app's release. */
export function workOf({ file, plan }: FleetApp, kept: Kept | null): Work {
  const receipt = kept?.receipt ?? null;
  const hasOutput = receipt?.output != null;
  const asked = { resume: true, again: [], until: null, from: null, input: file.sha256, hasOutput } as const;
  const steps = remaining(plan, receipt, asked);
  const lost = steps.filter(({ task }) => task.do === 'look');
  if (lost.length > 0) return { do: 'look', why: 'it may have landed', at: lost.map(({ step }) => step.id) };
  const refused = steps.filter(({ task }) => task.do === 'refuse');
  if (refused.length > 0)
    return { do: 'look', why: 'its receipt is of another file', at: refused.map(({ step }) => step.id) };
  const left = steps.filter(({ task }) => task.do !== 'skip');
  if (!left.some(({ step }) => step.required)) return { do: 'nothing' };
  const takesBuild = left.some((one) => one.step.action === 'protect' && isSent(one));
  return { do: 'run', step: firstOf(left), steps: left.map(({ step }) => step.id), takesBuild };
}

function isSent({ task }: RemainingStep): boolean {
  return task.do === 'send' || task.do === 'abort-then-send';
}

function firstOf(left: readonly RemainingStep[]): FleetCell['step'] {
  const protection = left.find(({ step }) => step.action === 'protect');
  if (protection === undefined) return left.some(isSent) ? 'publish' : 'wait';
  if (isSent(protection)) return 'protect';
  return protection.task.do === 'fetch' ? 'download' : 'wait';
}
