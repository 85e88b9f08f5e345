import type { IncomingMessage, ServerResponse } from 'node:http';

/** How the rehearsed services behave. */
export interface SandboxOptions {
  /** From the arrival of the object to the end of the job (ms). */
  readonly processingMs: number;
  /** From the arrival of the object to the job's record (ms): until then its status is 404. */
  readonly appearMs: number;
  readonly result: 'completed' | 'failed';
  /** Jobs at a time; more get HTTP 429. */
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

/** An object that has arrived whole, as a real file. */
export interface StoredObject {
  readonly path: string;
  readonly sizeBytes: number;
}

interface MultipartUpload {
  readonly uploadId: string;
  readonly partUrls: readonly string[];
  /** Assembles the object. Throws `StoreRefusal` for parts that an object store would refuse. */
  complete(parts: readonly { readonly ETag: string; readonly PartNumber: number }[]): Promise<void>;
  abort(): Promise<void>;
}

/** The storage behind signed URLs: real files, real signatures, the refusals of an S3-compatible store. */
export interface ObjectStore {
  /** A URL that takes one PUT of at most so many bytes, of this type where one is given; `onStored` is called each time a whole object has arrived. */
  putUrl(
    put: { readonly lifetimeMs: number; readonly contentType: string | null; readonly mostBytes: number },
    onStored: (object: StoredObject) => void,
  ): string;
  beginMultipart(options: {
    readonly parts: number;
    readonly sizeBytes: number;
    readonly partSizeBytes: number;
    readonly lifetimeMs: number;
    readonly onStored: (object: StoredObject) => void;
  }): MultipartUpload;
  getUrl(object: StoredObject, lifetimeMs: number): string;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** The objects that have arrived whole, in order of their arrival. */
  stored(): readonly StoredObject[];
  /** Ids of the multipart uploads that were begun and neither completed nor aborted. */
  openUploads(): readonly string[];
  /** A new path in the store's folder. */
  newPath(): string;
}

/** A file that came in a form. */
export interface ReceivedFile extends StoredObject {
  readonly name: string;
  readonly fileName: string;
  readonly contentType: string;
}

/** A form as it came, in order; a field that came twice is there twice. */
export interface ReceivedForm {
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly files: readonly ReceivedFile[];
}

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
