import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { bareHost } from '../../../contract/text/host.ts';
import { cutText } from '../../../contract/text/safe-text.ts';
import { proxyAuthorization } from './proxy-choice.ts';

/** What a TLS connection shows of the server. All of it is the server's own word. */
export interface TlsFacts {
  readonly protocol: string;
  /** Who has issued the certificate: the name of the CA, and of its organization. */
  readonly issuer: string;
  /** ISO 8601. */
  readonly validUntil: string | null;
}

/** `null` where the connection has no certificate any more, or never had one. */
export function tlsFactsOf(socket: TLSSocket): TlsFacts | null {
  const { issuer, valid_to: validTo } = socket.getPeerCertificate();
  if (issuer === undefined) return null;
  const names = [issuer.CN, issuer.O].flatMap((name) => name ?? []);
  const end = new Date(validTo);
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    issuer: names.length === 0 ? 'an unnamed issuer' : names.join(', '),
    validUntil: Number.isNaN(end.getTime()) ? null : end.toISOString(),
  };
}

/**
 * The certificate that a host shows, trusted or not: to say who issued one that was refused. Only the handshake is made; no byte is sent over
 * the connection. `null` where it cannot be had.
 */
export async function lookAtCertificate(
  { hostname, port }: URL,
  proxy: string | null,
  signal: AbortSignal,
): Promise<TlsFacts | null> {
  const host = bareHost(hostname);
  const target = { host, port: Number(port) || 443 };
  // An address is no name to ask for: RFC 6066, section 3.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  try {
    signal.throwIfAborted();
    const tunnel = proxy === null ? {} : { socket: await openTunnel(new URL(proxy), target, signal) };
    return await new Promise((resolve, reject) => {
      const socket = connect({ ...target, ...tunnel, ...servername, rejectUnauthorized: false });
      const end = (): void => void socket.destroy();
      signal.addEventListener('abort', end, { once: true });
      socket.once('secureConnect', () => {
        resolve(tlsFactsOf(socket));
        end();
      });
      socket.once('error', reject);
      socket.once('close', () => {
        signal.removeEventListener('abort', end);
        resolve(null);
      });
    });
  } catch {
    // What went wrong with the connection itself has been said by whoever wants to know the certificate.
    return null;
  }
}

function openTunnel(
  proxy: URL,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const path = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authorization = proxyAuthorization(proxy);
  const request = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const connecting = request({
      host: bareHost(proxy.hostname),
      port: proxy.port,
      method: 'CONNECT',
      path,
      agent: false,
      headers: { host: path, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) },
      signal,
    });
    connecting.once('connect', (_, socket: Socket) => resolve(socket));
    connecting.once('response', () => reject(new Error('no tunnel')));
    connecting.once('error', reject);
    connecting.end();
  });
}

/** The names in the certificate that Node.js refused, as it hands them over. */
export function certificateNames(error: unknown): string {
  const { cert } = error as { readonly cert?: { readonly subjectaltname?: unknown } };
  const names = typeof cert?.subjectaltname === 'string' ? cert.subjectaltname : '';
  return cutText(names.replace(/[^\w.:*, -]/g, ''), 200) || 'another name';
}
