import type { Adapter, UploadOptions } from '../contract/adapter.ts';
import type { BackendDefinition, Capabilities } from '../contract/backend/definition.ts';
import type { Storage } from '../contract/backend/http.ts';
import type { PageValues } from '../contract/backend/page-url.ts';
import { UsageError } from '../contract/errors.ts';
import type { Stage } from '../contract/job.ts';

/** A backend that is configured and ready: its protocol, and what is known of it without asking. */
export interface OpenBackend extends Capabilities {
  readonly id: string;
  /** Host of its address; `null` where it has none. */
  readonly host: string | null;
  readonly adapter: Adapter;
  /** How many builds are left, where this backend or another that knows its plan can tell. */
  readonly quota?: Adapter['quota'];
  readonly storage: Storage;
  /** Address of the page of a job, for people; `null` where a value is not known. Absent where no address is set. */
  readonly pageOf?: (values: PageValues) => string | null;
}

/** What an upload to this backend is meant for; `null` where neither it nor the options say. */
export function stageOf({ adapter }: OpenBackend, options: UploadOptions): Stage | null {
  return adapter.stageOf?.(options) ?? null;
}

/** The operation that gives a job's output back. Throws `UsageError` where the backend has none. */
export function downloadOf({ id, adapter }: OpenBackend): NonNullable<Adapter['download']> {
  const { download } = adapter;
  if (download === undefined) throw noDownload(id);
  return download;
}

/** The same check by what is known of a backend without its credentials. */
export function assertGivesBack({ id, capabilities }: Pick<BackendDefinition, 'id' | 'capabilities'>): void {
  if (!capabilities.download) throw noDownload(id);
}

function noDownload(id: string): UsageError {
  return new UsageError(`${id} does not support download`, { hint: 'what was uploaded there stays there' });
}

/** Throws `UsageError` for a backend that takes builds and protects none. */
export function assertProtects({ id, protects }: Pick<OpenBackend, 'id' | 'protects'>): void {
  if (protects) return;
  throw new UsageError(`${id} does not protect`, { next: { do: 'upload', backend: id } });
}
