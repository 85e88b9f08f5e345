import { setMaxListeners } from 'node:events';
import { type AppToolError, asAppToolError, PartialError } from '../errors.ts';
import type { Artifact } from '../types.ts';
import { type ArtifactInput, withArtifactFor } from './artifact.ts';
import type { OpenBackend } from './backend.ts';
import type { RunContext } from './trace.ts';
import { acceptAsDone, uploadArtifact } from './upload.ts';
import { type WaitInput, wait } from './wait.ts';

/** One backend that the file goes to, and how long its job is waited for. */
export interface PublishTarget {
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
    // Hashed once, by the run's own signal: a target that is stopped must not stop it.
    artifact.sha256(ctx.signal).catch(() => {
      // Each target awaits it, and tells.
    });
    return await runAll(artifact, input, ctx);
  });
  ctx.signal.throwIfAborted();
  return verdict(failures, backends.length);
}

async function runAll(artifact: Artifact, input: PublishInput, ctx: RunContext): Promise<readonly AppToolError[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  setMaxListeners(0, signal);
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
      const error = await runOne(artifact, target, input, own).then(
        () => null,
        (thrown: unknown) => asAppToolError(thrown),
      );
      trace.ended(error);
      if (error !== null && input.failFast) stop.abort(new PartialError(`stopped because ${id} had failed`));
      return error;
    }),
  );
  return failures.filter((error) => error !== null);
}

async function runOne(artifact: Artifact, target: PublishTarget, input: PublishInput, ctx: RunContext): Promise<void> {
  const { backend, waiting } = target;
  const id = await uploadArtifact(artifact, { ...input, backend }, ctx);
  if (input.detach) return acceptAsDone(ctx);
  await wait({ ...waiting, backend, id, uploaded: { ...artifact, environment: input.options.environment } }, ctx);
}

/** One error for the run: of its own kind where some targets succeeded, the targets' where all failed alike. */
function verdict(failures: readonly AppToolError[], targets: number): AppToolError | null {
  const [first] = failures;
  if (first === undefined) return null;
  const isUniform = failures.every(({ exitCode }) => exitCode === first.exitCode);
  if (failures.length === targets && isUniform) return first;
  return new PartialError(`${failures.length} of ${targets} targets failed`, {
    hint: 'the others are done: run it again for those that failed alone',
  });
}
