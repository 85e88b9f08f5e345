import { readFile, writeFile } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { fixture } from '../../src/testing/files.ts';

const NAME = Buffer.from('AndroidManifest.xml');
/** A whole number in binary XML (`Res_value`: 8 bytes long, type 0x10): the fixtures' versionCode, which no other value of theirs is. */
const FIXTURE_CODE = Buffer.from([8, 0, 0, 0x10, 42, 0, 0, 0]);
const FIXTURE_PACKAGE = 'dev.apptool.fixture';

/**
 * The fixture `v1.apk` with another versionCode, or another package name of the same length; its manifest is put in anew, as the last
 * entry. Its signature is there, but does not cover that.
 */
export async function apkVariant(
  path: string,
  { versionCode = 42, packageName = FIXTURE_PACKAGE }: { readonly versionCode?: number; readonly packageName?: string },
): Promise<string> {
  const base = await readFile(fixture('v1.apk'));
  const end = base.length - 22;
  const directoryAt = base.readUInt32LE(end + 16);
  const directory = base.subarray(directoryAt, end);
  const recordAt = directory.indexOf(NAME) - 46;
  const record = Buffer.from(directory.subarray(recordAt, recordAt + 46 + NAME.length));
  const manifest = inflated(base, record.readUInt32LE(42), record.readUInt32LE(20));
  manifest.writeUInt32LE(versionCode, manifest.indexOf(FIXTURE_CODE) + 4);
  manifest.write(packageName, manifest.indexOf(FIXTURE_PACKAGE, 0, 'utf16le'), 'utf16le');
  record.writeUInt16LE(0, 10);
  record.writeUInt32LE(crc32(manifest), 16);
  record.writeUInt32LE(manifest.length, 20);
  record.writeUInt32LE(manifest.length, 24);
  record.writeUInt16LE(0, 30);
  record.writeUInt32LE(directoryAt, 42);
  const header = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), record.subarray(6, 32), NAME]);
  const extraBytes = directory.readUInt16LE(recordAt + 30);
  const others = [directory.subarray(0, recordAt), directory.subarray(recordAt + record.length + extraBytes)];
  const newDirectory = Buffer.concat([...others, record]);
  const tail = Buffer.from(base.subarray(end));
  tail.writeUInt32LE(newDirectory.length, 12);
  tail.writeUInt32LE(directoryAt + header.length + manifest.length, 16);
  await writeFile(path, Buffer.concat([base.subarray(0, directoryAt), header, manifest, newDirectory, tail]));
  return path;
}

function inflated(zip: Buffer, headerAt: number, sizeBytes: number): Buffer {
  const dataAt = headerAt + 30 + zip.readUInt16LE(headerAt + 26) + zip.readUInt16LE(headerAt + 28);
  return inflateRawSync(zip.subarray(dataAt, dataAt + sizeBytes));
}
