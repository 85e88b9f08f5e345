import { withinBounds } from '../zip/archive-file.ts';
import type { Configuration } from './configuration.ts';
import { readItem } from './proto-item.ts';
import { type ProtoReader, protoReader } from './protobuf.ts';
import type { ResourceCandidate } from './resources.ts';

const PACKAGE = 2;
const TYPE_OF_PACKAGE = 3;
const ENTRY_OF_TYPE = 3;
const VALUE_OF_ENTRY = 6;

/** Operator, layout direction, size in pixels, long and round screens, colours, kind of device, night, touchscreen, keys, gender. */
const SPECIAL_FIELDS = [1, 2, 4, 5, 6, 11, 12, 13, 14, 16, 17, 19, 20, 21, 22, 23, 26];

/** More than there are languages and densities. */
const MOST_CANDIDATES = 10_000;

/**
 * Reads `resources.pb` of an app bundle, an `aapt.pb.ResourceTable`, as far as it takes to find single resources.
 * Format: frameworks/base/tools/aapt2/Resources.proto. The lookup throws `UnreadablePart`.
 */
export function readProtoResources(bytes: Buffer): (id: number) => ResourceCandidate[] {
  const proto = protoReader();
  return (id) =>
    withinBounds(() => {
      const found: ResourceCandidate[] = [];
      for (const configValue of valuesOf(bytes, id, proto)) {
        if (found.length < MOST_CANDIDATES) found.push(readCandidate(configValue, proto));
      }
      return found;
    });
}

/** The `aapt.pb.ConfigValue`s of a resource. */
function* valuesOf(table: Buffer, id: number, proto: ProtoReader): Generator<Buffer> {
  for (const pack of childrenWith(table, PACKAGE, id >>> 24, proto)) {
    for (const type of childrenWith(pack, TYPE_OF_PACKAGE, (id >>> 16) & 0xff, proto)) {
      for (const entry of childrenWith(type, ENTRY_OF_TYPE, id & 0xffff, proto)) {
        for (const { number, bytes } of proto.fieldsOf(entry)) if (number === VALUE_OF_ENTRY) yield bytes;
      }
    }
  }
}

/** The messages in a field whose own id (each has it as the first field of its first field) is this one. */
function* childrenWith(message: Buffer, number: number, id: number, proto: ProtoReader): Generator<Buffer> {
  for (const field of proto.fieldsOf(message)) {
    const own = field.number === number ? proto.fieldOf(field.bytes, 1) : undefined;
    if (own !== undefined && (proto.fieldOf(own.bytes, 1)?.value ?? 0) === id) yield field.bytes;
  }
}

function readCandidate(configValue: Buffer, proto: ProtoReader): ResourceCandidate {
  const configuration = proto.fieldOf(configValue, 1)?.bytes ?? Buffer.alloc(0);
  const value = proto.fieldOf(configValue, 2)?.bytes ?? Buffer.alloc(0);
  const item = proto.fieldOf(value, 4);
  return {
    value: item === undefined ? { type: 'other' } : readItem(item.bytes, proto),
    ...readConfiguration(configuration, proto),
  };
}

/** `aapt.pb.Configuration`: frameworks/base/tools/aapt2/Configuration.proto. */
function readConfiguration(configuration: Buffer, proto: ProtoReader): Configuration {
  const fields = new Map<number, number>();
  // A text is there where it has bytes.
  for (const { number, value, bytes } of proto.fieldsOf(configuration)) fields.set(number, value || bytes.length);
  const field = (number: number): number => fields.get(number) ?? 0;
  return {
    isAnyLanguage: field(3) === 0,
    density: field(18),
    orientation: field(15),
    screenSize: field(10),
    smallestWidthDp: field(9),
    widthDp: field(7),
    heightDp: field(8),
    sdk: field(24),
    isSpecial: SPECIAL_FIELDS.some((number) => field(number) !== 0),
  };
}
