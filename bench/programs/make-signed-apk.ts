// A valid APK of random bytes, signed by the schemes v2 and v3. Usage: <small APK> <path> <bytes>
import { readFile, writeFile } from 'node:fs/promises';
import { padApk } from '../../src/testing/pad-apk.ts';
import { BLOCK, LAST_SDK, signApk } from '../../test/support/apk-signer.ts';
import { createSigningKey } from '../../test/support/signing-key.ts';

const [small = '', path = '', sizeBytes = ''] = process.argv.slice(2);
await padApk(small, path, Number(sizeBytes));
const key = createSigningKey('bench');
const schemes = [[BLOCK.v2, [{ key }]] as const, [BLOCK.v3, [{ key, range: [24, LAST_SDK] as const }]] as const];
await writeFile(path, signApk(await readFile(path), schemes));
