const REDACTED = '[redacted]';
/** Shorter values are not looked for: they would blot out ordinary text. Credentials that short are refused where they are read. */
const SHORTEST_NEEDLE = 4;

/** Replaces what must not be seen in any text that leaves the process. Knows the secrets that were added to it. */
export interface Redactor {
  /** Remembers a value, so that it and its usual encodings never leave again. */
  add(value: string): void;
  redact(text: string): string;
  /** Replaces the values that were added, and leaves alone what only looks like a secret. */
  redactKnown(text: string): string;
}

export function createRedactor(): Redactor {
  let needles: readonly string[] = [];
  const redactKnown = (text: string): string => replaceAny(text, needles);
  return {
    add(value) {
      const more = encodings(value).filter((needle) => needle.length >= SHORTEST_NEEDLE);
      needles = [...new Set([...needles, ...more])].sort((a, b) => b.length - a.length);
    },
    redact: (text) => redactByShape(redactKnown(text)),
    redactKnown,
  };
}

/**
 * Replaces the needles in a text, at each place the longest, which come first. No regular expression: a credential of 16 KiB makes one too
 * large, and the error says the credential.
 */
function replaceAny(text: string, longestFirst: readonly string[]): string {
  const found = new Map<string, number>();
  let replaced = '';
  let position = 0;
  // Each turn moves the position on by a needle, or ends.
  for (;;) {
    const needle = nextNeedle(text, position, longestFirst, found);
    if (needle === null) return replaced + text.slice(position);
    const at = found.get(needle) ?? position;
    replaced += text.slice(position, at) + REDACTED;
    position = at + needle.length;
  }
}

/** The needle that comes first from a position on. `found` keeps where each of them is, so that the text is searched for it once. */
function nextNeedle(
  text: string,
  position: number,
  longestFirst: readonly string[],
  found: Map<string, number>,
): string | null {
  let first: string | null = null;
  let firstAt = Number.POSITIVE_INFINITY;
  for (const needle of longestFirst) {
    let at = found.get(needle) ?? -1;
    if (at < position) {
      const next = text.indexOf(needle, position);
      at = next === -1 ? Number.POSITIVE_INFINITY : next;
      found.set(needle, at);
    }
    if (at >= firstAt) continue;
    first = needle;
    firstAt = at;
  }
  return first;
}

/** Authorization headers, bearer tokens, the query of any URL (signatures live there) and the user part of any URL. */
function redactByShape(text: string): string {
  return text
    .replace(/\bbearer\s+(?!\S*\.(?:apk|aab|ipa)\b)[A-Za-z0-9._~+/:=-]{8,}/gi, `Bearer ${REDACTED}`)
    .replace(/\bbasic\s+(?=\S*[\d=])[A-Za-z0-9+/]{8,}={0,2}(?![\w.-])/gi, `Basic ${REDACTED}`)
    .replace(/\b(authorization\s*[:=]\s*)(?!bearer|basic)\S+/gi, `$1${REDACTED}`)
    .replace(/:\/\/[^\s/@"'<>]+@/g, `://${REDACTED}@`)
    .replace(/[^\s"'<>]+/g, withoutQuery);
}

/** Texts of a megabyte come from servers, so this reads a word once. */
function withoutQuery(word: string): string {
  const scheme = word.indexOf('://');
  const query = scheme === -1 ? -1 : word.indexOf('?', scheme);
  return query === -1 ? word : `${word.slice(0, query)}?${REDACTED}`;
}

function encodings(raw: string): string[] {
  const found: string[] = [];
  for (const value of new Set([raw, raw.trim()])) {
    const bytes = Buffer.from(value, 'utf8');
    const hex = bytes.toString('hex');
    found.push(
      value,
      encodeURIComponent(value),
      encodeURI(value),
      JSON.stringify(value).slice(1, -1),
      escapeXml(value),
    );
    found.push(hex, hex.toUpperCase());
    for (const offset of [0, 1, 2]) {
      const base64 = base64Core(bytes, offset);
      found.push(base64, base64.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return found;
}

/** The base64 characters that depend on `bytes` alone when they start `offset` bytes into a 3-byte group of a longer text. */
function base64Core(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const first = offset === 0 ? 0 : offset + 1;
  const partial = (offset + bytes.length) % 3 === 0 ? 0 : 1;
  return encoded.slice(first, encoded.length - partial);
}

function escapeXml(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}
