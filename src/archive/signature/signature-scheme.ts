import type { Certificate } from './certificate.ts';

/** Whether and by whom an app is signed in one of the ways that there are. */
export interface SignatureScheme {
  readonly scheme: 'v1' | 'v2' | 'v3' | 'v3.1' | 'v3.2' | 'v4';
  readonly signers: readonly Certificate[];
  /** Whether the signature is true to what is in the file now; `null` where that was not or cannot be checked. */
  readonly verified: boolean | null;
  /** Why it does not verify, or was not checked. */
  readonly reason: string | null;
}
