import { UnreadablePart, withinBounds } from '../zip/archive-file.ts';
import { readBinaryPropertyList } from './binary-property-list.ts';
import type { PropertyDict } from './property-value.ts';
import { decodeXml } from './xml-encoding.ts';
import { readXmlPropertyList } from './xml-property-list.ts';

/** Reads a property list whose root is a dictionary, as all that describe an app are. Throws `UnreadablePart`. */
export function readPropertyList(bytes: Buffer): PropertyDict {
  const isBinary = bytes.toString('latin1', 0, 6) === 'bplist';
  const root = withinBounds(() => (isBinary ? readBinaryPropertyList(bytes) : readXmlPropertyList(decodeXml(bytes))));
  if (root instanceof Map) return root;
  throw new UnreadablePart('is in an unknown format', { isHostile: false });
}

export function textIn(dict: PropertyDict, key: string): string | null {
  const value = dict.get(key);
  return typeof value === 'string' ? value : null;
}

/** A text, or a number as one: build tools write versions as both. */
export function textOrNumberIn(dict: PropertyDict, key: string): string | null {
  const value = dict.get(key);
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : textIn(dict, key);
}

/** The texts of an array; empty where there is none. */
export function textsIn(dict: PropertyDict, key: string): string[] {
  const value = dict.get(key);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** The dictionary at a key; empty where there is none. */
export function dictIn(dict: PropertyDict, key: string): PropertyDict {
  const value = dict.get(key);
  return value instanceof Map ? value : new Map();
}
