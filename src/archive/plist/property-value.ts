import { UnreadablePart } from '../zip/archive-file.ts';

/** A property list of Apple's, in either of its two formats. */
export type PropertyList = string | number | boolean | Date | Buffer | null | PropertyList[] | PropertyDict;
export type PropertyDict = ReadonlyMap<string, PropertyList>;

/**
 * Adds what a dictionary says. Which of two values under one key counts, readers disagree on: so a list that says two things is not read,
 * rather than read otherwise than a device does. Throws `UnreadablePart`.
 */
export function addValue(dict: Map<string, PropertyList>, key: string, value: PropertyList): void {
  const before = dict.get(key);
  const isContradiction = before !== undefined && before !== value && !(isObject(before) && isObject(value));
  if (isContradiction) throw new UnreadablePart('has two values for the same key', { isHostile: false });
  dict.set(key, value);
}

/** What cannot be compared by itself. */
function isObject(value: PropertyList): boolean {
  return typeof value === 'object' && value !== null;
}
