import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Session } from '../session/session.ts';
import { backendsNamed } from './resolve-settings.ts';

/** The backends of a list `a,b`. Throws `UsageError` for an unknown one, and for one that is named twice. */
export function namedBackends(list: string, { backends }: Session): readonly BackendDefinition[] {
  return backendsNamed(list, backends);
}
