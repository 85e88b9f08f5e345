import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** undici's documented channel: a request's headers have just gone out on this socket. */
export const SEND_HEADERS = 'undici:client:sendHeaders';

/** Which socket carries which request body, so that a silence can be looked into. */
export interface BodySockets {
  socketOf(body: object): Socket | undefined;
  close(): void;
}

export function watchBodySockets(): BodySockets {
  const sockets = new WeakMap<object, Socket>();
  const onHeaders = (message: unknown): void => {
    const { request, socket } = message as { readonly request: { readonly body?: unknown }; readonly socket: Socket };
    if (typeof request.body === 'object' && request.body !== null) sockets.set(request.body, socket);
  };
  subscribe(SEND_HEADERS, onHeaders);
  return {
    socketOf: (body) => sockets.get(body),
    close: () => void unsubscribe(SEND_HEADERS, onHeaders),
  };
}

/**
 * Bytes that the peer has not acknowledged yet, as the kernel counts them; `null` where it does not say. A slow link empties the
 * kernel's buffer long before there is room for another write, so this is where it shows that bytes still move. Linux only: the
 * columns are those of proc(5), `/proc/net/tcp`.
 */
export function unacknowledgedBytes(socket: Socket | undefined): number | null {
  const { localPort, remotePort } = socket ?? {};
  if (localPort === undefined || remotePort === undefined) return null;
  const ports = new RegExp(`:${hexPort(localPort)} [0-9A-F]+:${hexPort(remotePort)} [0-9A-F]{2} ([0-9A-F]{8}):`);
  for (const table of ['/proc/self/net/tcp', '/proc/self/net/tcp6']) {
    try {
      const queue = ports.exec(readFileSync(table, 'latin1'))?.[1];
      if (queue !== undefined) return Number.parseInt(queue, 16);
    } catch {
      // Another system, or a closed-off one: then only writes tell of movement.
    }
  }
  return null;
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
