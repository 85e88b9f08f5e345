import * as z from 'zod';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const FORM = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/;

/** `500ms`, `90s`, `15m`, `1h`; a bare number is seconds. `null` for anything else. */
export function parseDuration(value: string | number): number | null {
  const match = FORM.exec(String(value));
  if (match === null) return null;
  return Number(match[1]) * (UNITS_MS[match[2] ?? 's'] ?? 1000);
}

/** A duration setting between two durations, as written; its value is in ms. */
export function duration(least: string, most: string, example: string) {
  const words = `must be ${least} to ${most}, for example ${example}`;
  const leastMs = parseDuration(least) ?? 0;
  const mostMs = parseDuration(most) ?? 0;
  return z
    .union([z.string(), z.number()], { error: `expected a duration such as ${example}` })
    .transform((value, issues) => {
      const ms = parseDuration(value);
      if (ms !== null && ms >= leastMs && ms <= mostMs) return ms;
      issues.addIssue({ code: 'custom', message: words });
      return z.NEVER;
    });
}

/** A duration as people write it: `45m`, `90s`, `500ms`. */
export function formatDuration(ms: number): string {
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
