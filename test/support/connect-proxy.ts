import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { atEnd } from '../../src/testing/cleanup.ts';

export interface ConnectProxy {
  readonly url: string;
  /** Every host that a tunnel was asked to. */
  readonly tunnels: { readonly target: string; readonly authorization: string | undefined }[];
  /** Every request that came without a tunnel. */
  readonly plain: string[];
}

/** A forward proxy that does what it should, or answers CONNECT with a status of the test's. */
export async function connectProxy(statusOf: (count: number) => number = () => 200): Promise<ConnectProxy> {
  const tunnels: ConnectProxy['tunnels'] = [];
  const plain: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    plain.push(request.url ?? '');
    response.writeHead(502).end();
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    tunnels.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    sockets.add(socket);
    socket.on('error', () => {});
    const status = statusOf(tunnels.length);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    sockets.add(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels, plain };
}
