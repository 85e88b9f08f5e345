/**
 * The wait that a Retry-After header asks for, in ms; `null` where there is none that makes sense, and the caller's own backoff holds.
 * Both forms of RFC 9110, section 10.2.3: whole seconds, or an HTTP date (never in the past).
 */
export function retryAfterMs(header: string | readonly string[] | undefined, now: Date): number | null {
  const value = typeof header === 'string' ? header.trim() : '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d{4}/.test(value)) return null;
  const until = Date.parse(value) - now.getTime();
  return Number.isFinite(until) && until > 0 ? until : null;
}
