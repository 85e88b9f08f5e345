import type { Context } from '../../contract/context.ts';
import { IntegrityError, RejectedError, UnavailableError } from '../../contract/errors.ts';
import type { DownloadLink } from '../../contract/job.ts';
import { CALL_POLICIES } from '../call-policy.ts';
import { header } from '../http/answer.ts';
import type { HttpAnswer } from '../http/attempt.ts';
import type { Storage } from '../http/storage.ts';

const MOST_FRESH_LINKS = 3;
/** AppTego may answer "job not completed" (400) for a moment after the status said completed (ms). */
const NOT_READY_MS = 5_000;
const MOST_NOT_READY = 3;

/** What the storage said of the file with its first answer; every later answer must agree. */
export interface RemoteIdentity {
  /** `null` where no length was given. */
  readonly sizeBytes: number | null;
  /** A strong ETag, with which a range of just this file can be asked for; `null` where there is none. */
  readonly etag: string | null;
  readonly allowsRanges: boolean;
}

/** No link, or none that is taken: the call for it has had its own retries, so the download does not add to them. */
export class NoLink extends Error {
  override readonly name = 'NoLink';
}

/** A later answer was not a piece of the file that the first answer began. */
export class FileChanged extends Error {
  override readonly name = 'FileChanged';
}

/** The output in the storage, behind links that expire. */
export interface RemoteFile {
  readonly identity: RemoteIdentity | null;
  /**
   * Asks for the bytes from `start` up to, not including, `end` (`null`: to the end of the file) and gives them to `use` as they come.
   * The first call asks from 0 and learns what the file is. Throws `FileChanged` for a piece that does not belong.
   */
  open(
    start: number,
    end: number | null,
    ctx: Context,
    use: (chunks: AsyncIterable<Buffer>) => Promise<void>,
  ): Promise<void>;
  /** Forgets what the file is: the next call begins anew. */
  forget(): void;
}

/** `capBytes` bounds what is accepted. A link that is refused is asked for again, at most three times. */
export function openRemoteFile(
  mint: (ctx: Context) => Promise<DownloadLink>,
  storage: Storage,
  capBytes: number,
  onIdentity: (identity: RemoteIdentity, link: DownloadLink) => Promise<void>,
): RemoteFile {
  let identity: RemoteIdentity | null = null;
  const links = keepLink(mint);
  const judge = async (answer: HttpAnswer, start: number, end: number | null, from: DownloadLink): Promise<void> => {
    if (identity === null) {
      identity = identityOf(answer, capBytes);
      await onIdentity(identity, from);
      return;
    }
    checkPiece(answer, identity, start, end);
  };
  return {
    get identity() {
      return identity;
    },
    forget() {
      identity = null;
      links.forget();
    },
    async open(start, end, ctx, use) {
      const used = links.take(ctx);
      try {
        const from = await used;
        const headers = identity === null ? {} : rangeHeaders(identity, start, end);
        const get = { what: 'download the output', url: from.url, headers, policy: CALL_POLICIES.fetch };
        await storage.get(get, ctx, async (answer) => {
          await judge(answer, start, end, from);
          await use(answer.chunks());
        });
      } catch (error) {
        links.refused(used, error, ctx);
        // Every turn of this needs another link, of which there are few.
        await this.open(start, end, ctx, use);
      }
    },
  };
}

/** The link that holds now; asked for anew when it is refused, at most three times. */
function keepLink(mint: (ctx: Context) => Promise<DownloadLink>) {
  let link: Promise<DownloadLink> | null = null;
  let isSingleUse = false;
  let freshLinks = 0;
  const minted = async (ctx: Context): Promise<DownloadLink> => {
    try {
      const fresh = await mintWhenReady(mint, ctx);
      isSingleUse = fresh.isSingleUse === true;
      // Whoever comes next gets a link of its own.
      if (isSingleUse) link = null;
      return fresh;
    } catch (cause) {
      throw new NoLink('no link', { cause });
    }
  };
  return {
    forget(): void {
      link = null;
    },
    take(ctx: Context): Promise<DownloadLink> {
      const taken = link ?? minted(ctx);
      link = isSingleUse ? null : taken;
      return taken;
    },
    /** Throws what another link cannot mend. */
    refused(used: Promise<DownloadLink>, error: unknown, ctx: Context): void {
      // Several connections may find out that one link has expired: it counts once, and who comes later takes the next one.
      const isKnown = link !== used && !isSingleUse;
      if (link === used) link = null;
      refuseUnlessStale(error, isKnown ? 0 : freshLinks, ctx);
      if (!isKnown) freshLinks += 1;
    },
  };
}

/** A link that has expired or was used up: 403 at S3, 400, 401 or 410 elsewhere. */
function isStale(error: unknown): error is RejectedError {
  return error instanceof RejectedError && [400, 401, 403, 410].includes(error.httpStatus ?? 0);
}

/** Throws what another link cannot mend. */
function refuseUnlessStale(error: unknown, freshLinks: number, ctx: Context): void {
  ctx.signal.throwIfAborted();
  if (error instanceof RejectedError && error.httpStatus === 416)
    throw new FileChanged('no such range', { cause: error });
  if (!isStale(error)) throw error;
  if (freshLinks >= MOST_FRESH_LINKS) throw new NoLink('no link', { cause: linksRefused(error) });
}

/** Links that stay refused are the storage's trouble, not a fault in what the user asked. */
function linksRefused(error: RejectedError): UnavailableError {
  return new UnavailableError(`${error.message}, again and again`, {
    cause: error,
    hint: 'run the download again later',
    httpStatus: error.httpStatus ?? undefined,
    serverText: error.serverText ?? undefined,
  });
}

async function mintWhenReady(mint: (ctx: Context) => Promise<DownloadLink>, ctx: Context): Promise<DownloadLink> {
  // Each turn is one of `MOST_NOT_READY`, or the last.
  for (let tries = 1; ; tries += 1) {
    try {
      return await mint(ctx);
    } catch (error) {
      const isNotReady = error instanceof RejectedError && error.httpStatus === 400;
      if (!isNotReady) throw error;
      if (tries > MOST_NOT_READY) throw linksRefused(error);
      await ctx.clock.sleep(NOT_READY_MS, ctx.signal);
    }
  }
}

function rangeHeaders({ etag }: RemoteIdentity, start: number, end: number | null): Record<string, string> {
  const range = `bytes=${start}-${end === null ? '' : end - 1}`;
  return etag === null ? { range } : { range, 'if-range': etag };
}

function identityOf(answer: HttpAnswer, capBytes: number): RemoteIdentity {
  const encoding = header(answer, 'content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new IntegrityError(`cannot check the download: it came with content-encoding ${encoding.slice(0, 20)}`);
  }
  const length = header(answer, 'content-length');
  const sizeBytes = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null;
  if (sizeBytes !== null && sizeBytes > capBytes) throw tooLarge(capBytes);
  const etag = header(answer, 'etag');
  // Only a strong one says that the bytes are the same (RFC 9110, section 8.8.3).
  const strong = etag !== undefined && /^"[\x21\x23-\x7e]{1,256}"$/.test(etag) ? etag : null;
  const allowsRanges = sizeBytes !== null && strong !== null && /\bbytes\b/.test(header(answer, 'accept-ranges') ?? '');
  return { sizeBytes, etag: strong, allowsRanges };
}

export function tooLarge(capBytes: number): IntegrityError {
  return new IntegrityError(`the download is larger than ${capBytes} bytes, which no output of this input should be`);
}

/** RFC 9110, section 14.4: `bytes first-last/complete`. */
function checkPiece(answer: HttpAnswer, { sizeBytes, etag }: RemoteIdentity, start: number, end: number | null): void {
  const [, first, last, complete] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header(answer, 'content-range') ?? '') ?? [];
  const expectedLast = (end ?? sizeBytes ?? 0) - 1;
  const fits = Number(first) === start && Number(last) === expectedLast && Number(complete) === sizeBytes;
  if (answer.status !== 206 || !fits) throw new FileChanged('the answer is not the range that was asked for');
  const now = header(answer, 'etag');
  if (now !== undefined && now !== etag) throw new FileChanged('the file has another ETag than it had');
}
