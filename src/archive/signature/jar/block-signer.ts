import { createHash, verify, X509Certificate } from 'node:crypto';
import type { Budget } from '../../budget.ts';
import { withinBounds } from '../../zip/archive-file.ts';
import { troubleOfUsage } from '../cms/key-usage.ts';
import type { SignedData, SignerInfo } from '../cms/signed-data.ts';
import { type Finding, notChecked, untrue } from '../finding.ts';
import { jarAlgorithmOf } from './jar-algorithms.ts';

/** Before this one Android looks at the first signer of a block alone; since this one it wants to know what was signed. */
const SDK_OF_EVERY_SIGNER = 24;
const SDK_OF_ATTRIBUTES = 19;

/** For what a signature has to be good: an APK for Android versions, a bundle for Java alone. */
export interface JarUse {
  readonly isBundle: boolean;
  readonly minSdk: number;
}

/**
 * The certificate (DER) of the first signer of a block whose signature of the signature file is true, or why there is none. The rules are those
 * of `V1SchemeVerifier` of AOSP's apksig. Throws `UnreadablePart`.
 */
export function signerOfBlock(
  signedData: SignedData,
  signatureFile: Buffer,
  use: JarUse,
  budget: Budget,
): Buffer | Finding {
  const { signerInfos } = signedData;
  const candidates = use.minSdk < SDK_OF_EVERY_SIGNER ? signerInfos.slice(0, 1) : signerInfos;
  let first: Buffer | null = null;
  for (const signer of candidates) {
    const checked = checkSigner(signer, signedData, signatureFile, use, budget);
    if (checked !== null && !Buffer.isBuffer(checked)) return checked;
    first ??= checked;
  }
  return first ?? untrue('the signature file was changed after it was signed');
}

/** `null` where the signature is not true; another finding ends it, whatever other signers there are. */
function checkSigner(
  signer: SignerInfo,
  { certificates, contentType }: SignedData,
  signatureFile: Buffer,
  use: JarUse,
  budget: Budget,
): Buffer | Finding | null {
  const algorithm = jarAlgorithmOf(signer.digestAlgorithm, signer.signatureAlgorithm);
  const certificate = certificates.find(({ id }) => id === signer.certificateId)?.der;
  if (algorithm === null) return findingOfAlgorithm(use);
  if (!use.isBundle && algorithm.fromSdk > use.minSdk)
    return untrue(`only Android from SDK ${algorithm.fromSdk} on knows its algorithm`);
  if (certificate === undefined) return untrue('the certificate of its signer is missing');
  const trouble = withinBounds(() => troubleOfUsage(certificate, budget)) ?? troubleOfAttributes(signer, use);
  if (trouble !== null) return untrue(trouble);
  const digest = createHash(algorithm.digest).update(signatureFile).digest();
  const { signedAttributes: signed } = signer;
  if (signed !== null && !(signed.contentType === contentType && signed.messageDigest?.equals(digest))) return null;
  return isSignedWith(certificate, algorithm, signed?.encoded ?? signatureFile, signer.signature);
}

function findingOfAlgorithm({ isBundle }: JarUse): Finding {
  return isBundle ? notChecked('apptool does not know its algorithm') : untrue('Android does not know its algorithm');
}

function troubleOfAttributes({ signedAttributes: signed }: SignerInfo, { minSdk }: JarUse): string | null {
  if (signed === null) return null;
  if (minSdk < SDK_OF_ATTRIBUTES) return `only Android from SDK ${SDK_OF_ATTRIBUTES} on knows signed attributes`;
  return signed.contentType === null || signed.messageDigest === null
    ? 'its signed attributes do not say what was signed'
    : null;
}

function isSignedWith(
  der: Buffer,
  { key, digest }: { readonly key: string; readonly digest: string },
  data: Buffer,
  signature: Buffer,
): Buffer | Finding | null {
  try {
    const { publicKey } = new X509Certificate(der);
    if (publicKey.asymmetricKeyType !== key) return untrue('its certificate has a key of another type');
    return verify(digest, data, publicKey, signature) ? der : null;
  } catch {
    // A certificate or a signature that is none.
    return null;
  }
}
