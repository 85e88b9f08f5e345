import type { UploadOptions } from '../../src/contract/adapter.ts';
import { QUICK_UPLOAD } from '../../src/testing/open-backend.ts';

/** Options with which a test's upload does not wait long for anything, for the backends that need an environment too. */
export const UPLOAD: UploadOptions = { ...QUICK_UPLOAD, environment: 'prod' };
