import { getResponse, type RequestHandler } from 'msw';
import type { Fault, PlannedFault } from '../../src/testing/fault-proxy.ts';

/**
 * Answers by msw handlers, which are how control-plane contracts are written down in these tests; what no handler takes goes on to the
 * sandbox. msw does not see undici's requests, so the handlers are served on a real socket.
 */
export function contract(...handlers: RequestHandler[]): PlannedFault {
  const fault: Fault = async (exchange) => {
    const body = await exchange.readBody();
    const { method, path, request } = exchange;
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as [string, string]] : [],
    );
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const asked = new Request(`http://contract.example${path}`, {
      method,
      headers,
      ...(hasBody ? { body: new Uint8Array(body) } : {}),
    });
    const given = await getResponse(handlers, asked);
    if (given === undefined) return exchange.reply(await exchange.forward(body));
    const bytes = Buffer.from(await given.arrayBuffer());
    exchange.reply({
      status: given.status,
      headers: { ...Object.fromEntries(given.headers), 'content-length': String(bytes.length) },
      body: bytes,
    });
  };
  return { origin: 'api', times: Number.POSITIVE_INFINITY, fault };
}
