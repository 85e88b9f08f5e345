/** A field of a protobuf message: a varint, or bytes behind their length. https://protobuf.dev/programming-guides/encoding/ */
export function field(number: number, value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

export interface ProtoAttribute {
  readonly name: string;
  readonly id?: number;
  readonly namespace?: string;
  /** The raw text. */
  readonly text?: string;
  /** An `aapt.pb.Item`. */
  readonly item?: Buffer;
}

/** An `aapt.pb.XmlNode`: frameworks/base/tools/aapt2/Resources.proto. */
export function protoXml(
  name: string,
  attributes: readonly ProtoAttribute[],
  children: readonly Buffer[] = [],
): Buffer {
  const written = attributes.map(({ name: own, id = 0, namespace = '', text = '', item }) =>
    field(
      4,
      message(
        field(1, namespace),
        field(2, own),
        field(3, text),
        field(5, id),
        item === undefined ? Buffer.alloc(0) : field(6, item),
      ),
    ),
  );
  return field(1, message(field(3, name), ...written, ...children.map((child) => field(5, child))));
}
