import type { Context } from '../../contract/context.ts';
import {
  AppToolError,
  AuthError,
  type ErrorClass,
  JobFailedError,
  LimitError,
  PendingError,
  RejectedError,
  UnavailableError,
  UnknownOutcomeError,
} from '../../contract/errors.ts';
import type { AppEvent } from '../../contract/events.ts';
import type { JobState } from '../../contract/job.ts';
import { withDeadline } from '../deadline.ts';
import { CallFailure } from '../http/failure.ts';

/** A job that was uploaded just now may have no record yet, and none ends sooner than this (ms). */
const FIRST_POLL_MS = { from: 2_000, spread: 3_000 } as const;
const JITTER = 0.2;
const MOST_ABSENCES_AFTER_PRESENCE = 3;
/** A refusal of a question ends the wait when the API has said it twice, this far apart (ms). */
const CONFIRM_MS = 15_000;
/** While questions keep failing, it is told this often (ms): each of them would fill a log. */
const TELL_FAILING_MS = 300_000;
/** The question at the deadline gets this long for its answer. */
const LAST_QUESTION_MS = 5_000;

export interface WaitRequest {
  /** `<backend>:<id>`, for messages. */
  readonly job: string;
  /** Host that is asked, where that is known. */
  readonly host?: string | null;
  readonly poll: (ctx: Context) => Promise<JobState | 'absent'>;
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
  /** How long the job may answer "not found" before it was seen once (ms). */
  readonly appearTimeoutMs: number;
  /** True when this run has just uploaded it: then its absence is a loss, not a wrong reference. */
  readonly uploaded: boolean;
  /** When the backend had taken the whole file, where that is known. */
  readonly acceptedAt?: Date | null;
  /** The milestone that the user named, for the command that goes on. */
  readonly until?: string | undefined;
}

interface Watch {
  readonly request: WaitRequest;
  readonly startedAt: number;
  seen: boolean;
  absences: number;
  lastWord: string;
  lastReport: string;
  /** The setting by which the last answer was read, where it is an assumption. */
  setting: string | null;
  warnedOfWord: boolean;
  /** Questions that have failed since the last one that was answered; `toldAtMs` is when that was last told. */
  failing: { readonly count: number; readonly error: AppToolError; readonly toldAtMs: number | null } | null;
  /** Since when the API itself refuses the question, in this class; `null` while it does not. */
  refusal: { readonly errorClass: ErrorClass; readonly atMs: number } | null;
}

/**
 * Asks until the job has ended, also while a person at the store must act. A verdict on a question is none on the job: no single failed
 * question ends the wait, and neither does any number of responses that are not the API's own. Credentials that the API itself refuses twice do, and so
 * do a question that it refuses about a job that it has never known, and a way there that has never worked. Rejects with `PendingError` at the deadline and with `JobFailedError` when the backend says failed.
 */
export async function waitForJob(request: WaitRequest, ctx: Context): Promise<JobState> {
  const watch: Watch = {
    request,
    startedAt: ctx.clock.now(),
    seen: false,
    absences: 0,
    lastWord: 'no response yet',
    lastReport: '',
    setting: null,
    warnedOfWord: false,
    failing: null,
    refusal: null,
  };
  const { job, timeoutMs, acceptedAt = null } = request;
  // The clock may have been set back since.
  const sinceUploadMs = acceptedAt === null ? null : Math.max(0, ctx.clock.date().getTime() - acceptedAt.getTime());
  ctx.emit({ type: 'wait.start', job, timeoutMs, sinceUploadMs });
  if (request.uploaded)
    await ctx.clock.sleep(pauseMs(watch, Math.min(request.pollIntervalMs, firstPollMs(ctx)), ctx), ctx.signal);
  // The last question is asked at the deadline, not before it; every turn sleeps, so it comes.
  for (let isLast = false; !isLast; ) {
    isLast = leftMs(watch, ctx) <= 0;
    const state = await ask(watch, isLast, ctx);
    if (state === 'absent') noteAbsence(watch, ctx);
    else if (state !== null) {
      noteState(watch, state, ctx);
      if (state.phase === 'failed') throw jobFailed(request.job, state);
      if (state.phase === 'succeeded') return state;
    }
    if (isLast) break;
    const delayMs = pauseMs(watch, nextPauseMs(watch, ctx), ctx);
    tellFailing(watch, delayMs, ctx);
    await ctx.clock.sleep(delayMs, ctx.signal);
  }
  throw stillRunning(watch);
}

function stillRunning({ request, lastWord, setting, seen, absences }: Watch): PendingError {
  const seconds = Math.round(request.timeoutMs / 1000);
  const next = { do: 'wait', job: request.job, until: request.until } as const;
  if (!seen && absences === 0)
    return new PendingError(`${request.job} could not be polled in ${seconds} s; last error: ${lastWord}`, {
      hint: 'it may still be running',
      next,
    });
  if (!seen && !request.uploaded)
    return new PendingError(`no record of ${request.job} appeared in ${seconds} s`, {
      hint: 'check the reference, and that the credentials belong to the same tenant',
      next,
    });
  const reading = setting === null ? '' : `; ${setting} decides how its status is read`;
  return new PendingError(`${request.job} was still running after ${seconds} s; last response: ${lastWord}`, {
    hint: `the job keeps running on the server${reading}`,
    next,
  });
}

export function jobFailed(job: string, state: JobState): JobFailedError {
  const findings = (state.findings ?? []).filter(({ severity }) => severity === 'blocking');
  return new JobFailedError(`${job} ended as ${state.status}${state.message === null ? ': no reason given' : ''}`, {
    hint: [
      findings.length === 0
        ? 'read what the server said: the same file and settings would fail again'
        : 'fix these findings, then upload a new build',
      ...(state.setting === undefined ? [] : [`${state.setting} decides whether this is a failure`]),
    ].join('; '),
    backendCode: state.code,
    serverText: state.message ?? undefined,
    findings,
  });
}

function firstPollMs(ctx: Context): number {
  return FIRST_POLL_MS.from + ctx.clock.random() * FIRST_POLL_MS.spread;
}

function jittered(intervalMs: number, ctx: Context): number {
  return intervalMs * (1 - JITTER + 2 * JITTER * ctx.clock.random());
}

/** One question, within the time that is left. `null` when it could not be asked, which says nothing about the job. */
async function ask(watch: Watch, isLast: boolean, ctx: Context): Promise<JobState | 'absent' | null> {
  const limitMs = isLast ? LAST_QUESTION_MS : Math.max(LAST_QUESTION_MS, leftMs(watch, ctx));
  // As if the network had failed.
  const tooLate = new UnavailableError('no response before the deadline');
  try {
    const state = await withDeadline(ctx, limitMs, tooLate, watch.request.poll);
    // What was told is out of date, so the state is told anew.
    if (watch.failing !== null) watch.lastReport = '';
    watch.failing = null;
    return state;
  } catch (error) {
    ctx.signal.throwIfAborted();
    throwVerdict(watch, error, ctx);
    const failed = error as AppToolError;
    watch.lastWord = failed.message;
    watch.failing = {
      count: (watch.failing?.count ?? 0) + 1,
      error: failed,
      toldAtMs: watch.failing?.toldAtMs ?? null,
    };
    return null;
  }
}

/** Says that questions fail: at once, and then now and then. */
function tellFailing(watch: Watch, delayMs: number, ctx: Context): void {
  const { failing, request } = watch;
  if (failing === null) return;
  const now = ctx.clock.now();
  const { count, error, toldAtMs } = failing;
  if (toldAtMs !== null && now - toldAtMs < TELL_FAILING_MS) {
    ctx.emit({ type: 'debug', message: `poll failed, retrying: ${error.message}` });
    return;
  }
  watch.failing = { ...failing, toldAtMs: now };
  const { cause } = error;
  const [host, reason] =
    cause instanceof CallFailure ? [cause.host, cause.message] : [request.host ?? '', error.message];
  const call = `get the status of ${request.job}`;
  ctx.emit({ type: 'http.retry', call, host, attempt: count, reason, trouble: null, delayMs });
}

/** Throws what ends the wait; returns where the question may be asked again. */
function throwVerdict(watch: Watch, error: unknown, ctx: Context): void {
  if (error instanceof UnavailableError || error instanceof LimitError) return;
  const isRefusal = error instanceof AuthError || error instanceof RejectedError;
  const hasWorked = watch.seen || watch.request.uploaded;
  if (!(error instanceof AppToolError)) throw error;
  if (error.origin === 'response') return;
  if (error.origin === 'way' && hasWorked) return;
  // A question that was right before does not become wrong; a key can.
  if (error instanceof RejectedError && hasWorked) return;
  if (!isRefusal || error.origin === 'way') throw error;
  const now = ctx.clock.now();
  if (watch.refusal?.errorClass !== error.class) watch.refusal = { errorClass: error.class, atMs: now };
  else if (now - watch.refusal.atMs >= CONFIRM_MS) throw error;
}

/** Until the next question: sooner than usual where a refusal is to be confirmed. */
function nextPauseMs({ request, refusal }: Watch, ctx: Context): number {
  const usualMs = jittered(request.pollIntervalMs, ctx);
  const confirmMs = refusal === null ? 0 : refusal.atMs + CONFIRM_MS - ctx.clock.now();
  return confirmMs > 0 ? Math.min(usualMs, confirmMs) : usualMs;
}

function noteAbsence(watch: Watch, ctx: Context): void {
  const { request } = watch;
  watch.absences += 1;
  watch.refusal = null;
  watch.lastWord = 'no build record';
  report(watch, { phase: 'absent', status: 'not there yet', message: null }, ctx);
  if (watch.seen && watch.absences >= MOST_ABSENCES_AFTER_PRESENCE) {
    throw new JobFailedError(`${request.job}: build was deleted`, {
      hint: 'upload again if that was a mistake',
      httpStatus: 404,
    });
  }
  if (watch.seen || ctx.clock.now() - watch.startedAt < request.appearTimeoutMs) return;
  if (request.uploaded) {
    throw new UnknownOutcomeError(`${request.job}: the upload was accepted, but no build record appeared`, {
      hint: 'look for the build in the portal before you upload again',
      httpStatus: 404,
    });
  }
  throw noSuchJob(request.job);
}

export function noSuchJob(job: string): RejectedError {
  return new RejectedError(`no such job: ${job}`, {
    hint: 'check the job reference, and that the credentials belong to the same tenant',
    httpStatus: 404,
  });
}

function noteState(watch: Watch, state: JobState, ctx: Context): void {
  watch.seen = true;
  watch.refusal = null;
  watch.absences = 0;
  watch.lastWord = `status ${state.status}`;
  watch.setting = state.setting ?? null;
  report(watch, state, ctx);
  if (state.unrecognized !== true || watch.warnedOfWord) return;
  watch.warnedOfWord = true;
  ctx.emit(unknownStatus(state));
}

/** A word that no documentation lists is waited on; where a setting can say what it means, the setting is named. */
export function unknownStatus({ status, setting }: JobState): AppEvent {
  const way = setting === undefined ? '' : `; if it means success, set ${setting}`;
  return { type: 'warning', code: 'unknown-status', message: `unknown status "${status}"; still waiting${way}` };
}

/** Emits a state when it differs from the last one that was emitted. */
function report(
  watch: Watch,
  state: Pick<JobState, 'status' | 'message'> & { phase: JobState['phase'] | 'absent' },
  ctx: Context,
): void {
  const { phase, status, message } = state;
  const key = JSON.stringify([phase, status, message]);
  if (key === watch.lastReport) return;
  watch.lastReport = key;
  const elapsedMs = ctx.clock.now() - watch.startedAt;
  ctx.emit({ type: 'job.state', job: watch.request.job, phase, status, message, elapsedMs });
}

function leftMs(watch: Watch, ctx: Context): number {
  return watch.request.timeoutMs - (ctx.clock.now() - watch.startedAt);
}

/** A pause that does not go past the deadline. */
function pauseMs(watch: Watch, delayMs: number, ctx: Context): number {
  return Math.max(0, Math.min(delayMs, leftMs(watch, ctx)));
}
