import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { fixture } from '../../src/testing/files.ts';

export interface TlsFront {
  /** The sandbox's variables, with https addresses. */
  readonly variables: Readonly<Record<string, string>>;
  readonly requests: { readonly method: string; readonly path: string; readonly port: number }[];
}

/** Which certificate is shown: the good one, one that has expired, one for another host. */
export type Certificate = 'localhost' | 'expired' | 'elsewhere';

export const CA_FILE = fixture('tls/ca.pem');

/** A sandbox behind https on `localhost`, its storage on a port of its own. */
export async function tlsFront(
  sandbox: Sandbox,
  certificate: Certificate = 'localhost',
  hostname = 'localhost',
): Promise<TlsFront> {
  const requests: TlsFront['requests'] = [];
  const agent = new Agent({ keepAlive: true });
  atEnd(() => agent.destroy());
  const serve = async (upstream: string, rewrite: (text: string) => string): Promise<string> => {
    const options = {
      cert: readFileSync(fixture(`tls/${certificate}.pem`)),
      key: readFileSync(fixture(`tls/${certificate}.key`)),
    };
    const server = createServer(options, (request, response) => {
      requests.push({ method: request.method ?? '', path: request.url ?? '', port: request.socket.remotePort ?? 0 });
      const onward = httpRequest(
        `${upstream}${request.url}`,
        { method: request.method, headers: request.headers, agent },
        (answer) => {
          const isJson = answer.headers['content-type'] === 'application/json';
          if (!isJson) {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
            return;
          }
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            const body = Buffer.from(rewrite(Buffer.concat(chunks).toString()));
            response
              .writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': body.length })
              .end(body);
          });
        },
      );
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    return `https://${hostname}:${(server.address() as AddressInfo).port}`;
  };
  const storage = await serve(sandbox.storageOrigin, (text) => text);
  const api = await serve(sandbox.apiOrigin, (text) => text.replaceAll(sandbox.storageOrigin, storage));
  const variables = Object.fromEntries(
    Object.entries(sandbox.variables).map(([name, value]) => [name, value.replaceAll(sandbox.apiOrigin, api)]),
  );
  return { variables, requests };
}
