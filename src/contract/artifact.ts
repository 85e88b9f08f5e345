/** The app archives that apptool reads: an Android package, an Android App Bundle, an iOS app archive. */
export type ArtifactKind = 'apk' | 'aab' | 'ipa';
export type Platform = 'android' | 'ios';

/**
 * A request body that can be opened again: that is what a retry does, so nothing is buffered for it.
 * Each `open` yields exactly `sizeBytes` bytes or throws. A yielded chunk is valid until the next one is pulled.
 */
export interface Body {
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

/** A permission that an Android app asks for; `maxSdk` is the last Android version (API level) that it is asked on. */
export interface Permission {
  readonly name: string;
  readonly maxSdk: number | null;
}

/** Why no store takes an app as it is; most such apps no device takes either. */
export interface Unfit {
  readonly code:
    | 'split'
    | 'needs-splits'
    | 'test-only'
    | 'no-id'
    | 'no-base'
    | 'no-app'
    | 'not-for-ios'
    | 'profile-of-another-app';
  /** What is wrong with it, after "it": `is built for the simulator`. */
  readonly why: string;
}

/** Who an app says it is: its Android manifest, or its Info.plist. What the file does not say is `null`. */
export interface AppIdentity {
  /** Package name of an Android app, bundle id of an iOS app. */
  readonly packageName: string | null;
  readonly versionName: string | null;
  /** The whole number by which stores order versions; `null` for an iOS build number that is none. */
  readonly versionCode: number | null;
  /** `CFBundleVersion` of an iOS app: numbers with dots between them; `null` for an Android app. */
  readonly buildNumber: string | null;
  /** API level, or the name of one that is not final; `null` for an iOS app. */
  readonly minSdk: number | string | null;
  readonly targetSdk: number | string | null;
  /** Those of an Android app; empty for an iOS app. */
  readonly permissions: readonly Permission[];
  readonly debuggable: boolean;
  /** When the provisioning profile of an iOS app expires (ISO 8601); `null` where it has none. */
  readonly profileExpires: string | null;
  readonly unfit: readonly Unfit[];
}

/** A local file that is to be sent, open on one descriptor whose identity was fixed when it was opened. */
export interface Artifact {
  readonly path: string;
  /** Base name, as the backend sees it. */
  readonly name: string;
  /** `other` for a file of `Capabilities.otherFiles`: it is handed on as it is, and nothing here looks into it. */
  readonly kind: ArtifactKind | 'other';
  /** `other` where the kind is. */
  readonly platform: Platform | 'other';
  /** `null` where the file does not tell, which is no reason not to send it. */
  readonly identity: AppIdentity | null;
  readonly sizeBytes: number;
  /** Hex SHA-256 of the whole file; computed once. Rejects with the signal's reason when cancelled. */
  sha256(signal: AbortSignal): Promise<string>;
  /** The bytes from `start` up to, not including, `end`. */
  slice(start: number, end: number): Body;
  /** Throws `LocalIoError` when the file is no longer the one that was opened. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}
