import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore, StoredObject } from '../contract/backend/sandbox.ts';
import { createUrlSigner } from './signed-url.ts';
import { StoreRefusal, sendXmlError } from './store-errors.ts';

/** Amazon S3 user guide, "Multipart upload limits". */
const SMALLEST_PART = 5 * 1024 * 1024;

type Target =
  | { readonly type: 'object'; readonly mostBytes: number; readonly onStored: (object: StoredObject) => void }
  | {
      readonly type: 'part';
      readonly mostBytes: number;
      readonly etags: Map<number, { etag: string; path: string; sizeBytes: number }>;
      readonly number: number;
    }
  | { readonly type: 'download'; readonly object: StoredObject };

export function createObjectStore(folder: string, origin: string, now: () => number): ObjectStore {
  const signer = createUrlSigner(origin, now);
  const targets = new Map<string, Target>();
  const open = new Set<string>();
  const arrived: StoredObject[] = [];
  const arrive = (object: StoredObject, onStored: (object: StoredObject) => void): void => {
    arrived.push(object);
    onStored(object);
  };
  const newPath = (): string => join(folder, randomBytes(8).toString('hex'));
  const publish = (
    method: string,
    target: Target,
    lifetimeMs: number,
    headers: Record<string, string> = {},
  ): string => {
    const path = `/${target.type}/${randomBytes(8).toString('hex')}`;
    targets.set(path, target);
    return signer.sign(method, path, lifetimeMs, headers);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', origin);
    const target = targets.get(url.pathname);
    const method = request.method ?? '';
    const verdict = signer.check(method, url, request.headers);
    if (!verdict.ok) throw new StoreRefusal(403, verdict.code, verdict.message, verdict.extra);
    if (target === undefined) throw new StoreRefusal(404, 'NoSuchKey', 'The specified key does not exist.');
    if (request.headers.authorization !== undefined) {
      throw new StoreRefusal(400, 'InvalidArgument', 'Only one auth mechanism allowed; the signed URL is one.');
    }
    if (target.type === 'download') return await sendObject(request, response, target.object);
    const stored = await receive(request, newPath(), target.mostBytes);
    if (target.type === 'object') arrive(stored, target.onStored);
    else target.etags.set(target.number, stored);
    response.writeHead(200, { etag: stored.etag, 'content-length': 0 }).end();
  };

  return {
    newPath,
    openUploads: () => [...open],
    stored: () => arrived,
    putUrl: ({ lifetimeMs, contentType, mostBytes }, onStored) =>
      publish(
        'PUT',
        { type: 'object', mostBytes, onStored },
        lifetimeMs,
        contentType === null ? {} : { 'content-type': contentType },
      ),
    getUrl: (object, lifetimeMs) => publish('GET', { type: 'download', object }, lifetimeMs),
    beginMultipart: ({ parts, sizeBytes, partSizeBytes, lifetimeMs, onStored }) => {
      const etags = new Map<number, { etag: string; path: string; sizeBytes: number }>();
      const partUrls = Array.from({ length: parts }, (_, index) =>
        publish('PUT', { type: 'part', mostBytes: partSizeBytes, etags, number: index + 1 }, lifetimeMs),
      );
      const uploadId = randomBytes(12).toString('hex');
      open.add(uploadId);
      const close = (): void => {
        if (!open.delete(uploadId)) throw new StoreRefusal(404, 'NoSuchUpload', 'The specified upload does not exist.');
        for (const url of partUrls) targets.delete(new URL(url).pathname);
      };
      return {
        uploadId,
        partUrls,
        complete: async (claimed) => {
          if (!open.has(uploadId)) throw new StoreRefusal(404, 'NoSuchUpload', 'The specified upload does not exist.');
          const files = checkParts(claimed, etags, parts);
          const total = files.reduce((sum, file) => sum + file.sizeBytes, 0);
          if (total !== sizeBytes)
            throw new StoreRefusal(400, 'InvalidRequest', `The parts hold ${total} bytes, not ${sizeBytes}.`);
          close();
          const path = newPath();
          for (const file of files)
            await pipeline(createReadStream(file.path), createWriteStream(path, { flags: 'a' }));
          await Promise.all(files.map((file) => rm(file.path, { force: true })));
          arrive({ path, sizeBytes }, onStored);
        },
        abort: async () => {
          close();
          await Promise.all([...etags.values()].map((file) => rm(file.path, { force: true })));
        },
      };
    },
    handle: async (request, response) => {
      try {
        await handle(request, response);
      } catch (error) {
        if (!(error instanceof StoreRefusal)) throw error;
        sendXmlError(request, response, error);
      }
    },
  };
}

/** Every part but the last has a least size; they come in ascending order, without gaps, with the ETags that were given out. */
function checkParts(
  claimed: readonly { readonly ETag: string; readonly PartNumber: number }[],
  stored: ReadonlyMap<number, { etag: string; path: string; sizeBytes: number }>,
  parts: number,
) {
  const isAscending = claimed.every(({ PartNumber }, index) => PartNumber > (claimed[index - 1]?.PartNumber ?? 0));
  if (!isAscending) throw new StoreRefusal(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
  return claimed.map(({ ETag, PartNumber }, index) => {
    const file = stored.get(PartNumber);
    const isGap = PartNumber !== index + 1 || claimed.length !== parts;
    if (file === undefined || isGap || file.etag !== ETag) {
      throw new StoreRefusal(
        400,
        'InvalidPart',
        'One or more of the specified parts could not be found or its ETag did not match.',
      );
    }
    if (PartNumber < parts && file.sizeBytes < SMALLEST_PART) {
      throw new StoreRefusal(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size.');
    }
    return file;
  });
}

async function receive(request: IncomingMessage, path: string, mostBytes: number) {
  if (request.headers['transfer-encoding'] !== undefined) {
    const message = 'A header you provided implies functionality that is not implemented.';
    throw new StoreRefusal(501, 'NotImplemented', message, '<Header>Transfer-Encoding</Header>');
  }
  if (request.headers['content-range'] !== undefined) {
    throw new StoreRefusal(
      501,
      'NotImplemented',
      'A header you provided implies functionality that is not implemented.',
    );
  }
  const length = request.headers['content-length'];
  if (length === undefined)
    throw new StoreRefusal(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  if (Number(length) > mostBytes)
    throw new StoreRefusal(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.');
  const md5 = createHash('md5');
  let sizeBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      md5.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  const partial = `${path}.partial`;
  // A request that is cut short rejects here, and nothing is stored.
  await pipeline(request, meter, createWriteStream(partial));
  await rename(partial, path);
  return { path, sizeBytes, etag: `"${md5.digest('hex')}"` };
}

/** GET with one optional byte range (RFC 9110, sections 13.1.5 and 14): enough for a client to resume. */
async function sendObject(request: IncomingMessage, response: ServerResponse, object: StoredObject): Promise<void> {
  const { mtimeMs } = await stat(object.path);
  const etag = `"${createHash('md5').update(`${object.path}:${mtimeMs}`).digest('hex')}"`;
  const headers = { etag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' };
  const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const range = isSame ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') : null;
  const start = range === null ? 0 : Number(range[1]);
  const end = range?.[2] ? Math.min(Number(range[2]), object.sizeBytes - 1) : object.sizeBytes - 1;
  if (start > end) {
    response.writeHead(416, { 'content-range': `bytes */${object.sizeBytes}`, 'content-length': 0 }).end();
    return;
  }
  const contentRange = range === null ? {} : { 'content-range': `bytes ${start}-${end}/${object.sizeBytes}` };
  response.writeHead(range === null ? 200 : 206, { ...headers, ...contentRange, 'content-length': end - start + 1 });
  await pipeline(createReadStream(object.path, { start, end }), response);
}
