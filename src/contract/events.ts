import * as z from 'zod';
import type { Artifact } from './artifact.ts';
import type { Phase } from './job.ts';

const kind = z
  .enum(['apk', 'aab', 'ipa', 'other'] satisfies Artifact['kind'][])
  .describe('other: a file that is sent as it is, which nothing looks into');
const phase = z.enum(['queued', 'running', 'action-required', 'succeeded', 'failed', 'absent'] satisfies (
  | Phase
  | 'absent'
)[]);
const count = z.int().nonnegative();
/** Measured, so it may have a fraction. */
const milliseconds = z.number().nonnegative();

function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.strictObject({ type: z.literal(type), ...shape });
}

const Happening = z.discriminatedUnion('type', [
  event('run.start', { command: z.string(), version: z.string() }),
  event('artifact.ready', { name: z.string(), kind, sizeBytes: count }),
  event('upload.start', { name: z.string(), backend: z.string(), sizeBytes: count }),
  event('upload.plan', { parts: count, partSizeBytes: count }),
  event('upload.progress', {
    sentBytes: count.describe(
      'What the system has taken to send; falls when a part is sent again. All of it is sent before the storage has answered',
    ),
    totalBytes: count,
    inFlight: count.describe('Requests at once'),
  }),
  event('capacity.wait', {
    delayMs: milliseconds,
    leftMs: milliseconds.describe('How long a slot is still waited for'),
    message: z.string().nullable(),
  }),
  event('upload.done', { job: z.string(), durationMs: milliseconds }),
  event('wait.start', {
    job: z.string(),
    timeoutMs: milliseconds.describe('How long it is waited for at most'),
    sinceUploadMs: milliseconds
      .nullable()
      .describe('How long ago the backend had taken the whole file; null where that is not known'),
  }),
  event('job.state', {
    job: z.string(),
    phase: phase.describe('absent: its record is not there yet'),
    status: z.string().describe("The backend's own word"),
    message: z.string().nullable(),
    elapsedMs: milliseconds,
  }),
  event('download.start', { name: z.string(), totalBytes: count.nullable() }),
  event('download.progress', { receivedBytes: count, totalBytes: count.nullable() }),
  event('download.done', { path: z.string(), sizeBytes: count, sha256: z.string() }),
  event('http.retry', {
    call: z.string(),
    host: z.string(),
    attempt: count,
    reason: z.string(),
    trouble: z
      .enum(['overload', 'stall'])
      .nullable()
      .describe('What the transfer can react to: the server is overloaded, or a connection stood still'),
    delayMs: milliseconds,
  }),
  event('http.request', {
    method: z.string(),
    host: z.string(),
    path: z.string().describe('Without the query'),
    attempt: count.describe('Counts the tries of a call from 1'),
    status: z.int().nullable().describe('null where no response came'),
    reason: z.string().nullable().describe('What was wrong, where there was no response or it could not be used'),
    durationMs: milliseconds,
  }).describe('A request that was sent, once it is over'),
  event('target.done', { errorClass: z.string().nullable() }).describe(
    'A target of several has ended: well, or with an error of this class',
  ),
  event('serving', { address: z.string() }),
  event('cancelling', { signal: z.string() }),
  event('note', { message: z.string() }).describe('What to do next'),
  event('debug', { message: z.string() }),
  event('warning', { code: z.string(), message: z.string() }),
  event('run.end', {
    exitCode: count,
    errorClass: z.string().nullable().describe('null when all is well'),
    message: z.string().nullable(),
    durationMs: milliseconds,
  }),
]);

type Happening = z.infer<typeof Happening>;

/**
 * What happens during a run, as data: every member is JSON, holds no secret and no signed URL.
 * The core emits; the CLI's renderers turn events into text. Nothing flows back.
 */
export type AppEvent = Readonly<Happening> & {
  /** The backend that this is about, where a run has several. */
  readonly target?: string;
  /** The step that this is about: what is done, and where. */
  readonly step?: string;
};

/** The events as `--events` writes them: each with its place in the run and its time. */
export const EventRecord = z.discriminatedUnion(
  'type',
  Happening.options.map((option) =>
    option.safeExtend({
      schemaVersion: z.literal(1),
      seq: count.describe('Counts the events of a run from 0; events that are left out leave no gap'),
      time: z.iso.datetime(),
      target: z.string().optional().describe('The backend that this is about, where a run has several'),
      step: z
        .string()
        .optional()
        .describe('The step that this is about: what is done, and where, as in publish:<backend>'),
    }),
  ) as unknown as typeof Happening.options,
);

/** Synchronous and never throws: what is emitted must not be able to fail the work. */
export type Emit = (event: AppEvent) => void;
