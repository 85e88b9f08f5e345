import { UsageError } from '../../contract/errors.ts';
import type { Step } from '../../contract/record/journal.ts';
import { assertGivesBack } from '../../run/backend.ts';
import { sentIn } from '../../run/checks/sent-artifact.ts';
import { download } from '../../run/download.ts';
import { contextOf } from '../../run/journal/journal.ts';
import type { CommandResult } from '../line/command.ts';
import type { PlannedDownload } from '../output/command-data.ts';
import { openStep, readSubject, type Subject } from '../receipt/subject.ts';
import type { Session } from '../session/session.ts';

/** `apptool download <job>` */
export async function downloadCommand(session: Session): Promise<CommandResult<PlannedDownload>> {
  const { output, force, dryRun } = session.settings.values;
  const { ctx } = session;
  const step = stepWithOutput(session, readSubject(session));
  assertGivesBack(session.definition(step.backend));
  ctx.journal.choose([step]);
  const { job } = step;
  if (job === null) throw new UsageError(`${step.id} has no job: its run ended before there was one`);
  const backend = await openStep(session, step);
  const sent = sentIn(ctx.journal.input, step);
  const input = { backend, job, output, force: force === true, sent, dryRun: dryRun === true };
  const { path, isWritten } = await download(input, contextOf(step, ctx));
  return isWritten ? { text: null, path } : { text: `would write ${path}`, data: { plan: { output: path } } };
}

/** Of a receipt, the step that protects; without such a step, the only one whose backend gives anything back. */
function stepWithOutput(session: Session, { steps, receipt }: Subject): Step {
  const [only] = steps;
  if (only !== undefined && steps.length === 1) return only;
  if (only === undefined) throw new UsageError(`${receipt} has no job: its run ended before there was one`);
  const protecting = steps.find(({ action }) => action === 'protect');
  if (protecting !== undefined) return protecting;
  const giving = steps.filter(({ backend }) => session.definition(backend).capabilities.download);
  const [first] = giving;
  if (first !== undefined && giving.length === 1) return first;
  if (first === undefined) {
    const backends = [...new Set(steps.map(({ backend }) => backend))].join(' and ');
    throw new UsageError(`${receipt} has no step with an output: ${backends} do not support download`);
  }
  throw new UsageError(`${receipt} has several steps, but none that protects`, {
    hint: `name the step with --step: ${giving.map(({ id }) => id).join(', ')}`,
  });
}
