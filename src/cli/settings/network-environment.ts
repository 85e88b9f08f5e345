import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Env } from '../../contract/env.ts';
import { LocalIoError, PolicyError, UsageError } from '../../contract/errors.ts';
import { fileProblem } from '../../contract/text/file-problem.ts';
import { idleExceptions, type ProxySettings } from '../../transfer/http/connection/proxy-choice.ts';

/**
 * Checks what the environment says about the network before any credential is read, and gives the proxies. Throws `PolicyError` where
 * certificates would not be checked, `UsageError` for a proxy that is none; never quotes a proxy, which may hold a password.
 */
export function readNetworkEnvironment(environment: Env, warn: (code: string, message: string) => void): ProxySettings {
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    throw new PolicyError('certificate checks are switched off; refusing to send credentials', {
      hint: 'unset NODE_TLS_REJECT_UNAUTHORIZED; for a company CA set NODE_EXTRA_CA_CERTS',
    });
  }
  checkCaFile(environment.NODE_EXTRA_CA_CERTS);
  if (/\b(https?|fetch|undici|tls|net)\b/i.test(environment.NODE_DEBUG ?? '')) {
    warn('node-debug', 'Node.js will print credentials while NODE_DEBUG is set');
  }
  const name = variableFor('noProxy', environment);
  const noProxy = environment[name]?.trim() ?? '';
  const idle = idleExceptions(noProxy);
  if (idle.length > 0) warn('no-proxy', `${name}: ${idle.slice(0, 5).join(', ')} can never match a host`);
  return {
    httpProxy: proxy('httpProxy', environment),
    httpsProxy: proxy('httpsProxy', environment),
    noProxy,
  };
}

const PEM_CERTIFICATE = /-----BEGIN (?:X509 )?CERTIFICATE-----[^-]*-----END (?:X509 )?CERTIFICATE-----/g;
const PEM_BEGIN = /-----BEGIN (?:X509 )?CERTIFICATE-----/g;
/** A company's own file has a few certificates. */
const MOST_PARSED = 8;
/** Bundles of all public CAs have less than 1 MiB. */
const LARGEST_CA_FILE = 16 * 1024 * 1024;

/**
 * Node.js adds the certificates of this file to its own when it starts, stops at the first that it cannot read, and says nothing where it
 * added none (nodejs/node#55285). So the file is read as Node.js reads it: PEM (RFC 7468), certificate by certificate.
 */
function checkCaFile(path: string | undefined): void {
  if (path === undefined || path === '') return;
  const refuse = (why: string, cause?: unknown) =>
    new LocalIoError(`cannot read the CA file in NODE_EXTRA_CA_CERTS: ${why}`, {
      cause,
      hint: 'give it the path of one file with the CA certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----',
    });
  let text: string;
  try {
    if (statSync(path).size > LARGEST_CA_FILE) throw refuse('it is larger than 16 MiB');
    text = readFileSync(path, 'latin1');
  } catch (cause) {
    if (cause instanceof LocalIoError) throw cause;
    throw refuse(fileProblem(cause), cause);
  }
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  if (certificates.length === 0) throw refuse('it has no certificate in PEM form');
  if (text.match(PEM_BEGIN)?.length !== certificates.length) throw refuse('a certificate in it is cut off');
  // A bundle of all public CAs is no work of hands, and parsing it takes longer than the rest of the start.
  const isGood = certificates.length > MOST_PARSED ? isWhole : isCertificate;
  const damaged = certificates.findIndex((certificate) => !isGood(certificate));
  if (damaged >= 0) throw refuse(`certificate ${damaged + 1} of ${certificates.length} in it is damaged`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Whether base64 that is one DER SEQUENCE (X.690, section 8.1.3) to its last byte stands between the lines. */
function isWhole(pem: string): boolean {
  const body = pem.replace(/-----[^-]+-----|\s/g, '');
  const der = Buffer.from(body, 'base64');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body) || der[0] !== 0x30) return false;
  const lengthBytes = (der[1] ?? 0) < 0x80 ? 0 : (der[1] ?? 0) - 0x80;
  if (lengthBytes > 4 || der.length < 2 + lengthBytes) return false;
  const length = lengthBytes === 0 ? (der[1] ?? 0) : der.readUIntBE(2, lengthBytes);
  return der.length === 2 + lengthBytes + length;
}

/**
 * The variables of each setting, the first that is set counting: as curl reads them (https://curl.se/docs/manpage.html, "ENVIRONMENT"), which takes
 * an empty one for one that is not set; HTTP_PROXY in capitals is more than curl's.
 */
const PROXY_VARIABLES = {
  httpProxy: ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
  httpsProxy: ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'],
  noProxy: ['no_proxy', 'NO_PROXY'],
} as const satisfies Record<keyof ProxySettings, readonly [string, string, ...string[]]>;

/** The variables that hold the proxies' settings here, or would. */
export function proxyVariables(environment: Env): Readonly<Record<keyof ProxySettings, string>> {
  return {
    httpProxy: variableFor('httpProxy', environment),
    httpsProxy: variableFor('httpsProxy', environment),
    noProxy: variableFor('noProxy', environment),
  };
}

function variableFor(setting: keyof ProxySettings, environment: Env): string {
  const names: readonly string[] = PROXY_VARIABLES[setting];
  return names.find((name) => (environment[name] ?? '').trim() !== '') ?? PROXY_VARIABLES[setting][1];
}

/** Without a scheme it is http, as for curl. */
const WITHOUT_SCHEME = /^(?:[^\s/?#]*@)?(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?\/?$/i;

/** Scheme, user and host of a proxy's address; what is behind them says nothing of the way there, and curl passes over it. */
const WAY_TO_PROXY = /^[a-z][a-z\d+.-]*:\/\/[^/?#\\]+/i;

function proxy(setting: 'httpProxy' | 'httpsProxy', environment: Env): string {
  const name = variableFor(setting, environment);
  const given = environment[name]?.trim() ?? '';
  if (given === '') return '';
  const value = WITHOUT_SCHEME.test(given) ? `http://${given}` : given;
  const address = WAY_TO_PROXY.exec(value)?.[0] ?? '';
  // An @ behind the host is the end of a password: what stands before it there is no host.
  if (!URL.canParse(address) || value.slice(address.length).includes('@')) {
    const hint = /^["'].*["']$/.test(given)
      ? 'remove the quotes around it'
      : 'write it as http://host:port, and in a password %23 for #, %2F for /, %3F for ?';
    throw new UsageError(`${name} is not a URL`, { hint });
  }
  const scheme = new URL(address).protocol.slice(0, -1);
  if (scheme === 'http' || scheme === 'https') return address;
  const hint =
    setting === 'httpsProxy' && /all_proxy/i.test(name)
      ? 'set HTTPS_PROXY to an HTTP proxy'
      : 'use the address of an HTTP proxy, such as http://host:port';
  throw new UsageError(`${name}: proxy scheme ${scheme} is not supported`, { hint });
}
