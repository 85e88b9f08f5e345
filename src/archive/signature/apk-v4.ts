import { describeCertificate } from './certificate.ts';
import type { SignatureScheme } from './signature-scheme.ts';

const VERSION = 2;

/**
 * The v4 signature of an APK from the start of the `.idsig` file beside it; `null` for what is none. Whether it is true is not checked.
 * Format: source.android.com/docs/security/features/apksigning/v4, "Format".
 */
export function readV4Signature(start: Buffer): SignatureScheme | null {
  if (start.length < 4 || start.readUInt32LE(0) !== VERSION) return null;
  const [, signingInfo = Buffer.alloc(0)] = prefixed(start.subarray(4));
  const [, certificate] = prefixed(signingInfo);
  const signers = certificate === undefined ? [] : [describeCertificate(certificate)];
  return { scheme: 'v4', signers, verified: null, reason: 'apptool does not check v4 signatures' };
}

/** The first two values, each behind its length, as far as they are there. */
function prefixed(bytes: Buffer): Buffer[] {
  const values: Buffer[] = [];
  // At most two turns.
  for (let at = 0; values.length < 2 && at + 4 <= bytes.length; at += 4 + (values.at(-1)?.length ?? 0))
    values.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32LE(at)));
  return values;
}
