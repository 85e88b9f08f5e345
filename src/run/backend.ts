import { UsageError } from '../errors.ts';
import type { Storage } from '../transfer/http/storage.ts';
import type { Adapter, ArtifactKind } from '../types.ts';

/** A backend that is configured and ready: its protocol, and what is known of it without asking. */
export interface OpenBackend {
  readonly id: string;
  readonly files: readonly ArtifactKind[];
  readonly limit: { readonly bytes: number; readonly words: string } | null;
  /** What a job can be waited for, the default first; empty where it has one end. */
  readonly milestones: readonly { readonly name: string; readonly pollIntervalMs?: number }[];
  readonly adapter: Adapter;
  readonly storage: Storage;
}

/** A job as a user passes it around: `<backend>:<id>`. */
export function jobRef(backend: { readonly id: string }, id: string): string {
  return `${backend.id}:${id}`;
}

/** The operation that gives a job's output back. Throws `UsageError` where the backend has none. */
export function downloadOf(backend: OpenBackend): NonNullable<Adapter['download']> {
  const { download } = backend.adapter;
  if (download === undefined) throw new UsageError(`${backend.id} gives nothing back: it has no download`);
  return download;
}
