import { basename } from 'node:path';
import { AppToolError } from '../../contract/errors.ts';
import type { StepRecord } from '../../contract/record/journal.ts';
import { readOutput } from '../checks/output-proof.ts';
import { proveSigned, readSignedContents } from '../checks/signed-proof.ts';
import { appRecord } from '../journal/files.ts';
import type { RunContext } from '../journal/journal.ts';
import { standingOf } from '../journal/standing.ts';
import { toldOfRelease } from '../telling/told-of-release.ts';
import { withFileAt } from './file-at.ts';
import { type Prepared, prepare } from './prepare.ts';
import { protectPart } from './protect-part.ts';
import { publishPart } from './publish-part.ts';
import type { ReleaseInput } from './release-input.ts';

/**
 * `apptool release`: protects, proves the output, and publishes it side by side; with a receipt of an earlier run, what is missing of
 * that. Resolves with `null` when all that was asked is done, else with the error of the run; how each step ended stands in the journal.
 * Rejects where nothing could be published, or when the run is stopped.
 */
export async function release(input: ReleaseInput, ctx: RunContext): Promise<AppToolError | null> {
  try {
    const failure = await protectAndPublish(input, ctx);
    return failure === null ? null : toldOfRelease(failure, input.resume, ctx.journal);
  } catch (error) {
    throw error instanceof AppToolError ? toldOfRelease(error, input.resume, ctx.journal) : error;
  }
}

async function protectAndPublish(input: ReleaseInput, ctx: RunContext): Promise<AppToolError | null> {
  warnOfChanges(input, ctx);
  const prepared = await prepare(input, ctx);
  if (!(await protectPart(input, prepared, ctx))) return null;
  const isOver = prepared.steps.every(({ step, task }) => step.action === 'protect' || isLeftOut(task));
  const file = input.protect === null ? input.path : await fileToPublish(input, prepared, ctx);
  return isOver ? null : await publishPart(input, prepared, file, ctx);
}

function isLeftOut(task: Prepared['steps'][number]['task']): boolean {
  return task.do === 'skip' && task.why === 'not-asked';
}

/** The receipt goes by what the config said when the release was begun: what it says otherwise now is told, and holds. */
function warnOfChanges({ plan, kept }: ReleaseInput, { emit }: RunContext): void {
  const before = kept?.receipt.release ?? null;
  if (kept === null || before === null || before.name !== plan.name || before.definition === plan.definition) return;
  const gone = kept.receipt.steps.filter(({ id }) => !plan.steps.some((step) => step.id === id));
  const more = gone.length === 0 ? '' : `; it has no step ${gone.map(wordsOfGone).join(', ')} any more`;
  const message = `release ${plan.name} has been changed in the config since ${kept.path} was begun${more}`;
  emit({ type: 'warning', code: 'release-changed', message });
}

/** What runs is not lost sight of in silence. */
function wordsOfGone(step: StepRecord): string {
  const { id, job } = step;
  const standing = standingOf(step);
  if (standing === 'unknown') return `${id} (which may have landed)`;
  return standing === 'running' ? `${id} (whose job may still run: ${job?.ref ?? 'without an id'})` : id;
}

/** The output, or the same signed by somebody else: that it is the same is proved first. */
async function fileToPublish(
  { signed }: ReleaseInput,
  { outputPath, signedSha256 }: Prepared,
  { journal, signal, emit }: RunContext,
): Promise<string | undefined> {
  const { output } = journal;
  if (signed === undefined || signedSha256 === null || outputPath === null || output === null)
    return outputPath ?? undefined;
  if (signedSha256 === output.sha256) return signed;
  const contentsAt = async (path: string) =>
    await withFileAt(path, async (file) => await readSignedContents(file, signal));
  for (const warning of proveSigned(await contentsAt(outputPath), await contentsAt(signed)))
    emit({ type: 'warning', ...warning });
  const record = await withFileAt(signed, async (file) => {
    const facts = await readOutput(file, signedSha256);
    return {
      path: signed,
      name: basename(signed),
      size: file.sizeBytes,
      sha256: signedSha256,
      ...appRecord(facts.identity, facts),
    };
  });
  journal.note({ output: record });
  return signed;
}
