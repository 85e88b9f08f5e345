import { UnreadablePart } from '../zip/archive-file.ts';

/** A declaration is ASCII, or ASCII in UTF-16: XML 1.0, appendix F. */
const DECLARATION = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/;

/** The text of an XML document in the encoding that its first bytes or its declaration name; UTF-8 without either. Throws `UnreadablePart`. */
export function decodeXml(bytes: Buffer): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch (cause) {
    throw new UnreadablePart(`is in an unknown encoding (${encoding})`, { isHostile: false, cause });
  }
}

function encodingOf(bytes: Buffer): string {
  const [first = 0, second = 0] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be';
  const [, named = 'utf-8'] =
    DECLARATION.exec(bytes.toString('latin1', 0, 256).replace(/^\u00ef\u00bb\u00bf/, '')) ?? [];
  // What can be read as ASCII so far is not UTF-16, whatever it says.
  return /^utf-?16|^ucs/i.test(named) ? 'utf-8' : named;
}
