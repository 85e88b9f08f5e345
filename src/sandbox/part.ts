import type { SandboxOptions } from '../contract/backend/sandbox.ts';

/**
 * AppTego Automation API: URLs hold for 3600 s, multipart "at or above 100 MB" (read as 100,000,000 [assumed]) "with 10 MB chunks"
 * (10485760 in the example), and "Team defaults to 2 concurrent builds".
 */
export const SANDBOX_DEFAULTS: SandboxOptions = {
  processingMs: 2_000,
  appearMs: 300,
  result: 'completed',
  concurrencyLimit: 2,
  weeklyLimit: null,
  hasDefaultKey: true,
  urlLifetimeMs: 3_600_000,
  multipartFromBytes: 100_000_000,
  chunkSizeBytes: 10_485_760,
};
