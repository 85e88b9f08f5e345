import { setMaxListeners } from 'node:events';
import type { Artifact } from '../contract/artifact.ts';
import {
  type AppToolError,
  asAppToolError,
  CancelledError,
  type ErrorDetails,
  PartialError,
  PendingError,
  UnknownOutcomeError,
} from '../contract/errors.ts';
import { type ArtifactInput, withArtifactFor } from './artifact.ts';
import { type OpenBackend, stageOf } from './backend.ts';
import { checkQuotas } from './checks/quota.ts';
import { type RunContext, type Trace, wayOn } from './trace.ts';
import { acceptAsDone, uploadArtifact } from './upload.ts';
import { type WaitInput, wait } from './wait.ts';

/** One backend that the file goes to, and how long its job is waited for. */
interface PublishTarget {
  readonly backend: OpenBackend;
  readonly waiting: Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs' | 'until'>;
}

export interface PublishInput extends ArtifactInput {
  readonly targets: readonly PublishTarget[];
  /** Stop once every job is accepted. */
  readonly detach: boolean;
  /** Stop the others when one has failed. */
  readonly failFast: boolean;
}

/**
 * `apptool publish`: one file to several backends, side by side, each followed to its milestone. What would stop any of them is found
 * before the first byte goes out. Resolves with `null` when all went well, else with the error of the run; how each target ended stands
 * in its trace. Rejects when nothing was sent, or when the run is stopped.
 */
export async function publish(input: PublishInput, ctx: RunContext): Promise<AppToolError | null> {
  const backends = input.targets.map(({ backend }) => backend);
  const failures = await withArtifactFor(backends, input, ctx, async (artifact) => {
    await checkQuotas(backends, artifact, input.options.environment, ctx);
    // Hashed once, by the run's own signal: a target that is stopped must not stop it.
    artifact.sha256(ctx.signal).catch(() => {
      // Each target awaits it, and tells.
    });
    return await runAll(artifact, input, ctx);
  });
  ctx.signal.throwIfAborted();
  return verdict(failures, ctx.trace.targets);
}

/** Resolves with the targets' own errors: those that were only stopped because of another are not among them. */
async function runAll(artifact: Artifact, input: PublishInput, ctx: RunContext): Promise<readonly AppToolError[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  setMaxListeners(0, signal);
  let failed = '';
  const failures = await Promise.all(
    input.targets.map(async (target) => {
      const { id } = target.backend;
      const trace = ctx.trace.target(id);
      const own: RunContext = {
        ...ctx,
        signal,
        trace,
        record: trace.record,
        emit: (event) => ctx.emit({ ...event, target: id }),
      };
      const thrown = await runOne(artifact, target, input, own).then(
        () => null,
        (error: unknown) => error,
      );
      const isStopped = stop.signal.aborted && thrown === stop.signal.reason;
      const error = thrown === null ? null : isStopped ? stoppedError(failed, trace) : asAppToolError(thrown);
      trace.ended(error);
      noteHash(ctx, trace);
      own.emit({ type: 'target.done', errorClass: error?.class ?? null });
      if (error === null || isStopped) return null;
      failed ||= id;
      // The same reason as a signal's: whatever is under way ends as it would then.
      if (input.failFast) stop.abort(new CancelledError('SIGTERM'));
      return error;
    }),
  );
  return failures.filter((error) => error !== null);
}

/** What became of a target that was stopped because another had failed. */
function stoppedError(failed: string, trace: Trace): AppToolError {
  const { report, leftovers } = trace;
  const message = `stopped because ${failed} had failed`;
  const details = { hint: wayOn(report, leftovers) };
  const isOpen = leftovers.mayHaveLanded && report.job === null;
  return isOpen ? new UnknownOutcomeError(message, details) : new PartialError(message, details);
}

/** The file is the run's, so the run knows its hash as soon as a target does. */
function noteHash({ trace }: RunContext, { report }: Trace): void {
  const { sha256 = null } = report.artifact ?? {};
  const { artifact } = trace.report;
  if (sha256 !== null && artifact?.sha256 === null) trace.note({ artifact: { ...artifact, sha256 } });
}

async function runOne(artifact: Artifact, target: PublishTarget, input: PublishInput, ctx: RunContext): Promise<void> {
  const { backend, waiting } = target;
  const id = await uploadArtifact(artifact, { ...input, backend }, ctx);
  if (input.detach) return acceptAsDone(ctx);
  await wait({ ...waiting, backend, id, uploaded: { ...artifact, stage: stageOf(backend, input.options) } }, ctx);
}

/** One error for the run: its own kind where some targets succeeded, that of the gravest failure where none did. */
function verdict(failures: readonly AppToolError[], targets: readonly Trace[]): AppToolError | null {
  const [first] = failures;
  if (first === undefined) return null;
  if (targets.length === 1) return first;
  const open = targets.filter(({ end }) => end !== null);
  const details = { cause: first, hint: open.map(wayOnOf).join('; ') };
  const names = open.map(({ report }) => report.backend).join(', ');
  if (open.length < targets.length)
    return new PartialError(`${open.length} of ${targets.length} targets failed: ${names}`, details);
  return ofKind(gravest(failures) ?? first, `no target of ${targets.length} succeeded`, details);
}

/** What forbids a blind second run comes first, and what allows one last: a script goes by the exit code of the run. */
function gravest(failures: readonly AppToolError[]): AppToolError | undefined {
  return (
    failures.find((error) => error instanceof UnknownOutcomeError) ??
    failures.find((error) => error instanceof PendingError) ??
    failures.find(({ retryable }) => !retryable)
  );
}

function wayOnOf({ report, end }: Trace): string {
  const { backend, job } = report;
  if (end instanceof PendingError) return `${backend} is still at it: apptool wait ${job?.ref}`;
  if (end instanceof UnknownOutcomeError) return `look at ${backend} before you send it again`;
  return `${backend}: ${end?.hint ?? `mend that, then publish again with --to ${backend}`}`;
}

/** An error of the same class and exit code as another. */
function ofKind(error: AppToolError, message: string, details: ErrorDetails): AppToolError {
  const Kind = error.constructor as new (message: string, details: ErrorDetails) => AppToolError;
  return new Kind(message, details);
}
