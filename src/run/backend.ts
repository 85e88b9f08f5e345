import type { Adapter, UploadOptions } from '../contract/adapter.ts';
import type { ArtifactKind } from '../contract/artifact.ts';
import { UsageError } from '../contract/errors.ts';
import type { Stage } from '../contract/job.ts';
import type { Storage } from '../transfer/http/storage.ts';

/** A backend that is configured and ready: its protocol, and what is known of it without asking. */
export interface OpenBackend {
  readonly id: string;
  /** Host of its address; `null` where it has none. */
  readonly host: string | null;
  readonly files: readonly ArtifactKind[];
  readonly limit: { readonly bytes: number; readonly words: string } | null;
  /** `release` where it refuses files that are not signed, or only with a key for debug builds. */
  readonly signature: 'release' | null;
  /** The shared settings of an upload that it uses. */
  readonly accepts: readonly string[];
  /** What a job can be waited for, the default first; empty where it has one end. */
  readonly milestones: readonly { readonly name: string; readonly pollIntervalMs?: number }[];
  /** Whether what comes back is the protected app. */
  readonly protects: boolean;
  /** True where a job's record may appear only some time after its upload. */
  readonly appearsLate?: boolean;
  readonly adapter: Adapter;
  /** How many builds are left, where this backend or another that knows its plan can tell. */
  readonly quota?: Adapter['quota'];
  readonly storage: Storage;
}

/** What an upload to this backend is meant for; `null` where neither it nor the options say. */
export function stageOf({ adapter }: OpenBackend, options: UploadOptions): Stage | null {
  return adapter.stageOf?.(options) ?? null;
}

/** The operation that gives a job's output back. Throws `UsageError` where the backend has none. */
export function downloadOf(backend: OpenBackend): NonNullable<Adapter['download']> {
  const { download } = backend.adapter;
  if (download === undefined) throw new UsageError(`${backend.id} gives nothing back: it has no download`);
  return download;
}

/** Throws `UsageError` for a backend that takes builds and protects none. */
export function assertProtects({ id, protects }: Pick<OpenBackend, 'id' | 'protects'>): void {
  if (protects) return;
  throw new UsageError(`${id} does not protect`, { next: { do: 'upload', backend: id } });
}
