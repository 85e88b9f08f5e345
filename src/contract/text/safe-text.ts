import { UsageError } from '../errors.ts';
import type { Redactor } from './redact.ts';

const LONGEST_LINE = 4000;
/** More of a text is not looked at: what is left of it is cut to a line all the same. */
const LONGEST_READ = 16 * LONGEST_LINE;

/**
 * C0 but line feed, DEL, C1, line and paragraph separators, bidi controls; characters that are not drawn (soft hyphen, fillers, zero width, tags), which
 * Azure's agent ignores where it looks for `##vso[`; half characters and what is none.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\ufffe\uffff\u{e0000}-\u{e0fff}]/gu;

/**
 * What the runners of CIs take for a command wherever it stands in a line: GitHub's `##[…]`, Azure's `##vso[…]`, TeamCity's `##teamcity[…]`.
 * Written down with their sources in `test/support/runners.ts`. What is not drawn may stand between the characters.
 */
const COMMAND = new RegExp(`#(?=${['#[', '#vso[', '#teamcity['].map(apart).join('|')})`, 'giu');
/** What they take for one where a line begins with it: GitHub's `::…::`, Buildkite's groups. */
const COMMAND_AT_START = /^(\s*)(?=::|---|\+\+\+|~~~|\^\^\^)/;

function apart(word: string): string {
  return [...word].map((character) => `\\p{Default_Ignorable_Code_Point}*${character.replace('[', '\\[')}`).join('');
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** A text in which nothing is invisible or steers a terminal. Done again, it changes nothing. */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, escaped);
}

/** A text with an ellipsis where it was cut: before one, the redactor knows even the beginning of a secret. */
export function cutText(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/**
 * One line as it may leave the process: secrets replaced, characters that would steer a terminal made visible, and everything broken
 * that a CI runner would take for a command.
 */
export function safeLine(line: string, redactor: Redactor): string {
  const shown = redactor
    .redact(cutText(line, LONGEST_READ))
    .replaceAll('\n', ' ')
    .replace(INVISIBLE, escaped)
    .replace(COMMAND_AT_START, '$1\\')
    .replace(COMMAND, '#\\');
  return cutText(shown, LONGEST_LINE);
}

/** The same for a place that has little room, cut between characters; `longest` is below 2000. */
export function shortLine(text: string, redactor: Redactor, longest: number): string {
  const characters = [...safeLine(text, redactor)];
  return characters.length > longest ? `${characters.slice(0, longest).join('')}…` : characters.join('');
}

/** Each line by itself; a secret that goes over several of them is replaced before they are. */
export function safeLines(text: string, redactor: Redactor): string[] {
  return redactor
    .redact(text)
    .split(/\r\n|\r|\n/)
    .map((line) => safeLine(line, redactor));
}

/** The words of others as lines of their own, each behind a prefix that no runner takes for a command. */
export function quotedLines(text: string, redactor: Redactor): string[] {
  return safeLines(text, redactor).map((line) => `apptool| ${line}`);
}

export interface JsonOptions {
  /** Spaces a level; without it, the document is one line. */
  readonly indent?: number;
  /** A string that may hold a query; only what is known to be a secret is replaced in it. */
  readonly mayHoldQuery?: (key: string) => boolean;
}

/** A JSON document of printable ASCII, with the secrets in its strings and keys replaced, and nothing in it that a runner takes for a command. */
export function safeJson(value: unknown, redactor: Redactor, { indent, mayHoldQuery }: JsonOptions = {}): string {
  const safe = (key: string, inner: unknown): unknown => {
    if (typeof inner === 'string')
      return mayHoldQuery?.(key) === true ? redactor.redactKnown(inner) : redactor.redact(inner);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, member]) => [redactor.redactKnown(name), member]));
  };
  return JSON.stringify(value, safe, indent)
    .replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/#(?=\[|vso\[|teamcity\[)/gi, '\\u0023');
}

/** C0, DEL, C1, line and paragraph separators, bidi controls. */
const STEERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Whether a runner would do something when this is printed as it is. */
export function holdsCommand(text: string): boolean {
  return text.search(COMMAND) >= 0 || COMMAND_AT_START.test(text);
}

/** Throws `UsageError` for a path that cannot be printed as it is: it would steer a terminal or a CI's runner. `what` is what it is the path of. */
export function checkPath(path: string, what: string): void {
  const why = STEERS.test(path)
    ? 'has control characters'
    : path.search(COMMAND) >= 0
      ? 'holds what a CI runner takes for a command'
      : null;
  if (why !== null) throw new UsageError(`the path of the ${what} ${why}`, { hint: 'rename the file or its folder' });
}

/** A path exactly as it is, for a line of its own: where a runner would take its beginning for a command, from `./` on. */
export function pathLine(path: string, redactor: Redactor): string {
  return redactor.redactKnown(COMMAND_AT_START.test(path) ? `./${path}` : path);
}
