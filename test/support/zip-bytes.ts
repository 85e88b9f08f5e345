import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const MANIFEST = 'AndroidManifest.xml';

export interface Entry {
  /** As bytes where it is not UTF-8. */
  readonly name: string | Buffer;
  readonly data?: string | Buffer;
  readonly isDeflated?: boolean;
  /** The number of its compression, where it is neither stored nor deflated. */
  readonly method?: number;
  /** Puts the 12 bytes of an encryption header before the data. */
  readonly isEncrypted?: boolean;
  /** What the headers say of the contents' size, where it is not the truth. */
  readonly declaredBytes?: number;
  /** Where the directory says that the entry is, where that is not the truth. */
  readonly declaredAt?: number;
  /** Sets the flag for encryption and encrypts nothing. */
  readonly isMarkedEncrypted?: boolean;
  /** The extra field of the directory's record. */
  readonly extra?: Buffer;
  /** What the local header alone says: another name of the same length, or another size. */
  readonly local?: { readonly name?: string; readonly declaredBytes?: number };
}

interface Layout {
  readonly disk?: number;
  /** Adds a zip64 end that gives this many entries. */
  readonly zip64Entries?: number;
  /** Where the directory stands; what is between it and the entries is a hole. */
  readonly directoryAt?: number;
  /** What the end says of the number of entries and of the directory's length, where that is not the truth. */
  readonly declaredEntries?: number;
  readonly declaredDirectoryBytes?: number;
  /** Puts this many zero bytes between the directory and the end record. */
  readonly gapBytes?: number;
}

/** The two ends of a zip, written by hand so that it can be wrong. */
function zipEnds(entries: readonly Entry[], layout: Layout = {}): { readonly head: Buffer; readonly tail: Buffer } {
  const head: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { name, declaredAt, extra = Buffer.alloc(0), local = {} } = entry;
    const { fields, data } = fieldsAndData(entry);
    const own = Buffer.from(fields);
    if (local.declaredBytes !== undefined) own.writeUInt32LE(local.declaredBytes, 18);
    const header = [Buffer.from('PK\x03\x04', 'latin1'), own, bytesOf(local.name ?? name), data];
    head.push(...header);
    fields.writeUInt16LE(extra.length, 24);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(declaredAt ?? at, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, where, bytesOf(name), extra);
    at += header.reduce((sum, { length }) => sum + length, 0);
  }
  const records = Buffer.concat(directory);
  const ends = endRecords(entries.length, records.length, layout.directoryAt ?? at, layout);
  return { head: Buffer.concat(head), tail: Buffer.concat([records, Buffer.alloc(layout.gapBytes ?? 0), ends]) };
}

/** What the local header and the directory's record have in common, and the data between them. */
function fieldsAndData(entry: Entry): { readonly fields: Buffer; readonly data: Buffer } {
  const { name, isDeflated = false, isEncrypted = false, isMarkedEncrypted = false, method, declaredBytes } = entry;
  const contents = bytesOf(entry.data ?? '');
  const data = isEncrypted ? Buffer.concat([Buffer.alloc(12, 'e'), contents]) : contents;
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(isEncrypted || isMarkedEncrypted ? 1 : 0, 2);
  fields.writeUInt16LE(method ?? (isDeflated ? 8 : 0), 4);
  fields.writeUInt32LE(crc32(contents), 10);
  fields.writeUInt32LE(isDeflated ? data.length : (declaredBytes ?? data.length), 14);
  fields.writeUInt32LE(declaredBytes ?? contents.length, 18);
  fields.writeUInt16LE(bytesOf(name).length, 22);
  return { fields, data };
}

function bytesOf(data: string | Buffer): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

function endRecords(count: number, directoryBytes: number, directoryAt: number, layout: Layout): Buffer {
  const { disk = 0, zip64Entries, declaredEntries = count, declaredDirectoryBytes = directoryBytes } = layout;
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(disk, 4);
  end.writeUInt16LE(disk, 6);
  end.writeUInt16LE(zip64Entries === undefined ? declaredEntries : 0xffff, 8);
  end.writeUInt16LE(zip64Entries === undefined ? declaredEntries : 0xffff, 10);
  end.writeUInt32LE(declaredDirectoryBytes, 12);
  end.writeUInt32LE(zip64Entries === undefined ? directoryAt : 0xffff_ffff, 16);
  if (zip64Entries === undefined) return end;
  const end64 = Buffer.alloc(56);
  end64.write('PK\x06\x06', 'latin1');
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(45, 12);
  end64.writeUInt16LE(45, 14);
  end64.writeBigUInt64LE(BigInt(zip64Entries), 24);
  end64.writeBigUInt64LE(BigInt(zip64Entries), 32);
  end64.writeBigUInt64LE(BigInt(directoryBytes), 40);
  end64.writeBigUInt64LE(BigInt(directoryAt), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(directoryAt + directoryBytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}

export function zip(entries: readonly Entry[], layout: Layout = {}): Buffer {
  const { head, tail } = zipEnds(entries, layout);
  return Buffer.concat([head, tail]);
}

/** An APK of exactly this size that takes no room on the disk: its one large entry is a hole. */
export async function sparseApk(path: string, sizeBytes: number): Promise<void> {
  const padding = 'assets/padding.bin';
  const entriesOf = (declaredBytes: number): Entry[] => [{ name: MANIFEST }, { name: padding, declaredBytes }];
  const { head, tail } = zipEnds(entriesOf(0));
  const holeBytes = sizeBytes - head.length - tail.length;
  const ends = zipEnds(entriesOf(holeBytes), { directoryAt: sizeBytes - tail.length });
  const file = await open(path, 'w');
  await file.write(ends.head, 0, undefined, 0);
  await file.write(ends.tail, 0, undefined, sizeBytes - tail.length);
  await file.close();
}
