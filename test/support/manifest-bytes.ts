export interface Attribute {
  readonly name: string;
  /** It is Android's own where it has one. */
  readonly id?: number;
  readonly namespace?: string;
  /** A text, or another `Res_value` by its type and data. */
  readonly value: string | { readonly type: number; readonly data: number };
}

/** An element of a binary manifest. */
export interface Element {
  readonly name: string;
  readonly attributes?: readonly Attribute[];
  readonly children?: readonly Element[];
}

export function chunk(type: number, header: Buffer, body: Buffer): Buffer {
  const start = Buffer.alloc(8);
  start.writeUInt16LE(type, 0);
  start.writeUInt16LE(8 + header.length, 2);
  start.writeUInt32LE(8 + header.length + body.length, 4);
  return Buffer.concat([start, header, body]);
}

export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * index);
  return bytes;
}

/** A pool of UTF-8 strings shorter than 128 bytes. `count` is what it says of their number, where that is not the truth. */
export function stringPool(strings: readonly string[], count = strings.length): Buffer {
  const offsets: number[] = [];
  const data: Buffer[] = [];
  let at = 0;
  for (const text of strings) {
    const bytes = Buffer.from(text);
    const entry = Buffer.concat([Buffer.from([text.length, bytes.length]), bytes, Buffer.from([0])]);
    offsets.push(at);
    data.push(entry);
    at += entry.length;
  }
  const header = words(count, 0, 0x100, 28 + 4 * strings.length, 0);
  return chunk(0x0001, header, Buffer.concat([words(...offsets), ...data]));
}

/** A whole file of binary XML with these chunks in it. */
export function binaryFile(chunks: readonly Buffer[]): Buffer {
  return chunk(0x0003, Buffer.alloc(0), Buffer.concat(chunks));
}

/** Android's binary XML. With `isMapFull` its resource map is as long as its string pool, with zeros for what is no attribute. */
export function binaryXml(root: Element, { isMapFull = false } = {}): Buffer {
  const strings: string[] = [];
  const ids: number[] = [];
  const indexOf = (text: string): number => {
    if (!strings.includes(text)) strings.push(text);
    return strings.indexOf(text);
  };
  const collect = ({ attributes = [], children = [] }: Element): void => {
    for (const { name, id } of attributes) if (id !== undefined) ids[indexOf(name)] = id;
    for (const child of children) collect(child);
  };
  collect(root);
  const write = ({ name, attributes = [], children = [] }: Element): Buffer[] => {
    const fields = attributes.map((one) => {
      const text = typeof one.value === 'string' ? indexOf(one.value) : -1;
      const { type, data } = typeof one.value === 'string' ? { type: 3, data: text } : one.value;
      const namespace = one.namespace === undefined ? -1 : indexOf(one.namespace);
      return Buffer.concat([words(namespace, indexOf(one.name), text), Buffer.from([8, 0, 0, type]), words(data)]);
    });
    const own = Buffer.concat([
      words(-1, indexOf(name)),
      Buffer.from([20, 0, 20, 0, fields.length, 0, 0, 0, 0, 0, 0, 0]),
    ]);
    const start = chunk(0x0102, words(1, -1), Buffer.concat([own, ...fields]));
    return [start, ...children.flatMap(write), chunk(0x0103, words(1, -1), words(-1, indexOf(name)))];
  };
  const elements = write(root);
  if (isMapFull) ids.length = strings.length;
  const map = chunk(0x0180, Buffer.alloc(0), words(...Array.from(ids, (id) => id ?? 0)));
  return binaryFile([stringPool(strings), map, ...elements]);
}

/** A property list in XML with this inside. */
export function xmlPlist(inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">${inside}</plist>`;
}

/** A binary property list of these objects, with references of one byte and offsets of this many; the first is the root. */
export function binaryPlist(objects: readonly Buffer[], offsetBytes = 1): Buffer {
  const magic = Buffer.from('bplist00');
  let at = magic.length;
  const offsets = objects.map(({ length }) => {
    const offset = at;
    at += length;
    return offset;
  });
  const trailer = Buffer.alloc(32);
  trailer.writeUInt8(offsetBytes, 6);
  trailer.writeUInt8(1, 7);
  trailer.writeBigUInt64BE(BigInt(objects.length), 8);
  trailer.writeBigUInt64BE(BigInt(at), 24);
  const table = offsets.map((offset) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(offset));
    return bytes.subarray(8 - offsetBytes);
  });
  return Buffer.concat([magic, ...objects, ...table, trailer]);
}
