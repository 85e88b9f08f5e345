import type { Artifact } from '../contract/artifact.ts';
import type { Context } from '../contract/context.ts';
import { IntegrityError, UsageError } from '../contract/errors.ts';
import type { Finding, JobState, Stage } from '../contract/job.ts';
import { noSuchJob, waitForJob } from '../transfer/wait/poll.ts';
import { jobRef, type OpenBackend } from './backend.ts';
import { jobRecord, type RunContext } from './trace.ts';

/** What was sent, to be compared with what the job says that it is about. */
interface SentSubject extends Pick<Artifact, 'name' | 'platform'> {
  /** What it was sent for, where the backend knows such a thing. */
  readonly stage: Stage | null;
}

export interface WaitInput {
  readonly backend: OpenBackend;
  readonly id: string;
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
  readonly appearTimeoutMs: number;
  /** The milestone to wait for; the backend's first where it is not given. */
  readonly until?: string | undefined;
  /** What this run has just uploaded as this job; `null` for a job of another run. */
  readonly uploaded: SentSubject | null;
}

/**
 * `apptool wait`: asks until the job has ended well; every other end is an error. What was found and fails nothing is told as warnings,
 * at the end.
 */
export async function wait(input: WaitInput, ctx: RunContext): Promise<JobState> {
  const { backend, id, uploaded } = input;
  const job = jobRef(backend, id);
  const record = jobRecord(ctx.trace, job, id);
  ctx.trace.note({ backend: backend.id, job: record });
  // A job of another run goes on, whatever becomes of this one.
  if (uploaded === null) ctx.record({ type: 'may-have-landed' });
  const until = milestoneOf(backend, input.until);
  const poll = async (asking: Context) => {
    const state = await backend.adapter.poll(id, { patience: 'once', until, details: record.details }, asking);
    if (state === 'absent') return state;
    // The job has a record, so its upload was completed, whatever the answer to that call was.
    if (ctx.trace.leftovers.session !== null) ctx.record({ type: 'multipart-closed' });
    noteState(state, ctx);
    if (uploaded !== null) checkSubject(job, state, uploaded);
    return state;
  };
  try {
    return await waitForJob({ ...input, job, poll, uploaded: uploaded !== null }, ctx);
  } finally {
    warnOfFindings(['warning'], ctx);
  }
}

function noteState(state: JobState, ctx: RunContext): void {
  ctx.trace.note({ state, findings: state.findings ?? ctx.trace.report.findings });
}

function warnOfFindings(severities: readonly Finding['severity'][], ctx: RunContext): void {
  for (const { code, severity, message } of ctx.trace.report.findings) {
    if (severities.includes(severity)) ctx.emit({ type: 'warning', code: 'finding', message: `${code}: ${message}` });
  }
}

/** `apptool status`: one question, tried again only while the network fails. A failed job is an answer here, and no error names what failed it. */
export async function status(
  backend: OpenBackend,
  id: string,
  ctx: RunContext,
  until?: string | undefined,
): Promise<JobState> {
  const job = jobRef(backend, id);
  const record = jobRecord(ctx.trace, job, id);
  ctx.trace.note({ backend: backend.id, job: record });
  const question = { patience: 'retried', until: milestoneOf(backend, until), details: record.details } as const;
  const state = await backend.adapter.poll(id, question, ctx);
  if (state === 'absent') throw noSuchJob(job);
  noteState(state, ctx);
  warnOfFindings(['warning', 'blocking'], ctx);
  return state;
}

/** The milestone by its name. Throws `UsageError` where the backend has none of that name. */
function milestoneOf({ id, milestones }: OpenBackend, name: string | undefined): string | null {
  if (name === undefined) return milestones[0]?.name ?? null;
  if (milestones.some((milestone) => milestone.name === name)) return name;
  const known = milestones.map((milestone) => milestone.name).join(', ');
  throw new UsageError(
    known === '' ? `${id} has one end only: it takes no --until` : `${id} has no milestone "${name}"; it has ${known}`,
  );
}

/** Two uploads in one second can share a job id: then this job is about another file, and its output must not be taken for ours. */
function checkSubject(job: string, state: JobState, sent: SentSubject): void {
  const { fileName, platform, stage } = state.subject ?? {};
  const refuse = (is: string, sentAs: string) =>
    new IntegrityError(`${job} is about ${is}, not about ${sentAs}`, { hint: 'look for your build in the portal' });
  if (fileName !== undefined && fileName !== sent.name) throw refuse(`"${fileName}"`, `"${sent.name}"`);
  if (platform !== undefined && platform !== sent.platform)
    throw refuse(`an app for ${platform}`, `one for ${sent.platform}`);
  if (stage !== undefined && sent.stage !== null && stage !== sent.stage) throw refuse(stage, sent.stage);
}
