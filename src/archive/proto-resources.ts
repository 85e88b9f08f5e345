import { withinBounds } from './archive-file.ts';
import { readItem } from './proto-item.ts';
import { fieldOf, fieldsOf } from './protobuf.ts';
import type { ResourceCandidate } from './resources.ts';

const PACKAGE = 2;
const TYPE_OF_PACKAGE = 3;
const ENTRY_OF_TYPE = 3;
const VALUE_OF_ENTRY = 6;

/**
 * Reads `resources.pb` of an app bundle, an `aapt.pb.ResourceTable`, as far as it takes to find single resources.
 * Format: frameworks/base/tools/aapt2/Resources.proto. Throws `UnreadablePart`.
 */
export function readProtoResources(bytes: Buffer): (id: number) => ResourceCandidate[] {
  return (id) => withinBounds(() => find(bytes, id));
}

function find(table: Buffer, id: number): ResourceCandidate[] {
  const packages = childrenWith(table, PACKAGE, id >>> 24);
  const types = packages.flatMap((one) => childrenWith(one, TYPE_OF_PACKAGE, (id >>> 16) & 0xff));
  const entries = types.flatMap((one) => childrenWith(one, ENTRY_OF_TYPE, id & 0xffff));
  return entries.flatMap((entry) =>
    [...fieldsOf(entry)].filter(({ number }) => number === VALUE_OF_ENTRY).map(({ bytes }) => readCandidate(bytes)),
  );
}

/** The messages in a field whose own id (each has it as the first field of its first field) is this one. */
function childrenWith(message: Buffer, number: number, id: number): Buffer[] {
  const found: Buffer[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== number) continue;
    const own = fieldOf(field.bytes, 1);
    if (own !== undefined && (fieldOf(own.bytes, 1)?.value ?? 0) === id) found.push(field.bytes);
  }
  return found;
}

/** `aapt.pb.ConfigValue`. */
function readCandidate(configValue: Buffer): ResourceCandidate {
  const configuration = fieldOf(configValue, 1)?.bytes ?? Buffer.alloc(0);
  const value = fieldOf(configValue, 2)?.bytes ?? Buffer.alloc(0);
  const item = fieldOf(value, 4);
  return {
    value: item === undefined ? { type: 'other' } : readItem(item.bytes),
    isAnyLanguage: (fieldOf(configuration, 3)?.bytes.length ?? 0) === 0,
    density: fieldOf(configuration, 18)?.value ?? 0,
  };
}
