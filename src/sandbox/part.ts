import type { IncomingMessage } from 'node:http';
import type { ReceivedForm } from './form.ts';
import type { ObjectStore } from './object-store.ts';

/** How the rehearsed services behave. */
export interface SandboxOptions {
  /** From the arrival of the object to the end of the job (ms). */
  readonly processingMs: number;
  /** From the arrival of the object to the job's record (ms): until then its status is 404. */
  readonly appearMs: number;
  readonly result: 'completed' | 'failed';
  /** Jobs at a time; one more is answered 429. */
  readonly concurrencyLimit: number;
  /** Jobs per platform and configuration version in seven days; `null` for no limit. */
  readonly weeklyLimit: number | null;
  /** Whether the tenant has a key that signs the builds which name none. */
  readonly hasDefaultKey: boolean;
  readonly urlLifetimeMs: number;
  /** From this size on, an upload goes in parts. */
  readonly multipartFromBytes: number;
  readonly chunkSizeBytes: number;
}

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

/** What a backend's part is given. */
export interface SandboxTools {
  readonly options: SandboxOptions;
  /** Where the part is served, without a trailing slash. */
  readonly baseUrl: string;
  readonly store: ObjectStore;
  /** Makes something to be kept secret, such as a key, new for each sandbox. */
  readonly randomId: () => string;
}

export interface SandboxRequest {
  readonly method: string;
  /** Below the part's base address, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The whole body; rejects when it is larger than that, or than the 1 MiB of a control call. */
  body(maxBytes?: number): Promise<Buffer>;
  /** The body as a form, its files on the disk; rejects with `UnreadableForm`. */
  form(): Promise<ReceivedForm>;
}

export interface SandboxAnswer {
  readonly status: number;
  readonly json: unknown;
  /** Besides those of the body. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One backend's stand-in: strict where its documentation is. */
export interface SandboxPart {
  /** The variables that point apptool at this part, credentials included. */
  readonly variables: Readonly<Record<string, string>>;
  handle(request: SandboxRequest): Promise<SandboxAnswer>;
}
