import type { Adapter } from '../../contract/adapter.ts';
import type { Context } from '../../contract/context.ts';
import { AuthError, asAppToolError, LocalIoError, PolicyError, UnavailableError } from '../../contract/errors.ts';
import { withDeadline } from '../../transfer/deadline.ts';
import type { Connections } from '../../transfer/http/connection/dispatcher.ts';
import { checkHost, type HostReport } from '../../transfer/http/connection/host-check.ts';
import type { ProxySettings } from '../../transfer/http/connection/proxy-choice.ts';
import { type Check, failed, found } from './check.ts';

/** A host that says nothing is given up after this long (ms). All are asked at once, so this is what the whole takes at most. */
const LONGEST_CHECK_MS = 10_000;
/** The server's date is cut to the second, and its answer was on its way for a while. */
const CLOCK_PRECISION_MS = 2_000;
const CLOCK_WARNING_MS = 60_000;
/**
 * From here on others refuse what this machine signs or dates: "acceptable clock skew: 5 minutes" (RFC 4120, section 8.2), "within five minutes
 * of the time stamp in the request" (AWS, Signature Version 4).
 */
const CLOCK_FAILURE_MS = 300_000;
const MOST_ADDRESSES = 4;

/** The variables that hold the proxies' settings here. */
type ProxyVariables = Readonly<Record<keyof ProxySettings, string>>;

/** A backend as far as it could be opened. */
export interface Subject {
  readonly addresses: readonly string[];
  readonly connections: Connections;
  readonly proxies: ProxySettings;
  readonly proxyVariables: ProxyVariables;
  readonly stallTimeoutMs: number;
  /** `null` where its settings or credentials cannot be used. */
  readonly adapter: Adapter | null;
  /** What to do when the credentials are refused. */
  readonly ifRefused: string;
}

/** The way to each host, and what the credentials are worth: all at once, each within its limit. Rejects only when the run is cancelled. */
export async function examine(subject: Subject, ctx: Context): Promise<readonly Check[]> {
  const { addresses, connections, proxies, stallTimeoutMs, adapter } = subject;
  const limitMs = Math.min(LONGEST_CHECK_MS, stallTimeoutMs);
  const onePerOrigin = new Map(addresses.map((url) => [new URL(url).origin, url]));
  const [hosts, proof] = await Promise.all([
    Promise.all(
      [...onePerOrigin.values()].map((url) =>
        within(limitMs, ctx, (limited) => checkHost({ url, connections, proxies, stallTimeoutMs }, limited)),
      ),
    ),
    adapter === null
      ? found('skipped', 'proof', null, 'the settings or credentials cannot be used: see above')
      : within(limitMs, ctx, (limited) => prove(adapter, subject.ifRefused, limited)),
  ]);
  ctx.signal.throwIfAborted();
  const isCutOff = hosts.some(({ failure }) => failure !== null);
  const isConsequence = isCutOff && (proof.error instanceof UnavailableError || proof.error instanceof PolicyError);
  return [
    ...hosts.flatMap((report) => checksOf(report, subject.proxyVariables)),
    isConsequence ? found('skipped', 'proof', null, 'a host cannot be reached: see above') : proof,
  ];
}

async function within<T>(limitMs: number, ctx: Context, work: (ctx: Context) => Promise<T>): Promise<T> {
  const tooLong = new UnavailableError(`no response within ${limitMs / 1000} s`, {
    hint: 'check the address and the network (firewall, VPN, HTTPS_PROXY), then run again',
  });
  return await withDeadline(ctx, limitMs, tooLong, work);
}

async function prove(adapter: Adapter, ifRefused: string, ctx: Context): Promise<Check> {
  if (adapter.proveCredentials === undefined)
    return found('skipped', 'proof', null, 'the API has no read-only call to test them with');
  try {
    return found('ok', 'proof', null, await adapter.proveCredentials(ctx));
  } catch (thrown) {
    const error = asAppToolError(thrown);
    if (!(error instanceof AuthError)) return failed('proof', null, error);
    const { hint, httpStatus } = error;
    const said = httpStatus === null ? error.message : `the server rejected the credentials (HTTP ${httpStatus})`;
    return failed('proof', null, error.with({ message: said, hint: hint ?? ifRefused }));
  }
}

function checksOf(report: HostReport, variables: ProxyVariables): Check[] {
  return [proxyCheck(report, variables), dnsCheck(report), tlsCheck(report), answerCheck(report), clockCheck(report)];
}

function failureAt(report: HostReport, check: 'proxy' | 'dns' | 'tls' | 'answer', more = ''): Check | null {
  const { failure, host } = report;
  return failure?.stage === check ? failed(check, host, failure.error, `${failure.why}${more}`) : null;
}

function proxyCheck(report: HostReport, variables: ProxyVariables): Check {
  const { host, route, isTls } = report;
  const { setting, proxy } = route;
  const words = (text: string): Check => failureAt(report, 'proxy', ` (${text})`) ?? found('ok', 'proxy', host, text);
  if (setting === null) {
    return words(`none: ${isTls ? variables.httpsProxy : variables.httpProxy} and ALL_PROXY are not set`);
  }
  if (proxy === null) return words(`none: ${variables.noProxy} exempts this host from ${variables[setting]}`);
  return words(`${new URL(proxy).host}, from ${variables[setting]}`);
}

function dnsCheck(report: HostReport): Check {
  const { host, addresses, route } = report;
  const failedHere = failureAt(report, 'dns');
  if (failedHere !== null) return failedHere;
  if (route.proxy !== null) return found('skipped', 'dns', host, 'the proxy resolves the name');
  if (addresses === null) return found('skipped', 'dns', host, 'it is an IP address');
  if (addresses.length === 0) return found('skipped', 'dns', host, 'the resolver did not respond in time');
  return found('ok', 'dns', host, listed(addresses));
}

function listed(addresses: readonly string[]): string {
  const more = addresses.length - MOST_ADDRESSES;
  return `${addresses.slice(0, MOST_ADDRESSES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function tlsCheck(report: HostReport): Check {
  const { host, tls, isTls, route } = report;
  const certificate =
    tls === null ? '' : `certificate issued by ${tls.issuer}, valid until ${tls.validUntil?.slice(0, 10) ?? 'unknown'}`;
  const failedHere = failureAt(report, 'tls', certificate === '' ? '' : `: ${certificate}`);
  if (failedHere !== null) return failedHere;
  if (!isTls) {
    const where = route.proxy === null ? 'which stays on this machine' : 'which goes through the proxy';
    return found('skipped', 'tls', host, `plain http, ${where}`);
  }
  if (tls === null) return found('skipped', 'tls', host, 'there is no connection');
  return found('ok', 'tls', host, `${tls.protocol}, ${certificate}`);
}

function answerCheck(report: HostReport): Check {
  const { host, status } = report;
  const failedHere = failureAt(report, 'answer');
  if (failedHere !== null) return failedHere;
  if (status === null) return found('skipped', 'answer', host, 'there is no connection');
  return found(status >= 500 ? 'warning' : 'ok', 'answer', host, `HTTP ${status} to a request without credentials`);
}

function clockCheck({ host, clockAheadMs: aheadMs, status }: HostReport): Check {
  if (aheadMs === null)
    return found('skipped', 'clock', host, status === null ? 'there is no response' : 'the response has no date');
  if (Math.abs(aheadMs) < CLOCK_PRECISION_MS)
    return found('ok', 'clock', host, "this machine's clock agrees with the server's");
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const message = `this machine's clock is ${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} the server's`;
  if (Math.abs(aheadMs) < CLOCK_WARNING_MS) return found('ok', 'clock', host, message);
  if (Math.abs(aheadMs) < CLOCK_FAILURE_MS) return found('warning', 'clock', host, message);
  const hint = 'set the clock (NTP): signatures and certificates are only valid at their time';
  return failed('clock', host, new LocalIoError(`${message} (${host})`, { hint }), message);
}
