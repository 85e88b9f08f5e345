// A valid APK of random bytes. Usage: <small APK> <path> <bytes>
import { padApk } from '../../src/testing/pad-apk.ts';

const [small = '', path = '', sizeBytes = ''] = process.argv.slice(2);
await padApk(small, path, Number(sizeBytes));
