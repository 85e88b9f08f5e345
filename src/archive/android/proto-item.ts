import type { ProtoReader } from './protobuf.ts';
import type { ResValue } from './res-chunks.ts';

/**
 * `aapt.pb.Item`, a value in a bundle's manifest or resource table.
 * Source: frameworks/base/tools/aapt2/Resources.proto. The type is the field that is there.
 */
export function readItem(item: Buffer, proto: ProtoReader): ResValue {
  for (const { number, bytes } of proto.fieldsOf(item)) {
    switch (number) {
      case 1:
        return readReference(bytes, proto);
      // String, RawString, StyledString, FileReference: the text, or the path, is the first field of each.
      case 2:
      case 3:
      case 4:
      case 5:
        return { type: 'string', text: proto.fieldOf(bytes, 1)?.bytes.toString('utf8') ?? '' };
      case 7:
        return readPrimitive(bytes, proto);
      default:
        break;
    }
  }
  return { type: 'other' };
}

/** `aapt.pb.Reference`: one that has a name only leads nowhere that is known here. */
function readReference(reference: Buffer, proto: ProtoReader): ResValue {
  const id = proto.fieldOf(reference, 2)?.value ?? 0;
  return id === 0 && proto.fieldOf(reference, 3) !== undefined ? { type: 'other' } : { type: 'reference', id };
}

/** `aapt.pb.Primitive`: decimal and hexadecimal numbers, booleans, and colours, which Android takes for numbers. */
function readPrimitive(primitive: Buffer, proto: ProtoReader): ResValue {
  for (const { number, value } of proto.fieldsOf(primitive)) {
    if (number === 1 || number === 2) return { type: 'null' };
    if (number === 6 || number === 7 || (number >= 9 && number <= 12)) return { type: 'number', value: value | 0 };
    if (number === 8) return { type: 'boolean', value: value !== 0 };
  }
  return { type: 'other' };
}
