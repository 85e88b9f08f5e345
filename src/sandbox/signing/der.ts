/** Values of DER: ITU-T X.690. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const contents = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(contents.length)]), contents]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const hex = length.toString(16);
  const bytes = [...Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')];
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
export const set = (...parts: readonly Buffer[]) => der(0x31, ...parts);
/** A value in `[number]`, constructed. */
export const tagged = (number: number, ...parts: readonly Buffer[]) => der(0xa0 + number, ...parts);
/** An object identifier by its encoded bytes in hex. */
export const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
/** A whole number below 128. */
export const integer = (value: number) => der(0x02, Buffer.from([value]));
export const octets = (bytes: Buffer) => der(0x04, bytes);
export const bitString = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes);
export const generalizedTime = (text: string) => der(0x18, Buffer.from(text));

/** A name of one CN. */
export function commonName(text: string): Buffer {
  return sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
}
