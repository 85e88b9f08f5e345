import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { bareHost } from '../../../contract/text/host.ts';

/** The proxies that the environment names; empty text for none. Passed in, so that nothing here reads the environment. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** Which way a request goes: through which of the settings' proxies, or through none. */
export interface ProxyChoice {
  /** The setting that would name a proxy for it; `null` where none is set. */
  readonly setting: 'httpProxy' | 'httpsProxy' | null;
  /** Whether `noProxy` lets it go past that proxy. */
  readonly isExempt: boolean;
  /** The proxy that it goes through, as it is set, credentials included; `null` for none. */
  readonly proxy: string | null;
}

/** The way of every request; a proxy for http is none for https. */
export function chooseProxy(url: URL, proxies: ProxySettings): ProxyChoice {
  const scheme = url.protocol === 'https:' ? 'httpsProxy' : 'httpProxy';
  const setting = proxies[scheme] === '' ? null : scheme;
  const isExempt = setting !== null && isExcepted(url, proxies.noProxy);
  return { setting, isExempt, proxy: setting === null || isExempt ? null : proxies[setting] };
}

/**
 * The rule of curl (https://curl.se/libcurl/c/CURLOPT_NOPROXY.html): a lone asterisk is every host; a name is that host and all below it, whatever
 * dots are around it; an address is that address; an address with a slash is a network. More than curl's: `*.name`, a port behind a name or
 * address, which then holds for that port alone, brackets around an IPv6 address, and a dot behind an address.
 */
function isExcepted(url: URL, noProxy: string): boolean {
  if (noProxy.trim() === '*') return true;
  const host = bareHost(url.hostname).replace(/\.$/, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return entriesOf(noProxy).some(({ name, only }) => {
    if (only !== null && only !== port) return false;
    return isIP(host) === 0 ? isHostBelow(host, name) : isAddressIn(host, name);
  });
}

/** The entries of a `NO_PROXY` that can match nothing, whatever is asked for, such as an asterisk that is not alone. */
export function idleExceptions(noProxy: string): string[] {
  if (noProxy.trim() === '*') return [];
  return entriesOf(noProxy).flatMap(({ entry, name }) =>
    hostNameOf(name) !== null || networkOf(name) !== null ? [] : [entry],
  );
}

interface Exception {
  readonly entry: string;
  readonly name: string;
  /** The port that it is for; `null` for all of them. */
  readonly only: number | null;
}

function entriesOf(noProxy: string): Exception[] {
  const entries = noProxy.split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.map((entry) => {
    const [, name = entry, only] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
    return { entry, name, only: only === undefined ? null : Number(only) };
  });
}

function isHostBelow(host: string, entry: string): boolean {
  const name = hostNameOf(entry);
  return name !== null && (host === name || host.endsWith(`.${name}`));
}

/**
 * The host name of an entry as a URL has it, in lower case and in ASCII; `null` for what no URL has. A name whose last label is a number is an address
 * (WHATWG URL, "host parsing").
 */
function hostNameOf(entry: string): string | null {
  const name = domainToASCII(entry.replace(/^\*?\./, '').replace(/\.$/, ''));
  return /^[\w-]+(?:\.[\w-]+)*$/.test(name) && isIP(name) === 0 ? name : null;
}

function isAddressIn(host: string, entry: string): boolean {
  const network = networkOf(entry);
  const family = isIP(host);
  return network !== null && network.family === family && network.list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** An address, or a network; `null` for what is neither. */
function networkOf(entry: string): { readonly family: number; readonly list: BlockList } | null {
  const [, address = '', bits] = /^\[?([^[\]/]+)\]?(?:\/(\d{1,3})\]?)?$/.exec(entry) ?? [];
  // A dot behind an address is as little as one behind a name.
  const plain = address.replace(/\.$/, '');
  const family = isIP(plain);
  const most = family === 6 ? 128 : 32;
  if (family === 0 || Number(bits ?? 0) > most) return null;
  const list = new BlockList();
  list.addSubnet(plain, Number(bits ?? most), family === 6 ? 'ipv6' : 'ipv4');
  return { family, list };
}

/**
 * What `Proxy-Authorization` says to a proxy (RFC 7617); `null` where its address has no user. A percent sign that begins no escape stands for
 * itself, as in curl.
 */
export function proxyAuthorization({ username, password }: URL): string | null {
  if (username === '' && password === '') return null;
  return `Basic ${Buffer.concat([unescaped(username), Buffer.from(':'), unescaped(password)]).toString('base64')}`;
}

function unescaped(text: string): Buffer {
  // One character for each byte.
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const plain = bytes.replace(/%([\da-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(plain, 'latin1');
}
