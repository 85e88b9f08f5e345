import type { IncomingMessage, ServerResponse } from 'node:http';

/** How an object store says no (Amazon S3 API reference, "Error responses"). */
export class StoreRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly extra: string;

  constructor(status: number, code: string, message: string, extra = '') {
    super(message);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

export function sendXmlError(request: IncomingMessage, response: ServerResponse, refusal: StoreRefusal): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${refusal.code}</Code><Message>${refusal.message}</Message>${refusal.extra}<RequestId>SANDBOX</RequestId></Error>`;
  response.writeHead(refusal.status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
  // The rest of a refused body is read and dropped, so that the client gets to see the answer.
  request.resume();
}
