import { fileURLToPath } from 'node:url';

export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;
export const PART = 10 * MIB;
export const FIXTURE_PATH = fileURLToPath(new URL('../../fixtures/unsigned.apk', import.meta.url));
export const SIGNED_PATH = fileURLToPath(new URL('../../fixtures/v2.apk', import.meta.url));
