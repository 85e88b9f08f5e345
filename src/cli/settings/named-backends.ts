import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import type { Session } from '../session/session.ts';

/** The backends of a list `a,b`. Throws `UsageError` for an unknown one, and for one that is named twice. */
export function namedBackends(list: string, { definition }: Session): readonly BackendDefinition[] {
  const ids = list.split(',').map((id) => id.trim());
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) throw new UsageError(`${definition(twice).id} is named twice`);
  return ids.map(definition);
}
