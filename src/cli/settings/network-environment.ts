import { accessSync, constants } from 'node:fs';
import type { Env } from '../../contract/env.ts';
import { errorCode, LocalIoError, PolicyError, UsageError } from '../../contract/errors.ts';
import type { ProxySettings } from '../../transfer/http/connection/dispatcher.ts';

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
  return {
    httpProxy: proxy('HTTP_PROXY', environment),
    httpsProxy: proxy('HTTPS_PROXY', environment),
    noProxy: either('NO_PROXY', environment),
  };
}

function checkCaFile(path: string | undefined): void {
  if (path === undefined || path === '') return;
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    throw new LocalIoError(`cannot read CA file that NODE_EXTRA_CA_CERTS names: ${errorCode(cause)}`, { cause });
  }
}

/** The variables that hold the proxies' settings here. */
export function proxyVariables(environment: Env): Readonly<Record<keyof ProxySettings, string>> {
  return {
    httpProxy: variableFor('HTTP_PROXY', environment),
    httpsProxy: variableFor('HTTPS_PROXY', environment),
    noProxy: variableFor('NO_PROXY', environment),
  };
}

/** Lower case first, as curl has it. */
function variableFor(name: string, environment: Env): string {
  return environment[name.toLowerCase()] === undefined ? name : name.toLowerCase();
}

function either(name: string, environment: Env): string {
  return environment[variableFor(name, environment)] ?? '';
}

function proxy(name: string, environment: Env): string {
  const given = either(name, environment).trim();
  if (given === '') return '';
  const value = /^[\w.-]+:\d{1,5}\/?$/.test(given) ? `http://${given}` : given;
  if (!URL.canParse(value)) throw new UsageError(`${name} is not a URL`, { hint: 'write it as http://host:port' });
  const scheme = new URL(value).protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') throw new UsageError(`${name}: proxy scheme ${scheme} is not supported`);
  return value;
}
