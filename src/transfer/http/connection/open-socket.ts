import type { LookupAddress } from 'node:dns';
import { connect, type Socket } from 'node:net';
import type { Clock } from '../../../contract/context.ts';
import { CONNECT_TIMEOUT_MS } from '../../call-policy.ts';

export type Timer = Pick<Clock, 'after'>;

/** RFC 8305, section 8: "Connection Attempt Delay", recommended. */
const ATTEMPT_DELAY_MS = 250;
/** Between two probes of a connection on which nothing moves. */
const KEEP_ALIVE_MS = 60_000;
const HIGH_WATER_BYTES = 64 * 1024;

/**
 * A connection to the first of several addresses that answers: they are tried one after the other, each a moment after the one before, and none is
 * given up before its 10 s are over (RFC 8305, section 5). Node.js itself gives up each but the last after 250 ms. Rejects with the error of the last
 * one, or, where one of them did not answer, with a timeout; `signal` ends it.
 */
export function openSocket(
  addresses: readonly LookupAddress[],
  port: number,
  { after }: Timer,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = familiesInTurn(addresses);
    const trying = new Map<Socket, () => void>();
    const errors: unknown[] = [];
    let holdNext = (): void => {};

    const settle = (winner: Socket | null): void => {
      holdNext();
      signal.removeEventListener('abort', stop);
      for (const [socket, disarm] of trying) {
        disarm();
        // Nobody hears any more what becomes of the others.
        if (socket !== winner) socket.on('error', () => {}).destroy();
      }
      trying.clear();
    };
    const stop = (): void => {
      settle(null);
      reject(signal.reason);
    };
    const lose = (socket: Socket, error: unknown): void => {
      if (!trying.has(socket)) return;
      trying.get(socket)?.();
      trying.delete(socket);
      errors.push(error);
      if (waiting.length > 0) tryNext();
      if (trying.size > 0) return;
      settle(null);
      reject(errors.find(isTimeout) ?? errors.at(-1));
    };
    const tryNext = (): void => {
      holdNext();
      const address = waiting.shift();
      if (address === undefined) return;
      // Node.js takes the mark of a stream here; its types do not know it.
      const options = { host: address.address, port, highWaterMark: HIGH_WATER_BYTES };
      const socket = connect(options);
      const disarm = after(CONNECT_TIMEOUT_MS, () => socket.destroy(timeoutError(address.address)));
      trying.set(socket, disarm);
      const onError = (error: Error): void => lose(socket, error);
      socket.once('error', onError);
      socket.once('connect', () => {
        settle(socket);
        resolve(socket.off('error', onError).setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true));
      });
      if (waiting.length > 0) holdNext = after(ATTEMPT_DELAY_MS, tryNext);
    };

    if (signal.aborted) return reject(signal.reason);
    if (waiting.length === 0) return reject(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }));
    signal.addEventListener('abort', stop, { once: true });
    tryNext();
  });
}

/** The order of the resolver, but with the families in turn (RFC 8305, section 4). */
function familiesInTurn(addresses: readonly LookupAddress[]): LookupAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return Array.from({ length: Math.max(first.length, others.length) }, (_, index) => [first[index], others[index]])
    .flat()
    .filter((address) => address !== undefined);
}

function timeoutError(address: string): Error {
  return Object.assign(new Error(`no connection to ${address}`), { code: 'ETIMEDOUT' });
}

function isTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ETIMEDOUT';
}
