import * as z from 'zod';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const PART = /(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)/g;
const FORM = /^(?:\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h)){1,4}$/;
const BARE_NUMBER = /^\d{1,9}(?:\.\d{1,3})?$/;
/** Units as people write them, and how they are written here. */
const OTHER_UNITS: Readonly<Record<string, string>> = {
  msec: 'ms',
  milliseconds: 'ms',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
};

/** `500ms`, `90s`, `15m`, `1h30m` in ms; 0 needs no unit. `null` for anything else: a number without a unit may mean minutes as well as seconds. */
export function parseDuration(value: string | number): number | null {
  const text = String(value);
  if (text === '0') return 0;
  if (!FORM.test(text)) return null;
  const parts = [...text.matchAll(PART)].map(([, number, unit = '']) => Number(number) * (UNITS_MS[unit] ?? 0));
  return parts.reduce((sum, ms) => sum + ms, 0);
}

/** A duration setting between two durations, as written; its value is in ms. */
export function duration(least: string, most: string, example: string) {
  const leastMs = parseDuration(least) ?? 0;
  const mostMs = parseDuration(most) ?? 0;
  const isWithin = (ms: number | null): ms is number => ms !== null && ms >= leastMs && ms <= mostMs;
  const problemOf = (text: string): string =>
    withoutUnit(text, isWithin) ?? `must be ${least} to ${most}, for example ${example}${otherUnit(text)}`;
  const error = ({ input }: { readonly input?: unknown }): string =>
    typeof input === 'number' ? problemOf(String(input)) : `expected a duration such as ${example}`;
  return z.union([z.string(), z.literal(0)], { error }).transform((value, issues) => {
    const ms = parseDuration(value);
    if (isWithin(ms)) return ms;
    issues.addIssue({ code: 'custom', message: problemOf(String(value)) });
    return z.NEVER;
  });
}

/** What to say of a number without a unit, with the two units that it most likely lacks; `null` for all else. */
function withoutUnit(text: string, isWithin: (ms: number | null) => boolean): string | null {
  if (!BARE_NUMBER.test(text) || Number(text) === 0) return null;
  const readings = ['m', 's', 'h', 'ms'].map((unit) => `${text}${unit}`);
  const likely = readings.filter((reading) => isWithin(parseDuration(reading)));
  if (likely.length === 1 && likely[0] === `${text}ms` && Number(text) % 1000 === 0)
    return `${text}: give a unit, such as ${Number(text) / 1000}s or ${text}ms`;
  const [first, second] = likely.length < 2 ? readings : likely;
  return `${text}: give a unit, such as ${first} or ${second}`;
}

/** How a duration is written whose units are other words: `5min`, `5 minutes`, `1 hour`. */
function otherUnit(value: string): string {
  const [, number, word = ''] = /^\s*(\d{1,9})\s*([a-z]{1,12})\s*$/i.exec(value) ?? [];
  const unit = OTHER_UNITS[word.toLowerCase()] ?? (word.toLowerCase() in UNITS_MS ? word.toLowerCase() : undefined);
  if (number === undefined) return '';
  if (/^d(?:ays?)?$/i.test(word)) return `; write ${number} days as ${Number(number) * 24}h`;
  return unit === undefined || `${number}${unit}` === value ? '' : `; write ${number}${unit}`;
}

/** A duration as people write it: `45m`, `90s`, `500ms`. */
export function formatDuration(ms: number): string {
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
