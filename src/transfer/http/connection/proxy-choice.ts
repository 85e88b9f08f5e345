import type { ProxySettings } from './dispatcher.ts';

/** Which way a request goes: through which of the settings' proxies, or through none. */
export interface ProxyChoice {
  /** The setting that would name a proxy for it; `null` where none is set. */
  readonly setting: 'httpProxy' | 'httpsProxy' | null;
  /** Whether `noProxy` lets it go past that proxy. */
  readonly isExempt: boolean;
  /** The proxy that it goes through, as it is set, credentials included; `null` for none. */
  readonly proxy: string | null;
}

/** The choice that undici makes for every request (`EnvHttpProxyAgent`, version 7), which tells nobody. */
export function chooseProxy(url: URL, proxies: ProxySettings): ProxyChoice {
  const setting =
    url.protocol === 'https:' && proxies.httpsProxy !== ''
      ? 'httpsProxy'
      : proxies.httpProxy === ''
        ? null
        : 'httpProxy';
  const isExempt = setting !== null && isExcepted(url, proxies.noProxy);
  return { setting, isExempt, proxy: setting === null || isExempt ? null : proxies[setting] };
}

function isExcepted({ hostname, port, protocol }: URL, noProxy: string): boolean {
  if (noProxy === '*') return true;
  const portNumber = Number(port) || (protocol === 'https:' ? 443 : 80);
  return noProxy
    .split(/[,\s]/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, host = entry, only] = /^(.+):(\d+)$/.exec(entry) ?? [];
      const name = host.replace(/^\*?\./, '').toLowerCase();
      if (only !== undefined && Number(only) !== portNumber) return false;
      return hostname === name || hostname.endsWith(`.${name}`);
    });
}
