import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import type { ReceivedFile, ReceivedForm } from '../contract/backend/sandbox.ts';

/** A form that no server could read: the reason, in words. */
export class UnreadableForm extends Error {
  override readonly name = 'UnreadableForm';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Reads a multipart form (RFC 7578), its files onto the disk as they come. Rejects with `UnreadableForm`; with another error when the
 * connection breaks, and then nothing of it counts.
 */
export async function receiveForm(request: IncomingMessage, newPath: () => string): Promise<ReceivedForm> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/.test(type)) throw new UnreadableForm(415, 'Content-Type must be multipart/form-data');
  if (request.headers['content-length'] === undefined) throw new UnreadableForm(411, 'Content-Length is required');
  const fields: { name: string; value: string }[] = [];
  const files: Promise<ReceivedFile>[] = [];
  const busboy = new Busboy({ headers: { ...request.headers, 'content-type': type } });
  busboy.on('field', (name, value) => fields.push({ name, value }));
  busboy.on('file', (name, stream, fileName, _encoding, contentType) => {
    const path = newPath();
    const written = pipeline(stream, createWriteStream(path));
    let sizeBytes = 0;
    stream.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
    });
    files.push(written.then(() => ({ name, fileName, contentType, path, sizeBytes })));
  });
  const whole = finished(request, { writable: false });
  try {
    await Promise.all([pipeline(request, busboy), whole]);
  } catch (cause) {
    await Promise.allSettled(files);
    if (!request.complete) throw cause;
    throw new UnreadableForm(400, 'The form cannot be read');
  }
  return { fields, files: await Promise.all(files) };
}
