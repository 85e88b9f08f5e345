import type { ArtifactKind, Phase } from './types.ts';

/**
 * What happens during a run, as data: every member is JSON, holds no secret and no signed URL.
 * The core emits; the CLI's renderers turn events into text. Nothing flows back.
 */
export type AppEvent = Happening & {
  /** The backend that this is about, where a run has several. */
  readonly target?: string;
};

type Happening =
  | { readonly type: 'run.start'; readonly command: string; readonly version: string }
  | { readonly type: 'artifact.ready'; readonly name: string; readonly kind: ArtifactKind; readonly sizeBytes: number }
  | {
      readonly type: 'upload.start';
      readonly name: string;
      readonly backend: string;
      readonly sizeBytes: number;
    }
  | { readonly type: 'upload.plan'; readonly parts: number; readonly partSizeBytes: number }
  /** What the system has taken to send; falls when a part is sent again. All of it is sent before the storage has answered. */
  | {
      readonly type: 'upload.progress';
      readonly sentBytes: number;
      readonly totalBytes: number;
      readonly inFlight: number;
    }
  | {
      readonly type: 'capacity.wait';
      readonly delayMs: number;
      readonly leftMs: number;
      readonly message: string | null;
    }
  | { readonly type: 'upload.done'; readonly job: string; readonly durationMs: number }
  | { readonly type: 'wait.start'; readonly job: string; readonly timeoutMs: number }
  | {
      readonly type: 'job.state';
      readonly job: string;
      readonly phase: Phase | 'absent';
      readonly status: string;
      readonly message: string | null;
      readonly elapsedMs: number;
    }
  | { readonly type: 'download.start'; readonly name: string; readonly totalBytes: number | null }
  | { readonly type: 'download.progress'; readonly receivedBytes: number; readonly totalBytes: number | null }
  | { readonly type: 'download.done'; readonly path: string; readonly sizeBytes: number; readonly sha256: string }
  | {
      readonly type: 'http.retry';
      readonly call: string;
      readonly host: string;
      readonly attempt: number;
      readonly reason: string;
      /** What the transfer can react to: the server is overloaded, or a connection stood still. */
      readonly trouble: 'overload' | 'stall' | null;
      readonly delayMs: number;
    }
  /** A target of several has ended: well, or with an error of this class. */
  | { readonly type: 'target.done'; readonly errorClass: string | null }
  | { readonly type: 'serving'; readonly address: string }
  | { readonly type: 'cancelling'; readonly signal: string }
  | { readonly type: 'debug'; readonly message: string }
  | { readonly type: 'warning'; readonly code: string; readonly message: string };

/** Synchronous and never throws: what is emitted must not be able to fail the work. */
export type Emit = (event: AppEvent) => void;
