import type { XmlElement } from '../android/xml-element.ts';

/** frameworks/base/core/res/res/values/public-final.xml */
const ATTRIBUTE = {
  minSdkVersion: 0x0101020c,
  targetSdkVersion: 0x01010270,
  targetSandboxVersion: 0x0101054c,
} as const;
/** A version that is not final has a name; all that have had one know of signing blocks. */
const SDK_OF_CODENAME = 24;

/** What of a manifest decides which signatures Android looks at, and which it wants. */
export interface SigningDemands {
  readonly minSdk: number;
  readonly targetSdk: number;
  /** `android:targetSandboxVersion`; from 2 on Android wants a signing block. */
  readonly targetSandbox: number;
}

/** Where a manifest says nothing, or cannot be read: every Android version looks at the app. */
export const LEAST_DEMANDS: SigningDemands = { minSdk: 1, targetSdk: 1, targetSandbox: 1 };

/** As `ApkUtils` of AOSP's apksig takes them from a manifest. */
export function signingDemandsOf(root: XmlElement): SigningDemands {
  const sdks = root.children.filter(({ name }) => name === 'uses-sdk');
  const minSdk = Math.max(1, ...sdks.map((sdk) => numberOf(sdk, ATTRIBUTE.minSdkVersion) ?? 1));
  const [targetSdk = minSdk] = sdks.flatMap((sdk) => numberOf(sdk, ATTRIBUTE.targetSdkVersion) ?? []);
  return { minSdk, targetSdk, targetSandbox: numberOf(root, ATTRIBUTE.targetSandboxVersion) ?? 1 };
}

function numberOf({ attributes }: XmlElement, id: number): number | null {
  const value = attributes.find(({ resourceId }) => resourceId === id)?.value;
  if (value?.type === 'number') return value.value;
  if (value?.type !== 'string') return null;
  return /^\d{1,4}$/.test(value.text) ? Number(value.text) : SDK_OF_CODENAME;
}
