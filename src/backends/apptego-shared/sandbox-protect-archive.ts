import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { digestEntries } from '../../sandbox/signing/digested-entries.ts';
import { isJarSignatureFile, jarSignatureFiles } from '../../sandbox/signing/jar-files.ts';
import { createV2Digest, v2SigningBlock } from '../../sandbox/signing/signing-block.ts';
import { sandboxKey } from '../../sandbox/signing/signing-key.ts';

/** Record layouts: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.14, 4.3.15 and 4.3.16. */
const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const END_BYTES = 22;
const ZIP64_END_BYTES = 56;
const ZIP64_LOCATOR_BYTES = 20;
const LONGEST_COMMENT = 0xffff;
/** A v2 signature's. */
const CHUNK_BYTES = 1024 * 1024;
/** "APK Signing Block": source.android.com/docs/security/features/apksigning/v2. It sits right before the directory. */
const SIGNING_BLOCK_MAGIC = 'APK Sig Block 42';
const SIGNING_BLOCK_TAIL = 24;

/** What stands in the archive that comes out: META-INF entries are outside of a v1 signature, so it stays valid. */
const MARK_NAME = 'META-INF/apptool-sandbox.txt';

interface Entry {
  readonly name: string;
  readonly data: Buffer;
}

const EMPTY_PLIST = Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict/></plist>\n');

interface Directory {
  readonly entries: number;
  readonly offset: number;
  readonly size: number;
}

/**
 * Writes to `outputPath` the same app with one more entry: a whole archive that differs from its input, as a protected one does. An APK
 * signing block is left out, because it would no longer be true. With `isSigned` it is signed anew by the sandbox's key: a JAR signature,
 * and v2 for an APK; an IPA only looks signed. Rejects for what is not a zip.
 */
export async function protectArchive(
  inputPath: string,
  outputPath: string,
  mark: string,
  { isSigned = false }: { readonly isSigned?: boolean } = {},
): Promise<void> {
  const handle = await open(inputPath, 'r');
  try {
    const { size } = await handle.stat();
    const directory = await readDirectory(handle, size);
    const records = await read(handle, directory.size, directory.offset);
    const end = await endOfEntries(handle, directory.offset);
    const marked = { name: MARK_NAME, data: Buffer.from(mark) };
    const signing = isSigned ? await signingOf(handle, size, records, marked) : UNSIGNED;
    await pipeline(createReadStream(inputPath, { start: 0, end: end - 1 }), createWriteStream(outputPath));
    const kept = signing.replaces ? withoutSignatureFiles(records, directory.entries) : { ...directory, records };
    const locals: Buffer[] = [];
    const added: Buffer[] = [];
    let offset = end;
    for (const entry of [marked, ...signing.entries]) {
      const bytes = entryBytes(entry, offset);
      locals.push(bytes.local);
      added.push(bytes.directory);
      offset += bytes.local.length;
    }
    const newRecords = Buffer.concat([kept.records, ...added]);
    const moved = { entries: kept.entries + added.length, offset, size: newRecords.length };
    const output = await open(outputPath, 'a+');
    try {
      await output.appendFile(Buffer.concat(locals));
      const block = signing.isBlockMade ? await signingBlock(output, newRecords, moved) : Buffer.alloc(0);
      const ends = endRecords({ ...moved, offset: offset + block.length });
      await output.appendFile(Buffer.concat([block, newRecords, ends]));
    } finally {
      await output.close();
    }
  } finally {
    await handle.close();
  }
}

/** How an output is signed. */
interface Signing {
  readonly entries: readonly Entry[];
  /** Whether these take the place of the signature files of the input. */
  readonly replaces: boolean;
  readonly isBlockMade: boolean;
}

const UNSIGNED: Signing = { entries: [], replaces: false, isBlockMade: false };

async function signingOf(handle: FileHandle, sizeBytes: number, records: Buffer, marked: Entry): Promise<Signing> {
  const fill = async (buffer: Buffer, position: number): Promise<void> => {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead < buffer.length) throw new Error('not a whole zip');
  };
  const { kind, entries } = await digestEntries({ sizeBytes, fill });
  if (kind === 'ipa') return { ...UNSIGNED, entries: codeSignature(records) };
  const sha256 = createHash('sha256').update(marked.data).digest('base64');
  // What says so in a v1 signature makes the removal of the v2 signature be noticed.
  const mainLines = kind === 'apk' ? ['X-Android-APK-Signed: 2'] : [];
  const files = jarSignatureFiles([...entries, { name: marked.name, sha256 }], sandboxKey(), mainLines);
  return { entries: files, replaces: true, isBlockMade: kind === 'apk' };
}

/** The records of all entries that are no signature files. */
function withoutSignatureFiles(records: Buffer, count: number): { readonly records: Buffer; readonly entries: number } {
  const kept: Buffer[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const nameBytes = records.readUInt16LE(at + 28);
    const end = at + 46 + nameBytes + records.readUInt16LE(at + 30) + records.readUInt16LE(at + 32);
    if (!isJarSignatureFile(records.toString('utf8', at + 46, at + 46 + nameBytes)))
      kept.push(records.subarray(at, end));
    at = end;
  }
  return { records: Buffer.concat(kept), entries: kept.length };
}

/** The block over what has been written so far and what follows it. */
async function signingBlock(output: FileHandle, records: Buffer, moved: Directory): Promise<Buffer> {
  const digest = createV2Digest();
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; at < moved.offset; at += CHUNK_BYTES) {
    const { bytesRead } = await output.read(chunk, 0, Math.min(CHUNK_BYTES, moved.offset - at), at);
    digest.update(chunk.subarray(0, bytesRead));
  }
  digest.update(records);
  // The end as if the block were not there.
  digest.update(endRecords(moved));
  return v2SigningBlock(digest.digest(), sandboxKey());
}

async function read(handle: FileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error('not a whole zip');
  return buffer;
}

async function readDirectory(handle: FileHandle, fileSize: number): Promise<Directory> {
  const tailSize = Math.min(fileSize, END_BYTES + LONGEST_COMMENT + ZIP64_LOCATOR_BYTES);
  const tail = await read(handle, tailSize, fileSize - tailSize);
  for (let at = tail.length - END_BYTES; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== END_OF_DIRECTORY) continue;
    if (at + END_BYTES + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const locatorAt = at - ZIP64_LOCATOR_BYTES;
    if (locatorAt >= 0 && tail.readUInt32LE(locatorAt) === ZIP64_LOCATOR) {
      return await readZip64Directory(handle, Number(tail.readBigUInt64LE(locatorAt + 8)));
    }
    return {
      entries: tail.readUInt16LE(at + 10),
      size: tail.readUInt32LE(at + 12),
      offset: tail.readUInt32LE(at + 16),
    };
  }
  throw new Error('not a whole zip');
}

async function readZip64Directory(handle: FileHandle, position: number): Promise<Directory> {
  const record = await read(handle, ZIP64_END_BYTES, position);
  if (record.readUInt32LE(0) !== ZIP64_END) throw new Error('not a whole zip');
  return {
    entries: Number(record.readBigUInt64LE(32)),
    size: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

/** Where the entries' data ends: before the APK signing block, where there is one. */
async function endOfEntries(handle: FileHandle, directoryOffset: number): Promise<number> {
  if (directoryOffset < SIGNING_BLOCK_TAIL) return directoryOffset;
  const tail = await read(handle, SIGNING_BLOCK_TAIL, directoryOffset - SIGNING_BLOCK_TAIL);
  if (tail.toString('latin1', 8) !== SIGNING_BLOCK_MAGIC) return directoryOffset;
  return directoryOffset - Number(tail.readBigUInt64LE(0)) - 8;
}

/** What is there in a signed IPA, where the input has none of it. */
function codeSignature(records: Buffer): Entry[] {
  const [folder = ''] = /Payload\/[^/]+\.app\//.exec(records.toString('utf8')) ?? [];
  const name = `${folder}_CodeSignature/CodeResources`;
  return records.includes(name) ? [] : [{ name, data: EMPTY_PLIST }];
}

function entryBytes(entry: Entry, offset: number): { readonly local: Buffer; readonly directory: Buffer } {
  const name = Buffer.from(entry.name, 'utf8');
  const { data } = entry;
  const common = Buffer.alloc(26);
  common.writeUInt16LE(10, 0);
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.alloc(4);
  local.writeUInt32LE(LOCAL_HEADER);
  const head = Buffer.alloc(6);
  head.writeUInt32LE(DIRECTORY_HEADER);
  head.writeUInt16LE(20, 4);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(offset, 10);
  return { local: Buffer.concat([local, common, name, data]), directory: Buffer.concat([head, common, rest, name]) };
}

/** The end records, in their zip64 form where a field would overflow. */
function endRecords({ entries, offset, size }: Directory): Buffer {
  const needsZip64 = entries >= 0xffff || offset >= 0xffffffff || size >= 0xffffffff;
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END_OF_DIRECTORY);
  end.writeUInt16LE(Math.min(entries, 0xffff), 8);
  end.writeUInt16LE(Math.min(entries, 0xffff), 10);
  end.writeUInt32LE(Math.min(size, 0xffffffff), 12);
  end.writeUInt32LE(Math.min(offset, 0xffffffff), 16);
  if (!needsZip64) return end;
  const zip64 = Buffer.alloc(ZIP64_END_BYTES + ZIP64_LOCATOR_BYTES);
  zip64.writeUInt32LE(ZIP64_END);
  zip64.writeBigUInt64LE(BigInt(ZIP64_END_BYTES - 12), 4);
  zip64.writeUInt16LE(45, 12);
  zip64.writeUInt16LE(45, 14);
  zip64.writeBigUInt64LE(BigInt(entries), 24);
  zip64.writeBigUInt64LE(BigInt(entries), 32);
  zip64.writeBigUInt64LE(BigInt(size), 40);
  zip64.writeBigUInt64LE(BigInt(offset), 48);
  zip64.writeUInt32LE(ZIP64_LOCATOR, ZIP64_END_BYTES);
  zip64.writeBigUInt64LE(BigInt(offset + size), ZIP64_END_BYTES + 8);
  zip64.writeUInt32LE(1, ZIP64_END_BYTES + 16);
  return Buffer.concat([zip64, end]);
}
