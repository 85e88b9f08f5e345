import type { Finding, JobState } from '../../contract/job.ts';
import { phaseOfStage } from '../apptego-shared/build-stage.ts';
import { isOtherKey } from '../apptego-shared/signing-key.ts';
import { wordOf } from '../loose-fields.ts';
import type { Build } from './wire.ts';

/** What is known of a build beside its row. */
export interface Asked {
  /** Whether it was sent to be signed by the legacy call, which no field of its row tells. */
  readonly awaitsSigning: boolean;
  /** The key that its upload asked for, where that is known; `none` for no key. */
  readonly signingKey?: string | undefined;
  /** The name that it was uploaded by, where that is known. */
  readonly name?: string;
}

/** How a build stands, by "Build Status Interpretation". The API has no status words of its own, so they are the ones of that table. */
export function stateOf(build: Build, asked: Asked): JobState {
  const state = judge(build, asked);
  const findings = [...(state.findings ?? []), ...renamed(build, asked)];
  const startedAt = startOf(build);
  return {
    ...state,
    ...(findings.length === 0 ? {} : { findings }),
    ...(startedAt === null ? {} : { startedAt }),
    ...(build.endedAt === null ? {} : { endedAt: build.endedAt }),
  };
}

/** "Unix timestamp returned when the upload URL is created". */
function startOf({ startTime }: Build): string | null {
  const date = new Date(Number(startTime || Number.NaN) * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function judge(build: Build, asked: Asked): JobState {
  const { success, stage } = build;
  if (build.isDeleted) return failed('deleted', build);
  if (success === true) return doneState(build, asked);
  if (success === null) return { phase: phaseOfStage(stage), status: 'processing', message: stage };
  if (success !== false) return { phase: 'running', status: wordOf(success), message: stage, unrecognized: true };
  // "Build failed or was reset for signing": it is a reset only for who has sent it to be signed, and is given no reason.
  if (asked.awaitsSigning && reasonsOf(build) === null)
    return { phase: 'running', status: 'reset for signing', message: stage, setting: AWAITS_SIGNING };
  return { ...failed('failed', build), ...(reasonsOf(build) === null ? { setting: AWAITS_SIGNING } : {}) };
}

const AWAITS_SIGNING = 'apptego-management.awaitsSigning';

/** "Use success, status_message, error_message, and signing_error_message from build history as release gates." */
function doneState(build: Build, { awaitsSigning, signingKey }: Asked): JobState {
  const { isSigned, stage, signingError } = build;
  if (build.error !== null) return failed('completed with an error', build);
  const isKeyAsked = signingKey !== undefined && isNamed(signingKey);
  if (isNamed(build.signingKeyId) || isKeyAsked || awaitsSigning) {
    if (signingError !== null) return failed('completed, but not signed', build);
    if (isSigned === false && awaitsSigning)
      return { phase: 'running', status: 'waiting to be signed', message: stage, setting: AWAITS_SIGNING };
    if (isSigned === false) return failed('completed, but not signed', build);
  }
  if (isOtherKey(signingKey, build.signingKeyId)) {
    const message = `signing_key_id: ${JSON.stringify(build.signingKeyId)}`;
    return { phase: 'failed', status: `completed with another signing key than ${signingKey}`, message };
  }
  const done: JobState = { phase: 'succeeded', status: 'completed', message: signingError };
  if (signingError === null) return done;
  return { ...done, findings: [{ code: 'signing', severity: 'warning', message: signingError }] };
}

function isNamed(key: string | null | undefined): boolean {
  return key != null && key !== '' && key !== 'none';
}

/** "Use the … name values from build history": they need not be those of the upload. */
function renamed(build: Build, { name }: Asked): Finding[] {
  if (name === undefined || build.name === '' || build.name === name) return [];
  const message = `the build history names the file ${JSON.stringify(build.name)}, but it was uploaded as ${JSON.stringify(name)}`;
  return [{ code: 'renamed', severity: 'warning', message }];
}

function reasonsOf({ error, signingError }: Build): string | null {
  return [error, signingError].filter((words) => words !== null).join('; ') || null;
}

function failed(status: string, build: Build): JobState {
  return { phase: 'failed', status, message: reasonsOf(build) ?? build.stage };
}
