import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import type { OpenedBackend } from '../../run/open/open-backend.ts';
import type { Backend } from './open-options.ts';

/** What stands behind an open backend. */
export interface Opened {
  readonly definition: BackendDefinition;
  readonly backend: OpenedBackend;
  readonly redactor: Redactor;
}

const behind = new WeakMap<Backend, Opened>();

export function putBehind(door: Backend, opened: Opened): void {
  behind.set(door, opened);
}

/** What stands behind a door of `openBackend`. Throws `UsageError` for anything else. */
export function openedOf(door: Backend): Opened {
  const opened = behind.get(door);
  if (opened === undefined) throw new UsageError('the backend was not opened by openBackend');
  return opened;
}
