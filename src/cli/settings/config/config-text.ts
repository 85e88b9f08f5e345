import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  type ParsedNode,
  parseDocument,
  stringify,
  visit,
} from 'yaml';
import { UsageError } from '../../../contract/errors.ts';

const MOST_ALIASES = 100;
const POISONOUS = new Set(['__proto__', 'constructor', 'prototype']);

/** A config's contents as plain data, and where each key stands in its file. */
export interface ConfigText {
  readonly value: Readonly<Record<string, unknown>>;
  /** `file:line:column` of a path of keys; the file alone where the path is not in it. */
  locate(path: readonly PropertyKey[]): string;
}

/**
 * Reads JSON or YAML (1.2, core schema: no dates, no custom tags) as data. Throws `UsageError` that names file, line and column, and
 * never quotes the text: what was taken for a config may be a token file.
 */
export function parseConfigText(bytes: Buffer, name: string): ConfigText {
  const text = decode(bytes, name);
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
  });
  if (name.endsWith('.json')) checkJson(text, at);
  const [error] = document.errors;
  if (error !== undefined)
    throw new UsageError(`${at(error.pos[0])}: not valid ${name.endsWith('.json') ? 'JSON' : 'YAML'}`, {
      hint: /^[ ]*\t/m.test(text)
        ? 'indent with spaces: YAML allows no tabs there'
        : 'check the indentation, the quotes and the "key: value" form there',
    });
  let aliases = 0;
  visit(document, (_, node) => {
    if (isAlias(node)) aliases += 1;
    if (aliases > MOST_ALIASES) throw new UsageError(`${name}: too many aliases`);
    const tag = (node as Partial<ParsedNode> | null)?.tag;
    if (typeof tag === 'string' && !tag.startsWith('tag:yaml.org,2002:'))
      throw new UsageError(`${name}: custom tags are not allowed`);
    if (isMap(node)) checkKeys(node.items as Pair[], name, at, lines);
  });
  if (document.warnings.length > 0) throw new UsageError(`${name}: custom tags are not allowed`);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null && text.trim() === ''))
    return { value: {}, locate: () => name };
  if (!isMap(contents))
    throw new UsageError(`${name}: not a config file: config must be a mapping`, {
      hint: 'write each setting on a line as "key: value", such as timeout: 45m',
    });
  return {
    value: expand(document, name),
    locate: (path) => {
      const node = keyNode(contents, path);
      return node === null ? name : at(node);
    },
  };
}

/** A config as the text of a file of this name: JSON, or else YAML. */
export function formatConfig(value: Readonly<Record<string, unknown>>, name: string): string {
  return name.endsWith('.json') ? `${JSON.stringify(value, null, 2)}\n` : stringify(value);
}

/** YAML takes nearly all JSON, and much that is none: a file that says it is JSON has to be. */
function checkJson(text: string, at: (offset: number) => string): void {
  if (text.trim() === '') return;
  try {
    JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the text, so only its position is taken.
    const position = /position (\d+)/.exec(String(error))?.[1] ?? '0';
    throw new UsageError(`${at(Number(position))}: not valid JSON`, {
      hint: whyNotJson(text.slice(0, Number(position)), text),
    });
  }
}

/** What JSON does not have, and people write; none of the text is quoted. */
function whyNotJson(before: string, text: string): string {
  if (/,\s*$/.test(before)) return 'remove the comma before the closing bracket';
  if (/^\s*(?:\/\/|\/\*|#)/m.test(text)) return 'JSON has no comments: remove them, or write the config as YAML';
  if (/'[^'"]*'\s*:/.test(text)) return 'write keys and texts in double quotes';
  if (/^\s*[A-Za-z]\w*\s*:/m.test(text)) return 'write keys in double quotes, or rename the file to end in .yaml';
  return 'look for a missing quote, comma or bracket there';
}

/** Aliases may nest, so that few of them stand for a great deal. */
function expand(document: Document, name: string): Record<string, unknown> {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) as Record<string, unknown>;
  } catch (cause) {
    throw new UsageError(`${name}: too many aliases`, { cause });
  }
}

function decode(bytes: Buffer, name: string): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  try {
    if (!isUtf16 && !bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Said below, without the bytes.
  }
  throw new UsageError(`${name}: config must be UTF-8`);
}

function checkKeys(items: readonly Pair[], name: string, at: (offset: number) => string, lines: LineCounter): void {
  const seen = new Map<string, number>();
  for (const { key } of items) {
    if (!isScalar(key)) throw new UsageError(`${name}: config keys must be plain words`);
    const word = String(key.value);
    const offset = key.range?.[0] ?? 0;
    if (POISONOUS.has(word)) throw new UsageError(`${at(offset)}: key "${word}" is not allowed`);
    const before = seen.get(word);
    const line = lines.linePos(offset).line;
    if (before !== undefined) {
      const what = /^[A-Za-z][\w-]{0,40}$/.test(word) ? `key "${word}"` : 'a key';
      throw new UsageError(`${at(offset)}: ${what} appears twice (lines ${before} and ${line})`);
    }
    seen.set(word, line);
  }
}

function keyNode(root: unknown, path: readonly PropertyKey[]): number | null {
  let node: unknown = root;
  let offset: number | null = null;
  for (const segment of path) {
    if (isSeq(node) && typeof segment === 'number') {
      node = node.items[segment];
      offset = (node as Partial<ParsedNode> | undefined)?.range?.[0] ?? offset;
      continue;
    }
    if (!isMap(node)) break;
    const pair = pairsOf(node).get(segment);
    if (pair === undefined) break;
    offset = (isScalar(pair.key) ? pair.key.range?.[0] : null) ?? offset;
    node = pair.value;
  }
  return offset;
}

/** By their keys; a fleet may have a thousand, and asks for each. */
const INDEXES = new WeakMap<object, ReadonlyMap<unknown, Pair>>();

function pairsOf(map: { readonly items: readonly unknown[] }): ReadonlyMap<unknown, Pair> {
  const known = INDEXES.get(map);
  if (known !== undefined) return known;
  const pairs = map.items.flatMap((item) => (isPair(item) && isScalar(item.key) ? [item] : []));
  const index = new Map(pairs.map((pair) => [(pair.key as { value: unknown }).value, pair as Pair]));
  INDEXES.set(map, index);
  return index;
}
