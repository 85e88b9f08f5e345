import { join, parse } from 'node:path';
import { checkOutput, type OutputTarget } from '../transfer/download/output-file.ts';
import { checkInputName, type UploadInput, withArtifact } from './artifact.ts';
import { assertProtects, stageOf } from './backend.ts';
import { checkQuotas } from './checks/quota.ts';
import { fetchOutput } from './download.ts';
import type { RunContext } from './trace.ts';
import { acceptAsDone, uploadArtifact } from './upload.ts';
import { type WaitInput, wait } from './wait.ts';

export interface ProtectInput extends UploadInput {
  readonly output: string | undefined;
  readonly force: boolean;
  /** Stop once the job is accepted. */
  readonly detach: boolean;
  readonly waiting: Pick<WaitInput, 'pollIntervalMs' | 'timeoutMs' | 'appearTimeoutMs'>;
}

/** `<name>-protected.<ext>` beside the input. */
export function protectedPath(inputPath: string): string {
  const { dir, name, ext } = parse(inputPath);
  return join(dir, `${name}-protected${ext}`);
}

/** Checks that the output can be written, before anything is sent. */
export async function checkProtectOutput(input: ProtectInput): Promise<OutputTarget> {
  const target = { path: input.output ?? protectedPath(input.path), force: input.force };
  await checkOutput(target, input.path);
  return target;
}

/**
 * `apptool protect`: upload, wait, fetch, judge, put in place. What would stop the end is found before the beginning. Resolves with the
 * job's id and the path of the output, which is `null` for a detached run.
 */
export async function protect(
  input: ProtectInput,
  ctx: RunContext,
): Promise<{ readonly id: string; readonly output: string | null }> {
  const { backend } = input;
  ctx.trace.note({ backend: backend.id });
  assertProtects(backend);
  checkInputName(backend, input.path);
  const target = input.detach ? null : await checkProtectOutput(input);
  const { id, sent } = await withArtifact(input, ctx, async (artifact, _, signedBy) => {
    await checkQuotas([backend], artifact, input.options.environment, ctx);
    return {
      id: await uploadArtifact(artifact, input, ctx),
      sent: {
        ...artifact,
        sha256: ctx.trace.report.artifact?.sha256 ?? null,
        signingKey: input.options.signingKey,
        signedBy,
      },
    };
  });
  if (target === null) {
    acceptAsDone(ctx);
    return { id, output: null };
  }
  await wait({ ...input.waiting, backend, id, uploaded: { ...sent, stage: stageOf(backend, input.options) } }, ctx);
  const { path } = await fetchOutput({ backend, id, output: target, sent, isOwnCommand: false }, ctx);
  return { id, output: path };
}
