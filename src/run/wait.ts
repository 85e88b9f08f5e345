import type { Artifact } from '../contract/artifact.ts';
import type { Context } from '../contract/context.ts';
import { AppToolError, IntegrityError, UsageError } from '../contract/errors.ts';
import type { Finding, JobDetails, JobRef, JobState, Stage } from '../contract/job.ts';
import { didYouMean } from '../contract/text/suggest.ts';
import { waitToRetry } from '../transfer/backoff.ts';
import { noSuchJob, unknownStatus, waitForJob } from '../transfer/wait/poll.ts';
import type { OpenBackend } from './backend.ts';
import type { StepContext } from './journal/journal.ts';
import { tellPage } from './telling/tell-page.ts';
import { toldOfStep } from './telling/told-of-step.ts';

/** What was sent, to be compared with what the job says that it is about. */
interface SentSubject extends Pick<Artifact, 'name' | 'platform' | 'identity'> {
  /** What it was sent for, where the backend knows such a thing. */
  readonly stage: Stage | null;
}

export interface WaitInput {
  readonly backend: OpenBackend;
  readonly job: JobRef;
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
  readonly appearTimeoutMs: number;
  /** The milestone to wait for; the backend's first where it is not given. */
  readonly until?: string | undefined;
  /** What this run has just uploaded as this job; `null` for a job of another run. */
  readonly uploaded: SentSubject | null;
}

/**
 * `apptool wait`: asks until the job has succeeded; every other end is an error. What was found and fails nothing is told as warnings,
 * at the end.
 */
export async function wait(input: WaitInput, ctx: StepContext): Promise<JobState> {
  const { backend, job, uploaded } = input;
  const until = milestoneOf(backend, input.until);
  if (uploaded === null) tellPage(backend, ctx);
  let isNameTold = false;
  const poll = async (asking: Context) => {
    const state = await backend.adapter.poll(job.id, { patience: 'once', until, details: detailsOf(job, ctx) }, asking);
    if (state === 'absent') return state;
    ctx.step.tell({ type: 'state', state });
    if (uploaded !== null) checkSubject(job.text, state, uploaded);
    const name = state.subject?.fileName ?? uploaded?.name;
    if (uploaded !== null && name !== undefined && name !== uploaded.name && !isNameTold) {
      isNameTold = true;
      const message = `${backend.id} names the file ${JSON.stringify(name)}, but it was sent as ${JSON.stringify(uploaded.name)}`;
      ctx.emit({ type: 'warning', code: 'renamed', message });
    }
    return state;
  };
  try {
    const appearTimeoutMs = appearTimeoutOf(input);
    const { acceptedAt } = ctx.step;
    const state = await waitForJob(
      {
        ...input,
        job: job.text,
        host: backend.host,
        poll,
        appearTimeoutMs,
        uploaded: uploaded !== null,
        acceptedAt: acceptedAt === null ? null : new Date(acceptedAt),
      },
      ctx,
    );
    tellWhatRemains(job.text, state, ctx);
    return state;
  } catch (error) {
    throw toldOfStep(error, ctx.step, { until: input.until });
  } finally {
    warnOfFindings(['warning'], ctx);
  }
}

/** What is known of the job besides its id, where its step knows it. */
function detailsOf({ text }: JobRef, { step }: StepContext): JobDetails {
  return step.job?.text === text ? step.job.details : {};
}

/** How long a job that is there may answer "not found" by a slip of the server (ms). */
const SLIP_MS = 15_000;

/** A record that is made by the upload itself is there at once: then "not found" is a wrong reference, and soon said. */
function appearTimeoutOf({ backend, uploaded, appearTimeoutMs }: WaitInput): number {
  return uploaded !== null || backend.appearsLate === true ? appearTimeoutMs : Math.min(appearTimeoutMs, SLIP_MS);
}

/** What a person has to do before the next milestone can be reached, and the command that waits for it. */
function tellWhatRemains(job: string, { remains }: JobState, ctx: StepContext): void {
  if (remains === undefined) return;
  ctx.emit({
    type: 'note',
    message: `${remains.reached}; ${remains.message}, then apptool wait ${job} --until ${remains.until}`,
  });
}

function warnOfFindings(severities: readonly Finding['severity'][], ctx: StepContext): void {
  for (const { code, severity, message } of ctx.step.findings) {
    if (severities.includes(severity)) ctx.emit({ type: 'warning', code: 'finding', message: `${code}: ${message}` });
  }
}

/** Between two questions where something else than the API answered (ms), and how often it is asked again. */
const ODD_PAUSE_MS = 5_000;
const MOST_ODD = 3;

/** Asks once more where a response is not the API's own, such as a gateway's page: it says nothing about the job. */
async function askPastOddResponses(
  ask: () => Promise<JobState | 'absent'>,
  { text }: JobRef,
  ctx: StepContext,
): Promise<JobState | 'absent'> {
  // Each turn is one of `MOST_ODD`, or the last.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      const isOdd = error instanceof AppToolError && error.origin === 'response';
      if (!isOdd || attempt > MOST_ODD) throw error;
      const retry = {
        call: `get the status of ${text}`,
        host: ctx.step.host ?? '',
        attempt,
        reason: 'another server answered instead of the API',
        trouble: null,
      };
      await waitToRetry({ ...retry, delayMs: ODD_PAUSE_MS }, ctx);
    }
  }
}

/** `apptool status`: one question, tried again only while the network fails or something else answers. A failed job is an answer here. */
export async function status(
  backend: OpenBackend,
  job: JobRef,
  ctx: StepContext,
  until?: string | undefined,
): Promise<JobState> {
  const question = { patience: 'retried', until: milestoneOf(backend, until), details: detailsOf(job, ctx) } as const;
  const state = await askPastOddResponses(() => backend.adapter.poll(job.id, question, ctx), job, ctx);
  if (state === 'absent') throw noSuchJob(job.text);
  tellPage(backend, ctx);
  ctx.step.tell({ type: 'state', state });
  if (state.unrecognized === true) ctx.emit(unknownStatus(state));
  warnOfFindings(['warning'], ctx);
  tellWhatRemains(job.text, state, ctx);
  return state;
}

/** The milestone by its name. Throws `UsageError` where the backend has none of that name. */
export function milestoneOf(
  { id, milestones }: Pick<OpenBackend, 'id' | 'milestones'>,
  name: string | undefined,
): string | null {
  if (name === undefined) return milestones[0]?.name ?? null;
  if (milestones.some((milestone) => milestone.name === name)) return name;
  const known = milestones.map((milestone) => milestone.name).join(', ');
  throw new UsageError(
    known === ''
      ? `${id} has no milestones to wait for`
      : `${id} has no milestone "${name}"; it has ${known}${didYouMean(
          name,
          milestones.map((one) => one.name),
        )}`,
  );
}

/** Two uploads in one second can share a job id: then this job is about another file, and its output must not be taken for ours. */
function checkSubject(job: string, state: JobState, sent: SentSubject): void {
  const { fileName, platform, stage, versionCode } = state.subject ?? {};
  const refuse = (is: string, sentAs: string) =>
    new IntegrityError(`${job} is about ${is}, not about ${sentAs}`, { hint: 'find your own build in the portal' });
  if (fileName !== undefined && plainName(fileName) !== plainName(sent.name))
    throw refuse(visible(fileName), visible(sent.name));
  if (platform !== undefined && sent.platform !== 'other' && platform !== sent.platform)
    throw refuse(`an app for ${platform}`, `one for ${sent.platform}`);
  if (stage !== undefined && sent.stage !== null && stage !== sent.stage) throw refuse(stage, sent.stage);
  const sentCode = sent.identity?.versionCode ?? null;
  if (versionCode !== undefined && sentCode !== null && versionCode !== sentCode)
    throw refuse(`versionCode ${versionCode}`, `versionCode ${sentCode}`);
}

/**
 * A file name as servers may give it back and still mean the same file: composed or decomposed, percent-encoded, and with other characters in
 * place of spaces and signs.
 */
function plainName(name: string): string {
  return percentDecoded(name)
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}.-]+/gu, '_')
    .toLowerCase();
}

function percentDecoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A bare % is a character like any other.
    return name;
  }
}

/** With what is not ASCII as escapes: two names may look the same and not be. */
function visible(name: string): string {
  return JSON.stringify(name).replace(/[^\x20-\x7e]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}
