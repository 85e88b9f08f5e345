import {
  type AppToolError,
  JobFailedError,
  PartialError,
  UnknownOutcomeError,
  UsageError,
} from '../../contract/errors.ts';
import type { JobRef, JobState } from '../../contract/job.ts';
import type { Step } from '../../contract/record/journal.ts';
import type { OpenBackend } from '../../run/backend.ts';
import { contextOf, type StepContext } from '../../run/journal/journal.ts';
import { standingOf } from '../../run/journal/standing.ts';
import { sideBySide } from '../../run/side-by-side.ts';
import { verdictOfAsking } from '../../run/verdict.ts';
import { milestoneOf, status, wait } from '../../run/wait.ts';
import { jobFailed } from '../../transfer/wait/poll.ts';
import type { CommandResult } from '../line/command.ts';
import { openStep, readSubject } from '../receipt/subject.ts';
import type { Session } from '../session/session.ts';
import { ownUntil, untilFor, waiting } from './waiting.ts';

/** `apptool status <job>`: prints how it stands also where that is a failure, and ends as that failure. */
export async function statusCommand(session: Session): Promise<CommandResult> {
  const ask: Ask = async (backend, job, ctx) => {
    const until = untilFor(session, backend.milestones);
    const state = await status(backend, job, ctx, ctx.step.isTarget ? ownUntil(until, backend) : until);
    if (state.phase === 'failed') throw jobFailed(job.text, state);
    return state;
  };
  return await askEach(session, ask, { printsFailed: true });
}

/** `apptool wait <job>` */
export async function waitCommand(session: Session): Promise<CommandResult> {
  return await askEach(
    session,
    async (backend, job, ctx) => {
      const own = waiting(session, backend);
      const until = ctx.step.isTarget ? ownUntil(own.until, backend) : own.until;
      return await wait({ ...own, until, backend, job, uploaded: null }, ctx);
    },
    { printsFailed: false },
  );
}

type Ask = (backend: OpenBackend, job: JobRef, ctx: StepContext) => Promise<JobState>;

/** Asks for every job of a receipt side by side, and ends with the gravest verdict; or for the one job that was named. */
async function askEach(
  session: Session,
  ask: Ask,
  { printsFailed }: { readonly printsFailed: boolean },
): Promise<CommandResult> {
  const { steps, receipt } = readSubject(session);
  const { journal, signal } = session.ctx;
  if (receipt !== null && !steps.some(({ job, mayHaveLanded }) => job !== null || mayHaveLanded))
    throw new UsageError(`${receipt} has no job: its run ended before there was one`);
  const [only] = steps;
  if (only !== undefined && steps.length === 1) checkMilestone(session, only);
  journal.choose(steps);
  if (only !== undefined && steps.length === 1) {
    try {
      const { phase, status: word } = await askOne(session, only, ask, contextOf(only, session.ctx));
      return { text: `${phase} ${word}` };
    } catch (error) {
      if (!(printsFailed && error instanceof JobFailedError && only.state !== null)) throw error;
      return { text: `${only.state.phase} ${only.state.status}`, failure: error };
    }
  }
  const work = steps.map((step) => ({ step, run: (own: StepContext) => askOne(session, step, ask, own) }));
  await sideBySide(work, false, session.ctx);
  signal.throwIfAborted();
  const failure = verdictOfAsking(steps);
  const text = steps.map(stepLine).join('\n');
  return failure === null ? { text } : { text, failure };
}

/** Before the backend is opened: which milestones it has is known without its credentials. */
function checkMilestone(session: Session, { backend }: Step): void {
  const { id, capabilities } = session.definition(backend);
  const { milestones } = capabilities;
  milestoneOf({ id, milestones }, untilFor(session, milestones));
}

async function askOne(session: Session, step: Step, ask: Ask, ctx: StepContext): Promise<JobState> {
  const { job } = step;
  if (job === null) throw withoutJob(step);
  return await ask(await openStep(session, step), job, ctx);
}

function withoutJob(step: Step): AppToolError {
  const { backend, ended } = step;
  if (standingOf(step) === 'unknown')
    return new UnknownOutcomeError(`the file was sent to ${backend}, but its response was lost: it may have landed`, {
      hint: `look at ${backend} before you send it again`,
    });
  const why = ended?.message == null ? '' : `: ${ended.message}`;
  return new PartialError(`nothing was sent to ${backend}${why}`, { hint: `send it there, with the same --receipt` });
}

/** How it stands with a step: its backend, phase, status and job, and where people get it, where they do. */
export function stepLine({ backend, state, job, error, accepted, links }: Step): string {
  const isAccepted = error === null || (error === undefined && accepted);
  const words = isAccepted ? ['queued', 'uploaded'] : ['-', error?.class];
  const link = links.install === null ? [] : [links.install];
  const is = state === null ? words : [state.phase, state.status];
  return [backend, ...is, job?.text ?? '-', ...link].join(' ');
}
