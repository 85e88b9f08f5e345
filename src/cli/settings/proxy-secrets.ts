import type { ProxySettings } from '../../transfer/http/connection/proxy-choice.ts';

/** What of the proxies' addresses may not be shown: each password, and what stands in a Proxy-Authorization header (RFC 7617). */
export function proxySecrets(proxies: ProxySettings): string[] {
  return Object.values(proxies).flatMap((address) => {
    if (typeof address !== 'string' || !URL.canParse(address)) return [];
    const { username, password } = new URL(address);
    if (password === '') return [];
    const plain = decoded(password);
    return [...new Set([password, plain, `${decoded(username)}:${plain}`])];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bare percent sign stands for itself.
    return text;
  }
}
