import type { Budget } from '../../budget.ts';
import { berValues, expectTag, TAG } from './ber.ts';

const EXTENSIONS = 0xa3;
const BOOLEAN = 0x01;
/** `id-ce` of RFC 5280, section 4.2.1, under which its standard extensions stand, and key usage of them. */
const STANDARD = /^551d..$/;
const KEY_USAGE = '551d0f';
/** `id-pe` of RFC 5280, section 4.2.2: authority and subject information access. */
const PRIVATE = new Set(['2b06010505070101', '2b0601050507010b']);
const FOR_SIGNATURES = 0x80;
const FOR_COMMITMENTS = 0x40;

/**
 * Why a certificate is not for signing, `null` where it is: by its key usage, or by a critical extension that nobody knows, for which it has to
 * be refused (RFC 5280, section 4.2). Throws `UnreadablePart`, or reads past the end.
 */
export function troubleOfUsage(certificate: Buffer, budget: Budget): string | null {
  const [whole] = berValues(certificate, budget);
  const [toBeSigned] = berValues(expectTag(whole, TAG.sequence).contents, budget);
  const fields = berValues(expectTag(toBeSigned, TAG.sequence).contents, budget);
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS);
  if (extensions === undefined) return null;
  const [list] = berValues(extensions.contents, budget);
  for (const extension of berValues(expectTag(list, TAG.sequence).contents, budget)) {
    const [type, ...rest] = berValues(expectTag(extension, TAG.sequence).contents, budget);
    const id = expectTag(type, TAG.objectIdentifier).contents.toString('hex');
    const isCritical = rest[0]?.tag === BOOLEAN && rest[0].contents[0] !== 0;
    if (isCritical && !STANDARD.test(id) && !PRIVATE.has(id))
      return 'its certificate has a critical extension that is not known';
    if (id === KEY_USAGE && !isForSigning(expectTag(rest.at(-1), TAG.octetString).contents, budget))
      return 'its certificate is not for signing';
  }
  return null;
}

/** A bit string: how many bits of its last byte are unused, then the bits (RFC 5280, section 4.2.1.3). */
function isForSigning(value: Buffer, budget: Budget): boolean {
  const bits = berValues(value, budget)[0]?.contents[1] ?? 0;
  return (bits & (FOR_SIGNATURES | FOR_COMMITMENTS)) !== 0;
}
