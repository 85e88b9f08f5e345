import { UsageError } from '../../contract/errors.ts';

/** Ids are opaque: "b1c2…", "v9d8…". They become segments of a path, so none may begin with a dot. */
export const ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** An id as a segment of a path. Throws `UsageError` for what cannot be one. */
export function segment(id: string): string {
  if (!ID.test(id)) throw new UsageError('an id holds letters, digits and . _ - only');
  return id;
}
