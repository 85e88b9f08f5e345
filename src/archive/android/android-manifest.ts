import type { AppIdentity, Permission } from '../../contract/artifact.ts';
import { checkAppId, versionNameOf } from '../app-id.ts';
import type { ResValue } from './res-chunks.ts';
import { type ResourceLookup, resolve, resolveAll, resolveSharpest } from './resources.ts';
import type { XmlElement } from './xml-element.ts';

/** Android's own attributes: frameworks/base/core/res/res/values/public-final.xml. */
const ATTRIBUTE = {
  label: 0x01010001,
  icon: 0x01010002,
  name: 0x01010003,
  debuggable: 0x0101000f,
  minSdkVersion: 0x0101020c,
  versionCode: 0x0101021b,
  versionName: 0x0101021c,
  targetSdkVersion: 0x01010270,
  maxSdkVersion: 0x01010271,
  testOnly: 0x01010272,
  versionCodeMajor: 0x01010576,
  isSplitRequired: 0x01010591,
} as const;

const ANDROID = 'http://schemas.android.com/apk/res/android';
/** `ParsingPackageUtils` of Android knows the newest one by two names. */
const PERMISSION_ELEMENTS: ReadonlySet<string> = new Set([
  'uses-permission',
  'uses-permission-sdk-23',
  'uses-permission-sdk-m',
]);

/** What a manifest says, of an APK and of a bundle alike. An SDK is a number, or the letter or name of one that is not final. */
export interface AndroidManifest extends Omit<AppIdentity, 'profileExpires' | 'buildNumber' | 'unfit'> {
  readonly testOnly: boolean;
  /** The name of the split that this is, where it is not a whole app. */
  readonly split: string | null;
  /** Whether it is the base of an app that Android installs with its splits only. */
  readonly needsSplits: boolean;
}

/** What a manifest says of how the app looks: it stands in the resources, nearly always. */
export interface AndroidLooks {
  readonly label: string | null;
  /** Path of the picture. */
  readonly icon: string | null;
}

/**
 * Rejects with `ArchiveProblem` for a package name that nobody can mean. What the lookup rejects with comes through. What a gate goes by
 * is the worst case: `true` where any device may take it for true, or where nobody can tell, which is a problem then.
 */
export async function readAndroidManifest(
  root: XmlElement,
  lookup: ResourceLookup,
  problems: string[],
): Promise<AndroidManifest> {
  const usesSdk = childOf(root, 'uses-sdk');
  const application = childOf(root, 'application');
  const read = (element: XmlElement | undefined, id: number) => resolve(attributeOf(element, id), lookup);
  const isSet = (element: XmlElement | undefined, name: keyof typeof ATTRIBUTE) =>
    mayBeTrue(attributeOf(element, ATTRIBUTE[name]), lookup, `android:${name}`, problems);
  const packageName = plainText(root, null, 'package');
  checkAppId('package name', packageName);
  return {
    packageName,
    versionName: versionNameOf(asShown(await read(root, ATTRIBUTE.versionName))),
    versionCode: versionCodeOf(
      await lowest(attributeOf(root, ATTRIBUTE.versionCode), lookup),
      await lowest(attributeOf(root, ATTRIBUTE.versionCodeMajor), lookup),
    ),
    minSdk: asSdk(await read(usesSdk, ATTRIBUTE.minSdkVersion)),
    targetSdk: asSdk(await read(usesSdk, ATTRIBUTE.targetSdkVersion)),
    permissions: await permissionsOf(root, lookup),
    debuggable: await isSet(application, 'debuggable'),
    testOnly: await isSet(application, 'testOnly'),
    split: plainText(root, null, 'split'),
    needsSplits:
      (await isSet(root, 'isSplitRequired')) ||
      (await isSet(application, 'isSplitRequired')) ||
      plainText(root, ANDROID, 'requiredSplitTypes') !== null,
  };
}

/** Rejects with what the lookup rejects with. */
export async function readAndroidLooks(root: XmlElement, lookup: ResourceLookup): Promise<AndroidLooks> {
  const application = childOf(root, 'application');
  return {
    label: asShown(await resolve(attributeOf(application, ATTRIBUTE.label), lookup)),
    icon: asText(await resolveSharpest(attributeOf(application, ATTRIBUTE.icon), lookup)),
  };
}

function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

function attributeOf(element: XmlElement | undefined, id: number): ResValue | undefined {
  return element?.attributes.find(({ resourceId }) => resourceId === id)?.value;
}

/** The first attribute of this namespace and name, as Android's `getAttributeValue` finds it; an empty one says nothing. */
function plainText(root: XmlElement, namespace: string | null, name: string): string | null {
  return asText(root.attributes.find((one) => one.namespace === namespace && one.name === name)?.value) || null;
}

/** Each permission once, with the widest of its limits: Android asks for it wherever any of them says so. */
async function permissionsOf(root: XmlElement, lookup: ResourceLookup): Promise<Permission[]> {
  const permissions = new Map<string, Permission>();
  for (const child of root.children) {
    if (!PERMISSION_ELEMENTS.has(child.name)) continue;
    const name = asText(await resolve(attributeOf(child, ATTRIBUTE.name), lookup));
    if (name === null) continue;
    const known = permissions.get(name);
    const maxSdk = await widest(attributeOf(child, ATTRIBUTE.maxSdkVersion), lookup);
    const isWider = known !== undefined && known.maxSdk !== null && (maxSdk === null || maxSdk > known.maxSdk);
    if (known === undefined || isWider) permissions.set(name, { name, maxSdk });
  }
  return [...permissions.values()];
}

/** The highest number that a limit comes to on any device; `null` for no limit. */
async function widest(limit: ResValue | undefined, lookup: ResourceLookup): Promise<number | null> {
  const limits = (await resolveAll(limit, lookup)).map((value) => (value.type === 'number' ? value.value : null));
  return limits.length === 0 || limits.includes(null) ? null : Math.max(...(limits as number[]));
}

/** The lowest number that a value comes to on any device. */
async function lowest(value: ResValue | undefined, lookup: ResourceLookup): Promise<ResValue | undefined> {
  const [first, ...others] = await resolveAll(value, lookup);
  return others.reduce((least, next) => (unsigned(next) < unsigned(least) ? next : least), first as ResValue);
}

/** Below every number for what is none. */
function unsigned(value: ResValue): number {
  return value.type === 'number' ? value.value >>> 0 : -1;
}

/** The two halves of a 64-bit number; `null` for one that JavaScript cannot hold. */
function versionCodeOf(lower: ResValue | undefined, upper: ResValue | undefined): number | null {
  if (lower?.type !== 'number') return null;
  const code = (upper?.type === 'number' ? upper.value : 0) * 2 ** 32 + (lower.value >>> 0);
  return Number.isSafeInteger(code) ? code : null;
}

/** As `asText`; a text ends at a NUL when it is shown, as aapt2 shows it. */
function asShown(value: ResValue | undefined): string | null {
  return asText(value)?.replace(/\0[\s\S]*$/, '') ?? null;
}

function asText(value: ResValue | undefined): string | null {
  if (value?.type === 'string') return value.text;
  return value?.type === 'number' ? String(value.value) : null;
}

function asSdk(value: ResValue | undefined): number | string | null {
  if (value?.type === 'number') return value.value;
  if (value?.type !== 'string') return null;
  return /^\d{1,4}$/.test(value.text) ? Number(value.text) : value.text;
}

/**
 * Whether a flag is set on any device. Texts count by what `XmlUtils.convertValueToBoolean` of Android and `ParseBool` of aapt2 take for
 * true, of which compiled manifests of XML editors are full.
 */
async function mayBeTrue(
  flag: ResValue | undefined,
  lookup: ResourceLookup,
  name: string,
  problems: string[],
): Promise<boolean> {
  const values = await resolveAll(flag, lookup);
  if (values.some(isTrue)) return true;
  const isUnknown = values.some((value) => value.type === 'other' || (value.type === 'reference' && value.id !== 0));
  if (isUnknown) problems.push(`cannot tell whether ${name} is set, so apptool treats it as set`);
  return isUnknown;
}

function isTrue(value: ResValue): boolean {
  if (value.type === 'string') return /^\s*(?:true|1|-1)\s*$/i.test(value.text);
  return (value.type === 'boolean' && value.value) || (value.type === 'number' && value.value !== 0);
}
