import { decodings } from './decoded-text.ts';
import { createSecretIndex, needlesOf, type SecretIndex, type Span } from './secret-index.ts';

const REDACTED = '[redacted]';

/** Replaces what must not be seen in any text that leaves the process. Knows the secrets that were added to it. */
export interface Redactor {
  /** Remembers a value, so that no usual spelling of it ever leaves again, and no beginning of it where a text was cut. */
  add(value: string): void;
  /** Remembers a signed address: its query, what is secret in there, and its path. */
  addAddress(url: string): void;
  redact(text: string): string;
  /** Replaces the values that were added, and leaves alone what only looks like a secret. */
  redactKnown(text: string): string;
}

export function createRedactor(): Redactor {
  const secrets = createSecretIndex();
  const addresses = createSecretIndex();
  let count = 0;
  const redact = createMemory((text) => redactByShape(replaceAll(text, [secrets, addresses])));
  const redactKnown = createMemory((text) => replaceAll(text, [secrets]));
  const forget = (): void => {
    redact.forget();
    redactKnown.forget();
  };
  return {
    add(value) {
      forget();
      addSpellings(secrets, value, true);
    },
    addAddress(url) {
      forget();
      count += 1;
      // A path in which a secret stands that is known already is no secret besides.
      const isPathSecret = replaceAll(url, [secrets]) === url;
      addAddress(addresses, url, { isPathSecret, isSpelled: count <= MOST_SPELLED_ADDRESSES });
    },
    redact: redact.of,
    redactKnown: redactKnown.of,
  };
}

/** Of a text in characters, and how many there are: a receipt is written some forty times, and most of its words are the same each time. */
const [LONGEST_KNOWN, MOST_KNOWN] = [200, 1000];

/** What became of short texts, until there is another secret. */
function createMemory(compute: (text: string) => string) {
  const known = new Map<string, string>();
  return {
    of(text: string): string {
      if (text.length > LONGEST_KNOWN) return compute(text);
      const before = known.get(text);
      if (before !== undefined) return before;
      const result = compute(text);
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(text, result);
      return result;
    },
    forget: () => known.clear(),
  };
}

/** The secrets of a thousand addresses more, in a file of many parts, are found as they are and percent-encoded. */
const MOST_SPELLED_ADDRESSES = 200;

function replaceAll(text: string, indexes: readonly SecretIndex[]): string {
  const used = indexes.filter((index) => !index.isEmpty());
  if (text === '' || used.length === 0) return text;
  const spans: Span[] = [];
  for (const decoded of decodings(text)) {
    for (const index of used) for (const span of index.find(decoded)) spans.push(span);
  }
  let shown = '';
  let at = 0;
  for (const { from, to } of merged(spans)) {
    shown += `${text.slice(at, from)}${REDACTED}`;
    at = to;
  }
  return shown + text.slice(at);
}

/** In order, those that overlap or touch as one. */
function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last === undefined || span.from > last.to) all.push(span);
    else if (span.to > last.to) all[all.length - 1] = { from: last.from, to: span.to };
  }
  return all;
}

/** As it is, in base64 wherever in a longer text it begins, and in hex. Escapes and line breaks are undone where it is looked for. */
function addSpellings(index: SecretIndex, value: string, hasBeginnings: boolean): void {
  for (const needle of needlesOf(value)) index.add(needle, hasBeginnings);
  const bytes = Buffer.from(value.trim(), 'utf8');
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].map((offset) => base64Core(bytes, offset));
  const base64url = base64.map((core) => core.replaceAll('+', '-').replaceAll('/', '_'));
  for (const text of [hex, hex.toUpperCase(), ...base64, ...base64url])
    index.add(Buffer.from(text, 'latin1'), hasBeginnings);
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

/** Shorter paths are those of anybody's API; a longer one, as a whole, names an object of ours. */
const SHORTEST_PATH = 12;
const NAMES_SECRET = /sig|token|cred|key|policy|auth|secret|pass|hmac/i;
const LOOKS_SECRET = /^(?=(?:.*\d){4})(?=(?:.*[A-Za-z]){4})[A-Za-z0-9+/=_~-]{40,}$/;

/** Of a path that is one word: like a token, also one with dots in it (RFC 7519), and unlike the name of a file. */
function isToken(word: string): boolean {
  return !/\.\w{1,8}$/.test(word) && LOOKS_SECRET.test(word.replaceAll('.', ''));
}

function addAddress(
  index: SecretIndex,
  url: string,
  { isPathSecret, isSpelled }: { readonly isPathSecret: boolean; readonly isSpelled: boolean },
): void {
  const [, path = '', query = ''] = /^[a-z]+:\/*[^/?#]*([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? [];
  const add = (value: string) => {
    for (const needle of needlesOf(value)) index.add(needle, false);
  };
  const namesObject = path.length >= SHORTEST_PATH && path.indexOf('/', 1) > 0;
  if (isPathSecret && (namesObject || isToken(path.slice(1)))) add(path);
  if (query.length >= 8) add(query);
  for (const [name, value] of new URLSearchParams(query)) {
    if (value.length < 16 || !(NAMES_SECRET.test(name) || LOOKS_SECRET.test(value))) continue;
    if (isSpelled) addSpellings(index, value, false);
    else add(value);
  }
}

/** What a signature of Amazon's, Google's, Azure's or CloudFront's stands behind, and a token. */
const SECRET_PARAMETER =
  /\b((?:x-(?:amz|goog)-(?:signature|credential|security-token)|(?:aws|google)accesskeyid|(?:access_?|refresh_?|id_?|upload_?|download_?)?token|client_secret|api_?key|signature|key-pair-id|sig)["'\\]{0,4}(?:=|%3d|&#61;|\\u003d))["'\\]{0,4}[^\s&"'<>\\]{8,}/gi;
const SECRET_MEMBER =
  /\b(x-(?:amz|goog)-(?:signature|credential|security-token)["'\\]{0,4}:\s?["'\\]{0,4})[^\s&"'<>\\,]{8,}/gi;

/** Authorization headers, bearer tokens, the query of any URL (signatures live there) and the user part of any URL. */
function redactByShape(text: string): string {
  return text
    .replace(/\bbearer\s+(?!\S*\.(?:apk|aab|ipa)\b)[A-Za-z0-9._~+/:=-]{8,}/gi, `Bearer ${REDACTED}`)
    .replace(/\bbasic\s+(?=\S*[\d=])[A-Za-z0-9+/]{8,}={0,2}(?![\w.-])/gi, `Basic ${REDACTED}`)
    .replace(/\b(authorization\s*[:=]\s*)(?!bearer|basic)\S+/gi, `$1${REDACTED}`)
    .replace(/:\/\/[^\s/@"'<>]+@/g, `://${REDACTED}@`)
    .replace(/[^\s"'<>]+/g, withoutQuery)
    .replace(SECRET_PARAMETER, `$1${REDACTED}`)
    .replace(SECRET_MEMBER, `$1${REDACTED}`);
}

/** Texts of a megabyte come from servers, so this reads a word once. */
function withoutQuery(word: string): string {
  const scheme = word.indexOf('://');
  const query = word.indexOf('?', Math.max(0, scheme));
  if (query === -1) return word;
  // An address without its host, as servers put it: "Cannot PUT /bucket/app.apk?X-Amz-Signature=…".
  const isTarget =
    scheme !== -1 ||
    (word.lastIndexOf('/', query) !== -1 && /^[\w.~%-]{1,64}=/.test(word.slice(query + 1, query + 66)));
  return isTarget ? `${word.slice(0, query)}?${REDACTED}` : word;
}
