import { readFile } from 'node:fs/promises';
import { fixture } from '../../src/testing/files.ts';

const V2 = 0x7109871a;
const V3 = 0xf05368c0;
const PADDING = 0x42726577;

/** An APK, and where its parts are. */
interface Apk {
  readonly bytes: Buffer;
  readonly blockAt: number;
  readonly directoryAt: number;
  readonly endAt: number;
}

async function read(name: string): Promise<Apk> {
  const bytes = Buffer.from(await readFile(fixture(name)));
  const endAt = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const directoryAt = bytes.readUInt32LE(endAt + 16);
  const blockAt = directoryAt - Number(bytes.readBigUInt64LE(directoryAt - 24)) - 8;
  return { bytes, blockAt, directoryAt, endAt };
}

/** Where the value of a pair in the signing block begins, and where its id is. */
function pairAt({ bytes, blockAt, directoryAt }: Apk, id: number): { readonly idAt: number; readonly valueAt: number } {
  for (let at = blockAt + 8; at < directoryAt - 24; at += 8 + Number(bytes.readBigUInt64LE(at))) {
    if (bytes.readUInt32LE(at + 8) === id) return { idAt: at + 8, valueAt: at + 12 };
  }
  throw new Error('no such pair');
}

function flip(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes;
}

/** The bytes of the signed data of the first signer: behind the lengths of the signers, of the signer and its own. */
const SIGNED_DATA = 12;

const TAMPERINGS: Readonly<Record<string, (apk: Apk) => Buffer>> = {
  'nothing at all': ({ bytes }) => bytes,
  'a byte of an entry': ({ bytes }) => flip(bytes, bytes.indexOf('dex\n035') + 40),
  'a byte of a time in the directory': ({ bytes, directoryAt }) => flip(bytes, directoryAt + 12),
  'a comment at the end': ({ bytes, endAt }) => {
    bytes.writeUInt16LE(3, endAt + 20);
    return Buffer.concat([bytes, Buffer.from('new')]);
  },
  'a byte of the v2 digest': (apk) => flip(apk.bytes, pairAt(apk, V2).valueAt + SIGNED_DATA + 16),
  'a byte of the last v2 signer': (apk) => {
    const { valueAt } = pairAt(apk, V2);
    return flip(apk.bytes, valueAt + apk.bytes.readUInt32LE(valueAt) - 1);
  },
  'a byte of the v2 signature': (apk) => {
    const { valueAt } = pairAt(apk, V2);
    const signedBytes = apk.bytes.readUInt32LE(valueAt + 8);
    return flip(apk.bytes, valueAt + SIGNED_DATA + signedBytes + 40);
  },
  'a byte of the v3 digest': (apk) => flip(apk.bytes, pairAt(apk, V3).valueAt + SIGNED_DATA + 16),
  'the first Android version of v3': (apk) => {
    const { valueAt } = pairAt(apk, V3);
    const signedBytes = apk.bytes.readUInt32LE(valueAt + 8);
    return flip(apk.bytes, valueAt + SIGNED_DATA + signedBytes);
  },
  'v3 under another id': (apk) => flip(apk.bytes, pairAt(apk, V3).idAt),
  'v2 under another id': (apk) => flip(apk.bytes, pairAt(apk, V2).idAt),
  'a byte of the padding, which nothing protects': (apk) => flip(apk.bytes, pairAt(apk, PADDING).valueAt + 1),
  'no signing block': ({ bytes, blockAt, directoryAt, endAt }) => {
    bytes.writeUInt32LE(blockAt, endAt + 16);
    return Buffer.concat([bytes.subarray(0, blockAt), bytes.subarray(directoryAt)]);
  },
};

/** Copies of an APK that is signed by v1, v2 and v3, each with one thing changed after signing, by what that is. */
export async function tamperedCopies(name: string): Promise<{ readonly what: string; readonly bytes: Buffer }[]> {
  const copies = Object.entries(TAMPERINGS).map(async ([what, tamper]) => ({ what, bytes: tamper(await read(name)) }));
  return await Promise.all(copies);
}
