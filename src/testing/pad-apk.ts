import { randomFillSync } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const MIB = 1024 * 1024;

/**
 * A valid APK of exactly `sizeBytes`: a small one with one stored entry of random bytes more, so that no two parts of it are alike.
 * Rewrites the directory of the small one, which must be a plain zip with its directory at the end. Padding that is a `hole` takes neither time nor
 * room; its checksum is then wrong, which only unpacking would show.
 */
export async function padApk(
  smallPath: string,
  path: string,
  sizeBytes: number,
  padding: 'random' | 'hole' = 'random',
): Promise<string> {
  const base = await readFile(smallPath);
  const end = base.length - 22;
  const directoryAt = base.readUInt32LE(end + 16);
  const directory = base.subarray(directoryAt, end);
  const name = Buffer.from('assets/padding.bin');
  const paddingBytes = sizeBytes - base.length - (30 + name.length) - (46 + name.length);
  const output = await open(path, 'w');
  try {
    await output.writeFile(base.subarray(0, directoryAt));
    const headerAt = directoryAt;
    const dataAt = headerAt + 30 + name.length;
    const chunk = Buffer.alloc(MIB);
    let crc = 0;
    for (let done = 0; padding === 'random' && done < paddingBytes; done += MIB) {
      const piece = chunk.subarray(0, Math.min(MIB, paddingBytes - done));
      randomFillSync(piece);
      crc = crc32(piece, crc);
      await output.write(piece, 0, piece.length, dataAt + done);
    }
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(10, 0);
    fields.writeUInt32LE(crc, 10);
    fields.writeUInt32LE(paddingBytes, 14);
    fields.writeUInt32LE(paddingBytes, 18);
    fields.writeUInt16LE(name.length, 22);
    await output.write(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name]), 0, undefined, headerAt);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(headerAt, 10);
    const version = Buffer.from([20, 0]);
    const record = Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), version, fields, entry, name]);
    const tail = Buffer.from(base.subarray(end));
    tail.writeUInt16LE(base.readUInt16LE(end + 8) + 1, 8);
    tail.writeUInt16LE(base.readUInt16LE(end + 10) + 1, 10);
    tail.writeUInt32LE(directory.length + record.length, 12);
    tail.writeUInt32LE(dataAt + paddingBytes, 16);
    await output.write(Buffer.concat([directory, record, tail]), 0, undefined, dataAt + paddingBytes);
  } finally {
    await output.close();
  }
  const { size } = await stat(path);
  if (size !== sizeBytes) throw new Error(`made ${size} bytes, not ${sizeBytes}`);
  return path;
}
