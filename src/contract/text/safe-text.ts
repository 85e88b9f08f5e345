import type { Redactor } from './redact.ts';

const LONGEST_LINE = 4000;

/** C0 but line feed, DEL, C1, line and paragraph separators, bidi controls, zero-width characters; half characters and what is none. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]/gu;

/**
 * One line as it may leave the process: secrets replaced, characters that would steer a terminal made visible, and everything broken
 * that a CI runner would take for a command (`::…`, `##[…`, `##vso[…`, `##teamcity[…`).
 */
export function safeLine(line: string, redactor: Redactor): string {
  const shown = redactor
    .redact(line)
    .replaceAll('\n', ' ')
    .replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/^(\s*)::/, '$1\\::')
    .replace(/#(#(?:\[|vso\[|teamcity\[))/gi, '#\\$1');
  return shown.length > LONGEST_LINE ? `${shown.slice(0, LONGEST_LINE)}…` : shown;
}

/** The same for a place that has little room, cut between characters; `longest` is below 2000. */
export function shortLine(text: string, redactor: Redactor, longest: number): string {
  const characters = [...safeLine(text, redactor)];
  return characters.length > longest ? `${characters.slice(0, longest).join('')}…` : characters.join('');
}

/** The words of others as lines of their own, each behind a prefix that no runner takes for a command. */
export function quotedLines(text: string, redactor: Redactor): string[] {
  return text.split(/\r\n|\r|\n/).map((line) => `apptool| ${safeLine(line, redactor)}`);
}

/** A JSON document as one line of printable ASCII, with the secrets in its strings replaced. */
export function safeJson(value: unknown, redactor: Redactor): string {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'string' ? redactor.redact(inner) : inner,
  );
  return text.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
