import { UnreadablePart } from '../../zip/archive-file.ts';

/** The first `count` values, each behind its length in 32 bits. Throws `UnreadablePart`, or reads past the end. */
export function prefixed(bytes: Buffer, count: 1): [Buffer];
export function prefixed(bytes: Buffer, count: 2): [Buffer, Buffer];
export function prefixed(bytes: Buffer, count: number): Buffer[] {
  const values: Buffer[] = [];
  for (let at = 0; values.length < count; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) throw new UnreadablePart('has a part that is larger than the whole', { isHostile: true });
    values.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return values;
}

/** All values of a sequence, each behind its length; `what` they are, for messages. Throws `UnreadablePart`, or reads past the end. */
export function prefixedItems(sequence: Buffer, most: number, what: string): Buffer[] {
  const values: Buffer[] = [];
  // Each turn goes on by a length of four bytes at least.
  for (let at = 0; at < sequence.length; ) {
    if (values.length === most) throw new UnreadablePart(`has more than ${most} of ${what}`, { isHostile: true });
    const [value] = prefixed(sequence.subarray(at), 1);
    values.push(value);
    at += 4 + value.length;
  }
  return values;
}
