import type { Answer, Fault } from './fault-proxy.ts';

/** The faults, by what the client sees. */
export const faults = {
  /** The connection is cut before anything is read. */
  resetAtOnce:
    (): Fault =>
    ({ request }) =>
      void request.socket.resetAndDestroy(),
  /** The connection is cut in the middle of the request body. */
  resetInBody:
    (afterBytes: number): Fault =>
    ({ request }) => {
      let count = 0;
      request.on('data', (chunk: Buffer) => {
        count += chunk.length;
        if (count >= afterBytes) request.socket.resetAndDestroy();
      });
    },
  /** The whole request arrives, nothing is done with it, and no answer comes. */
  lostBeforeWork: (): Fault => async (exchange) => {
    await exchange.readBody();
    exchange.request.socket.resetAndDestroy();
  },
  /** The whole request arrives and is done, and the answer is lost. */
  lostAnswer: (): Fault => async (exchange) => {
    await exchange.forward(await exchange.readBody());
    exchange.request.socket.resetAndDestroy();
  },
  /** An answer of our own after the whole request, which is not passed on. */
  answer:
    (status: number, value: unknown, headers: Record<string, string> = {}): Fault =>
    async (exchange) => {
      await exchange.readBody();
      exchange.reply(json(status, value, headers));
    },
  /** The request is done, but the answer that comes is another. */
  answerInstead:
    (change: (answer: Answer) => Answer): Fault =>
    async (exchange) => {
      exchange.reply(change(await exchange.forward(await exchange.readBody())));
    },
  /** The JSON of the real answer, changed. */
  changeJson:
    (change: (value: Record<string, unknown>) => unknown): Fault =>
    async (exchange) => {
      const answer = await exchange.forward(await exchange.readBody());
      exchange.reply(json(answer.status, change(JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>)));
    },
  /** Bytes of our own as the whole answer, whatever was asked. */
  raw:
    (text: string | Buffer): Fault =>
    async (exchange) => {
      await exchange.readBody();
      exchange.request.socket.end(text);
    },
  /** A whole answer while the body is not read at all. The client closes: a close of ours could reset the answer away (RFC 9112, 9.6). */
  earlyAnswer:
    (status: number, value: unknown): Fault =>
    ({ request }) => {
      const body = JSON.stringify(value);
      const head = `HTTP/1.1 ${status} Early\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
      request.pause();
      request.socket.write(`${head}\r\nconnection: close\r\n\r\n${body}`);
    },
  /** The body is read so many bytes at a time, with a pause after each; then it goes on. */
  slowRead:
    (stepBytes: number, pauseMs: number): Fault =>
    async (exchange) => {
      const chunks: Buffer[] = [];
      let sinceBytes = 0;
      for await (const chunk of exchange.request as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        sinceBytes += chunk.length;
        if (sinceBytes < stepBytes) continue;
        sinceBytes = 0;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      exchange.reply(await exchange.forward(Buffer.concat(chunks)));
    },
  /** Nothing is read and nothing answered. */
  silence:
    (): Fault =>
    ({ request }) =>
      void request.pause(),
} as const;

function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length), ...headers },
    body,
  };
}
