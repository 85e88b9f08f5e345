import type { Budget } from '../../budget.ts';
import { BeyondLimit } from '../../zip/archive-file.ts';

/** Attributes by their names in small letters; of several with one name the first counts. */
export type JarAttributes = ReadonlyMap<string, string>;

/** A section of a manifest or of a signature file, and where it stands: digests are made over its bytes. */
export interface JarSection {
  readonly from: number;
  /** Behind the empty line that ends it. */
  readonly to: number;
}

const CR = 0x0d;
const LF = 0x0a;
/** Far more than the longest name of an entry needs. */
const LARGEST_SECTION = 1024 * 1024;
/** Most sections have a few lines. */
const LINES_PER_VALUE = 4;

/**
 * The sections of a manifest or a signature file. Format: docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html, "Manifest format"; where a
 * section begins and ends: `ManifestParser` of AOSP's apksig. Throws `BeyondLimit`.
 */
export function jarSectionsOf(bytes: Buffer, budget: Budget): JarSection[] {
  const sections: JarSection[] = [];
  let from: number | null = null;
  let lines = 0;
  const end = (to: number): void => {
    if (from === null) return;
    budget.spend(1 + Math.floor(lines / LINES_PER_VALUE));
    if (to - from > LARGEST_SECTION) throw new BeyondLimit('has a section of more than 1 MiB');
    sections.push({ from, to });
    from = null;
    lines = 0;
  };
  for (let at = 0; at < bytes.length; ) {
    const next = endOfLine(bytes, at);
    if (bytes[at] === CR || bytes[at] === LF) end(next);
    else from ??= at;
    lines += 1;
    at = next;
  }
  end(bytes.length);
  return sections;
}

/** Where the next line begins: after CR LF, CR or LF. */
function endOfLine(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== CR && bytes[at] !== LF) at += 1;
  return Math.min(bytes.length, at + (bytes[at] === CR && bytes[at + 1] === LF ? 2 : 1));
}

export function attributesOf(bytes: Buffer, { from, to }: JarSection): JarAttributes {
  const attributes = new Map<string, string>();
  for (const line of linesOf(bytes, from, to)) {
    const [name, value] = nameAndValue(line);
    const key = name.toLowerCase();
    if (!attributes.has(key)) attributes.set(key, value);
  }
  return attributes;
}

/** The name of the entry that a section is about; `null` for the main section, whose first line is no name. */
export function nameOf(bytes: Buffer, { from, to }: JarSection): string | null {
  const [first = ''] = linesOf(bytes, from, to);
  const [name, value] = nameAndValue(first);
  return name.toLowerCase() === 'name' ? value : null;
}

/** The lines, each with those that go on with it after a space; a character may be cut in two between them. */
function linesOf(bytes: Buffer, from: number, to: number): string[] {
  const text = bytes.toString('latin1', from, to).replace(/(?:\r\n|\r|\n) /g, '');
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  return lines.map((line) => (isAscii(line) ? line : Buffer.from(line, 'latin1').toString('utf8')));
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character is meant.
  return /^[\x00-\x7f]*$/.test(text);
}

function nameAndValue(line: string): [string, string] {
  const at = line.indexOf(': ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
}
