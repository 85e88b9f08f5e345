import { type AppToolError, LocalIoError, UsageError } from '../../contract/errors.ts';
import { missingFile } from '../../transfer/missing-file.ts';
import type { RunContext } from '../journal/journal.ts';
import { checkSameHosts } from '../journal/same-hosts.ts';
import { anotherRelease } from '../journal/same-release.ts';
import { protectedPath } from '../protect.ts';
import { sha256At } from './file-at.ts';
import type { ReleaseInput } from './release-input.ts';
import { type Refusal, type RemainingStep, remaining } from './remaining.ts';

/** What there is to do, and with which files. */
export interface Prepared {
  readonly steps: readonly RemainingStep[];
  /** SHA-256 of the input, where a receipt is there to compare it with. */
  readonly inputSha256: string | null;
  /** Where the output is, or goes; `null` for a release that protects nothing. */
  readonly outputPath: string | null;
  /** SHA-256 of the signed file, where one was named. */
  readonly signedSha256: string | null;
}

/** Finds out what is left to do. Throws `UsageError` and `LocalIoError` where it must not be done; sends nothing. */
export async function prepare(input: ReleaseInput, { signal }: RunContext): Promise<Prepared> {
  const { plan, asked, kept, path, signed } = input;
  checkAgain(input);
  checkHosts(input);
  const receipt = kept?.receipt ?? null;
  const inputSha256 = path === undefined || receipt === null ? null : await sha256At(path, signal);
  const outputPath = input.protect === null ? null : outputPathOf(input);
  const known = receipt?.output?.sha256 ?? null;
  const signedSha256 = signed === undefined ? null : await sha256At(signed, signal);
  if (signed !== undefined && signedSha256 === null) {
    const { hint } = await missingFile(signed, null);
    throw new LocalIoError(`cannot read the signed file ${signed}`, { hint });
  }
  const isHere = outputPath !== null && known !== null && (await sha256At(outputPath, signal)) === known;
  const hasOutput = known !== null && (isHere || signedSha256 === known);
  const steps = remaining(plan, receipt, { ...asked, input: inputSha256, hasOutput });
  for (const { step, task } of steps)
    if (task.do === 'refuse') throw refusalOf(task.why, step.id, kept?.path ?? '', input);
  checkPackage(input);
  return { steps, inputSha256, outputPath, signedSha256 };
}

/** What is done already is not looked at again, and would pass for the app that was meant. */
function checkPackage({ kept, expected }: ReleaseInput): void {
  const { packageName: wanted } = expected;
  const input = kept?.receipt.input ?? null;
  if (wanted === undefined || input === null || input.packageName === wanted) return;
  const is = input.packageName ?? 'not known';
  throw new UsageError(`the receipt ${kept?.path} is of another app: its package is ${is}, not ${wanted}`, {
    hint: 'nothing was sent; check which receipt was named',
  });
}

function checkHosts({ kept, protect, targets }: ReleaseInput): void {
  if (kept === null) return;
  checkSameHosts(
    kept,
    [...(protect === null ? [] : [protect]), ...targets].map(({ backend }) => backend),
  );
}

function checkAgain({ plan, asked }: ReleaseInput): void {
  const unknown = asked.again.find((id) => !plan.steps.some((step) => step.id === id));
  if (unknown === undefined) return;
  const hint = `its steps: ${plan.steps.map(({ id }) => id).join(', ')}`;
  throw new UsageError(`release ${plan.name} has no step ${unknown}`, { hint });
}

function outputPathOf({ output, path, kept }: ReleaseInput): string {
  const input = path ?? kept?.receipt.input?.name;
  if (output !== undefined) return output;
  if (input === undefined) throw new UsageError('the release needs its input file', { hint: 'name it' });
  return protectedPath(input);
}

function refusalOf(why: Refusal, id: string, receipt: string, { plan, path, resume }: ReleaseInput): AppToolError {
  const refuse = (what: string, hint: string, next: AppToolError['next']) =>
    new LocalIoError(`the receipt ${receipt} says that ${id} ${what}`, { hint: `nothing was sent; ${hint}`, next });
  switch (why) {
    case 'another-release':
      return anotherRelease(receipt, `release ${plan.name}`);
    case 'wrong-input':
      return refuse(
        `was begun with another file${path === undefined ? '' : `, not with ${path}`}`,
        'give the file of that release, or another receipt',
        null,
      );
    case 'running':
      return refuse('is running already', 'its job is waited for first', resume);
    case 'unknown':
      return refuse('may have landed', 'it is looked for first', resume);
    case 'done':
      return refuse('is done already', 'give another receipt for another release', resume);
    case 'not-protected':
      return new UsageError(`the receipt ${receipt} has no protected file, so there is nothing to publish`, {
        hint: 'run the release from its beginning first',
      });
  }
}
