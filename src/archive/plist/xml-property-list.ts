import { nodeCounter } from '../node-counter.ts';
import { UnreadablePart } from '../zip/archive-file.ts';
import { addValue, type PropertyList } from './property-value.ts';

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** An array or a dictionary that is being filled. */
interface Container {
  readonly name: 'array' | 'dict';
  readonly items: PropertyList[];
  readonly dict: Map<string, PropertyList>;
  key: string | null;
}

/** What has been read so far. */
interface Progress {
  /** From the document, which is taken for an array of one, to the innermost container. */
  readonly open: Container[];
  /** The element that is not a container and has not ended. */
  scalar: string | null;
  text: string;
}

/**
 * Reads an XML property list: DTD at http://www.apple.com/DTDs/PropertyList-1.0.dtd. No entity but XML's own five is known, so there is
 * nothing that could be expanded or fetched. Throws `UnreadablePart`.
 */
export function readXmlPropertyList(xml: string): PropertyList {
  const count = nodeCounter();
  const document = container('array');
  const progress: Progress = { open: [document], scalar: null, text: '' };
  for (const token of tokensOf(xml)) {
    if (token.type === 'text') progress.text += token.text;
    else if (token.name !== 'plist') {
      if (token.type !== 'close') {
        count(1, progress.open.length);
        begin(progress, token.name);
      }
      if (token.type !== 'open') end(progress, token.name);
    }
  }
  if (progress.open.length > 1 || progress.scalar !== null) throw unknownFormat();
  return document.items[0] ?? null;
}

function container(name: Container['name']): Container {
  return { name, items: [], dict: new Map(), key: null };
}

function begin(progress: Progress, name: string): void {
  if (progress.scalar !== null) throw unknownFormat();
  if (name === 'array' || name === 'dict') progress.open.push(container(name));
  else progress.scalar = name;
  progress.text = '';
}

function end(progress: Progress, name: string): void {
  const { open, scalar, text } = progress;
  const value = scalar === null ? close(open, name) : scalar === name ? scalarOf(name, text) : null;
  const innermost = open.at(-1);
  if (value === null || innermost === undefined) throw unknownFormat();
  put(innermost, name, value);
  progress.scalar = null;
}

/** Ends the innermost container, which has to be one of this name. */
function close(open: Container[], name: string): PropertyList {
  const closed = open.length > 1 ? open.pop() : undefined;
  if (closed?.name !== name) return null;
  return name === 'array' ? closed.items : closed.dict;
}

function put(container: Container, name: string, value: PropertyList): void {
  if (name === 'key' && container.name === 'dict') container.key = String(value);
  else if (container.name === 'array') container.items.push(value);
  else if (container.key === null) throw unknownFormat();
  else {
    addValue(container.dict, container.key, value);
    container.key = null;
  }
}

function scalarOf(name: string, text: string): PropertyList {
  switch (name) {
    case 'key':
    case 'string':
      return text;
    case 'integer':
    case 'real':
      return Number(text);
    case 'true':
    case 'false':
      return name === 'true';
    case 'date':
      return new Date(text);
    case 'data':
      return Buffer.from(text, 'base64');
    default:
      throw unknownFormat();
  }
}

type Token =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'open' | 'close' | 'empty'; readonly name: string };

/** The tags of a document and the text between them; comments and processing instructions are left out. */
function* tokensOf(xml: string): Generator<Token> {
  // Each turn goes on behind a tag.
  for (let at = 0; at < xml.length; ) {
    const tagAt = xml.indexOf('<', at);
    if (tagAt < 0) return;
    if (tagAt > at) yield { type: 'text', text: withEntities(xml.slice(at, tagAt)) };
    const [start, end] = delimitersAt(xml, tagAt);
    const endsAt = xml.indexOf(end, tagAt + start.length);
    if (endsAt < 0) throw new UnreadablePart('ends too early', { isHostile: true });
    const inside = xml.slice(tagAt + start.length, endsAt);
    at = endsAt + end.length;
    if (start === '<!' && /[[<]/.test(inside))
      throw new UnreadablePart('declares its own document type', { isHostile: true });
    if (start === '<![CDATA[') yield { type: 'text', text: inside };
    if (start === '<') yield tagOf(inside);
  }
}

function delimitersAt(xml: string, at: number): [start: string, end: string] {
  if (xml.startsWith('<!--', at)) return ['<!--', '-->'];
  if (xml.startsWith('<![CDATA[', at)) return ['<![CDATA[', ']]>'];
  if (xml.startsWith('<?', at)) return ['<?', '?>'];
  return xml.startsWith('<!', at) ? ['<!', '>'] : ['<', '>'];
}

function tagOf(inside: string): Token {
  const [, slash, name] = /^(\/?)([a-z]+)/.exec(inside) ?? [];
  if (name === undefined) throw unknownFormat();
  if (slash === '/') return { type: 'close', name };
  return { type: inside.endsWith('/') ? 'empty' : 'open', name };
}

function withEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]{1,8});/gi, (_, entity: string) => {
    if (!entity.startsWith('#')) {
      const known = ENTITIES[entity];
      if (known === undefined) throw new UnreadablePart('uses an entity that it defines itself', { isHostile: true });
      return known;
    }
    const point = Number(entity.replace(/^#x?/i, (prefix) => (prefix === '#' ? '' : '0x')));
    if (point > 0x10ffff) throw unknownFormat();
    return String.fromCodePoint(point);
  });
}

function unknownFormat(): UnreadablePart {
  return new UnreadablePart('is in an unknown format', { isHostile: false });
}
