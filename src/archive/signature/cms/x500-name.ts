import type { Budget } from '../../budget.ts';
import { type BerValue, berValues, expectTag, TAG } from './ber.ts';

/** CN, C, L, ST, STREET, O, OU (2.5.4.…), DC and UID: the attributes whose values Java compares as text, by RFC 2253. */
const TEXT_ATTRIBUTES: ReadonlySet<string> = new Set([
  '550403',
  '550406',
  '550407',
  '550408',
  '550409',
  '55040a',
  '55040b',
  '0992268993f22c640119',
  '0992268993f22c640101',
]);

/**
 * A text that two X.500 names have in common where they are the same name: tools write a name anew in another string type, case or spacing
 * (RFC 5280, section 7.1). What is the same here is so for `javax.security.auth.x500.X500Principal.equals`, by which apksigner and Android
 * go. Throws `UnreadablePart`, or reads past the end.
 */
export function x500NameKey(name: BerValue, budget: Budget): string {
  const parts = berValues(expectTag(name, TAG.sequence).contents, budget).map((part) =>
    berValues(expectTag(part, TAG.set).contents, budget)
      .map((attribute) => attributeKey(attribute, budget))
      .sort(),
  );
  return JSON.stringify(parts);
}

function attributeKey(attribute: BerValue, budget: Budget): string {
  const [type, value] = berValues(expectTag(attribute, TAG.sequence).contents, budget);
  const id = expectTag(type, TAG.objectIdentifier).contents.toString('hex');
  return `${id}=${value === undefined ? '' : valueKey(id, value)}`;
}

function valueKey(id: string, { tag, contents, whole }: BerValue): string {
  const isText = TEXT_ATTRIBUTES.has(id) && (tag === TAG.utf8String || tag === TAG.printableString);
  if (!isText) return `#${whole.toString('hex')}`;
  return contents.toString('utf8').normalize('NFKD').trim().replace(/\s+/g, ' ').toUpperCase().toLowerCase();
}
