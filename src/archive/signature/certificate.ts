import { createHash, X509Certificate } from 'node:crypto';

/** An X.509 certificate, as far as it says who has signed. */
export interface Certificate {
  /** As `apksigner` and `keytool` print it; `null` where the certificate cannot be read. */
  readonly subject: string | null;
  /** Hex SHA-256 of the certificate: what stores call its fingerprint. */
  readonly sha256: string;
  readonly validFrom: string | null;
  readonly validUntil: string | null;
  /** Whether it is one that Android's build tools make for debug builds, with which nothing can be released. */
  readonly androidDebug: boolean;
}

/** Describes a certificate by its DER form. Never throws: of one that cannot be read, the fingerprint is known. */
export function describeCertificate(der: Buffer): Certificate {
  const sha256 = createHash('sha256').update(der).digest('hex');
  try {
    const { subject, validFrom, validTo } = new X509Certificate(der);
    // One attribute a line, the most general first.
    const parts = subject.split('\n').reverse();
    return {
      subject: parts.join(', '),
      sha256,
      validFrom: new Date(validFrom).toISOString(),
      validUntil: new Date(validTo).toISOString(),
      androidDebug: parts.includes('CN=Android Debug') && parts.includes('O=Android'),
    };
  } catch {
    return { subject: null, sha256, validFrom: null, validUntil: null, androidDebug: false };
  }
}
