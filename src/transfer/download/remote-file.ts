import type { HttpAnswer, Storage } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { IntegrityError, RejectedError, UnavailableError } from '../../contract/errors.ts';
import type { DownloadLink } from '../../contract/job.ts';
import { cutText } from '../../contract/text/safe-text.ts';
import { CALL_POLICIES } from '../call-policy.ts';
import { codingsOf, header } from '../http/answer.ts';
import { type AskForLink, readyLink, stillRefused, waitUntilReady } from './ready-link.ts';

const MOST_FRESH_LINKS = 3;

/** What the storage said of the file with its first answer; every later answer must agree. */
export interface RemoteIdentity {
  /** `null` where no length was given. */
  readonly sizeBytes: number | null;
  /** A strong ETag, with which a range of just this file can be asked for; `null` where there is none. */
  readonly etag: string | null;
  /** Whether the rest can be asked for after a break: an ETag guards it, and nothing says that the storage takes no ranges. */
  readonly canResume: boolean;
  /** The storage says that it takes ranges, so that several may be asked for at once. */
  readonly offersRanges: boolean;
}

/** No link, or none that is taken: the call for it has had its own retries, so the download does not add to them. */
export class NoLink extends Error {
  override readonly name = 'NoLink';
}

/** The connection broke, and the storage cannot go on where it did: all of it has to come again. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
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
  /** Forgets what the file is: the next call begins anew, and from then on no ranges are offered. */
  forget(): void;
}

/** `capBytes` bounds what is accepted. A link that is refused is asked for again, at most three times in a row. */
export function openRemoteFile(
  mint: AskForLink,
  storage: Storage,
  capBytes: number,
  onIdentity: (identity: RemoteIdentity, link: DownloadLink) => Promise<void>,
): RemoteFile {
  let identity: RemoteIdentity | null = null;
  let ignoresRanges = false;
  let isAgain = false;
  const links = keepLink(mint);
  const judge = async (answer: HttpAnswer, start: number, end: number | null, from: DownloadLink): Promise<void> => {
    if (identity === null) {
      const seen = identityOf(answer, capBytes);
      const canResume = seen.canResume && !ignoresRanges;
      // What did not come right over several connections comes over one: the storage may answer ranges as it should not.
      identity = { ...seen, canResume, offersRanges: seen.offersRanges && !isAgain };
      await onIdentity(identity, from);
      return;
    }
    ignoresRanges ||= isUnguarded(answer, identity);
    if (ignoresRanges) throw new BrokenOff('the storage cannot resume a broken download', { cause: noRanges() });
    checkPiece(answer, identity, start, end);
  };
  return {
    get identity() {
      return identity;
    },
    forget() {
      identity = null;
      isAgain = true;
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
          links.accepted();
          await use(answer.chunks());
        });
      } catch (error) {
        await links.refused(used, error, identity !== null, ctx);
        // Every turn of this needs another link, of which there are few.
        await this.open(start, end, ctx, use);
      }
    },
  };
}

/** The link that holds now; asked for anew when it is refused, at most three times in a row. */
function keepLink(mint: AskForLink) {
  let link: Promise<DownloadLink> | null = null;
  let isSingleUse = false;
  let freshLinks = 0;
  const minted = async (ctx: Context): Promise<DownloadLink> => {
    try {
      const fresh = await readyLink(mint, ctx);
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
    /** Links expire again and again while a large file comes: only those that are refused in a row are counted. */
    accepted(): void {
      freshLinks = 0;
    },
    take(ctx: Context): Promise<DownloadLink> {
      const taken = link ?? minted(ctx);
      link = isSingleUse ? null : taken;
      return taken;
    },
    /** Throws what another link cannot mend; waits where the output may not be everywhere yet. */
    async refused(used: Promise<DownloadLink>, error: unknown, hasBegun: boolean, ctx: Context): Promise<void> {
      // Several connections may find out that one link has expired: it counts once, and who comes later takes the next one.
      const isKnown = link !== used && !isSingleUse;
      if (link === used) link = null;
      const refusal = refusedLink(error, isKnown ? 0 : freshLinks, ctx);
      if (!isKnown) freshLinks += 1;
      if (isNotThereYet(refusal, hasBegun)) await waitUntilReady(refusal, freshLinks, ctx);
    },
  };
}

/**
 * What another link may mend: one that has expired or was used up (403 at S3, 400, 401 or 410 elsewhere), or a place where the output is
 * not yet (404). Throws anything else.
 */
function refusedLink(error: unknown, freshLinks: number, ctx: Context): RejectedError {
  ctx.signal.throwIfAborted();
  if (!(error instanceof RejectedError)) throw error;
  if (error.httpStatus === 416) throw new FileChanged('no such range', { cause: error });
  if (![400, 401, 403, 404, 410].includes(error.httpStatus ?? 0)) throw error;
  if (freshLinks >= MOST_FRESH_LINKS) throw new NoLink('no link', { cause: stillRefused(error) });
  return error;
}

/**
 * The job has ended, so its output is there: storages that replicate, and caches that remember what was not there, say 404 for a moment
 * longer; S3 says 403 for it to whoever may not list (Amazon S3 API reference, "GetObject", "Permissions").
 */
function isNotThereYet({ httpStatus }: RejectedError, hasBegun: boolean): boolean {
  return httpStatus === 404 || (httpStatus === 403 && !hasBegun);
}

function rangeHeaders({ etag }: RemoteIdentity, start: number, end: number | null): Record<string, string> {
  const range = `bytes=${start}-${end === null ? '' : end - 1}`;
  return etag === null ? { range } : { range, 'if-range': etag };
}

function identityOf(answer: HttpAnswer, capBytes: number): RemoteIdentity {
  const [coding] = codingsOf(answer);
  if (coding !== undefined) {
    throw new IntegrityError(`cannot check the download: it came with content-encoding ${cutText(coding, 20)}`);
  }
  if (isPart(answer)) throw new IntegrityError('only a part of the file was sent', { mayBeTransit: true });
  const length = header(answer, 'content-length');
  const sizeBytes = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null;
  if (sizeBytes !== null && sizeBytes > capBytes) throw tooLarge(capBytes);
  const etag = header(answer, 'etag');
  // Only a strong one says that the bytes are the same (RFC 9110, section 8.8.3).
  const strong = etag !== undefined && /^"[\x21\x23-\x7e]{1,256}"$/.test(etag) ? etag : null;
  // A storage need not say that it takes ranges, and may be asked all the same (RFC 9110, section 14.3).
  const ranges = header(answer, 'accept-ranges')?.toLowerCase() ?? '';
  const canResume = sizeBytes !== null && strong !== null && ranges.trim() !== 'none';
  return { sizeBytes, etag: strong, canResume, offersRanges: canResume && /\bbytes\b/.test(ranges) };
}

/** Caches send a range that somebody else asked for, to a request for all. Only `Content-Range` can say that it is the whole. */
function isPart(answer: HttpAnswer): boolean {
  const { first, last, complete } = rangeOf(answer);
  return answer.status === 206 && !(first === 0 && last + 1 === complete);
}

export function tooLarge(capBytes: number): IntegrityError {
  return new IntegrityError(
    `the download is larger than ${capBytes} bytes, far too large for the output of this input`,
  );
}

/**
 * Whether an answer to a range is none that can be gone on with: the same file, but from its start, or a piece that does not say of which file
 * it is. A 206 has the ETag that a 200 would have (RFC 9110, section 15.3.7); many storages ignore If-Range, so it alone is the guard.
 */
function isUnguarded(answer: HttpAnswer, { etag }: RemoteIdentity): boolean {
  const now = header(answer, 'etag');
  return answer.status === 206 ? now === undefined : answer.status === 200 && now === etag;
}

function noRanges(): UnavailableError {
  return new UnavailableError('could not download the output: the connection broke, and the storage cannot resume', {
    hint: 'run the download again later',
  });
}

/**
 * `Content-Range: bytes first-last/complete` (RFC 9110, section 14.4); where the whole's size is not known to the server, it is an asterisk. Without such
 * a header all is NaN, which no position or size equals.
 */
function rangeOf(answer: HttpAnswer): {
  readonly first: number;
  readonly last: number;
  readonly complete: number | null;
} {
  const [, first, last, complete] =
    /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(header(answer, 'content-range')?.trim() ?? '') ?? [];
  return { first: Number(first), last: Number(last), complete: complete === '*' ? null : Number(complete) };
}

/** An answer may hold less than was asked for. */
function checkPiece(answer: HttpAnswer, { sizeBytes, etag }: RemoteIdentity, start: number, end: number | null): void {
  if (header(answer, 'etag') !== etag) throw new FileChanged('the ETag of the file has changed');
  const { first, last, complete } = rangeOf(answer);
  const isOurs = first === start && last >= start && last < (end ?? sizeBytes ?? 0);
  if (answer.status !== 206 || !isOurs) throw new FileChanged('the response is not the requested range');
  if (complete !== null && complete !== sizeBytes) throw new FileChanged('the size of the file has changed');
  const [coding] = codingsOf(answer);
  if (coding !== undefined) throw new FileChanged('a piece of the file came with a content-encoding');
}
