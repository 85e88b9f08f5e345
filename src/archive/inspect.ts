import type { AppIdentity } from '../contract/artifact.ts';
import { readAndroidApp } from './android/android-app.ts';
import type { AndroidLooks, AndroidManifest } from './android/android-manifest.ts';
import { androidIdentity, iosIdentity } from './app-identity.ts';
import type { AppArchive } from './archive-kind.ts';
import { type IosApp, readIosApp } from './ios/ios-app.ts';
import type { SignatureScheme } from './signature/signature-scheme.ts';
import { readSignatures, signerNamesOf, signersOf } from './signature/signatures.ts';

/** What is inside an app archive. What could not be read is told in `problems`. */
export type AppFacts = AndroidFacts | IosFacts;

export interface AndroidFacts {
  readonly kind: 'apk' | 'aab';
  /** `null` where the manifest cannot be read. */
  readonly app: (AndroidManifest & AndroidLooks) | null;
  /** The processors that it has native code for; empty where it has none. */
  readonly abis: readonly string[];
  readonly signatures: readonly SignatureScheme[];
  readonly problems: readonly string[];
}

export interface IosFacts {
  readonly kind: 'ipa';
  /** `null` where the Info.plist cannot be read. */
  readonly app: IosApp | null;
  readonly problems: readonly string[];
}

/** What small reads could tell, and the way to what takes reading all of the file. */
export interface Inspection {
  readonly facts: AppFacts;
  /** Hex SHA-256 of the certificates of its newest signature; `null` where that cannot be told. */
  readonly signers: string[] | null;
  readonly signedBy: string[] | null;
  /** The facts with every signature checked that can be. Rejects with the signal's reason. */
  verify(signal: AbortSignal): Promise<AppFacts>;
}

/** Rejects with `ArchiveProblem` for an archive that no honest build makes. */
export async function inspectArchive(archive: AppArchive): Promise<Inspection> {
  return archive.kind === 'ipa' ? await inspectIos(archive) : await inspectAndroid(archive, archive.kind);
}

async function inspectIos(archive: AppArchive): Promise<Inspection> {
  const problems: string[] = [];
  const facts = { kind: 'ipa' as const, app: await readIosApp(archive, problems), problems };
  return { facts, signers: null, signedBy: null, verify: async () => facts };
}

async function inspectAndroid(archive: AppArchive, kind: 'apk' | 'aab'): Promise<Inspection> {
  const problems: string[] = [];
  const read = await readAndroidApp(archive, problems);
  const app = read === null ? null : { ...read.manifest, ...(await read.looks()) };
  const signatures = await readSignatures(archive, problems);
  const factsWith = (schemes: readonly SignatureScheme[]): AndroidFacts => ({
    kind,
    app,
    abis: abisOf(archive.zip.names),
    signatures: schemes,
    problems,
  });
  return {
    facts: factsWith(signatures.schemes),
    signers: signersOf(signatures),
    signedBy: signerNamesOf(signatures),
    verify: async (signal) => factsWith(await signatures.verify(signal)),
  };
}

/** Who the app says it is; `null` where that cannot be read. */
export function identityOf(facts: AppFacts): AppIdentity | null {
  if (facts.app === null) return null;
  return facts.kind === 'ipa' ? iosIdentity(facts.app) : androidIdentity(facts.app);
}

/** `lib/<abi>/` of an APK, `<module>/lib/<abi>/` of a bundle. */
function abisOf(names: readonly string[]): string[] {
  const abis = new Set<string>();
  for (const name of names) {
    const [, abi] = /^(?:[^/]+\/)?lib\/([^/]+)\/[^/]+$/.exec(name) ?? [];
    if (abi !== undefined) abis.add(abi);
  }
  return [...abis].sort();
}
