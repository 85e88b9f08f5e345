import type { AppIdentity, Permission } from '../../contract/artifact.ts';
import { checkAppId, versionNameOf } from '../app-id.ts';
import type { ResValue } from './res-chunks.ts';
import { type ResourceLookup, resolve, resolveSharpest } from './resources.ts';
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
} as const;

const PERMISSION_ELEMENTS: ReadonlySet<string> = new Set(['uses-permission', 'uses-permission-sdk-23']);

/** What a manifest says, of an APK and of a bundle alike. An SDK is a number, or the letter or name of one that is not final. */
export interface AndroidManifest extends Omit<AppIdentity, 'profileExpires'> {
  readonly testOnly: boolean;
  /** The name of the split that this is, where it is not a whole app. */
  readonly split: string | null;
}

/** What a manifest says of how the app looks: it stands in the resources, nearly always. */
export interface AndroidLooks {
  readonly label: string | null;
  /** Path of the picture. */
  readonly icon: string | null;
}

/** Rejects with `ArchiveProblem` for a package name that nobody can mean. What the lookup rejects with comes through. */
export async function readAndroidManifest(root: XmlElement, lookup: ResourceLookup): Promise<AndroidManifest> {
  const usesSdk = childOf(root, 'uses-sdk');
  const application = childOf(root, 'application');
  const read = (element: XmlElement | undefined, id: number) => resolve(attributeOf(element, id), lookup);
  const packageName = plainText(root, 'package');
  checkAppId('package name', packageName);
  return {
    packageName,
    versionName: versionNameOf(asText(await read(root, ATTRIBUTE.versionName))),
    versionCode: versionCodeOf(await read(root, ATTRIBUTE.versionCode), await read(root, ATTRIBUTE.versionCodeMajor)),
    minSdk: asSdk(await read(usesSdk, ATTRIBUTE.minSdkVersion)),
    targetSdk: asSdk(await read(usesSdk, ATTRIBUTE.targetSdkVersion)),
    permissions: permissionsOf(root),
    debuggable: isTrue(await read(application, ATTRIBUTE.debuggable)),
    testOnly: isTrue(await read(application, ATTRIBUTE.testOnly)),
    split: plainText(root, 'split'),
  };
}

/** Rejects with what the lookup rejects with. */
export async function readAndroidLooks(root: XmlElement, lookup: ResourceLookup): Promise<AndroidLooks> {
  const application = childOf(root, 'application');
  return {
    label: asText(await resolve(attributeOf(application, ATTRIBUTE.label), lookup)),
    icon: asText(await resolveSharpest(attributeOf(application, ATTRIBUTE.icon), lookup)),
  };
}

function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

function attributeOf(element: XmlElement | undefined, id: number): ResValue | undefined {
  return element?.attributes.find(({ resourceId }) => resourceId === id)?.value;
}

/** An attribute of the manifest that is not Android's: it has a name and no id. */
function plainText(root: XmlElement, name: string): string | null {
  return asText(root.attributes.find((attribute) => attribute.resourceId === null && attribute.name === name)?.value);
}

function permissionsOf(root: XmlElement): Permission[] {
  const permissions = new Map<string, Permission>();
  for (const child of root.children) {
    const name = asText(attributeOf(child, ATTRIBUTE.name));
    if (!PERMISSION_ELEMENTS.has(child.name) || name === null || permissions.has(name)) continue;
    const maxSdk = attributeOf(child, ATTRIBUTE.maxSdkVersion);
    permissions.set(name, { name, maxSdk: maxSdk?.type === 'number' ? maxSdk.value : null });
  }
  return [...permissions.values()];
}

/** The two halves of a 64-bit number; `null` for one that JavaScript cannot hold. */
function versionCodeOf(lower: ResValue | undefined, upper: ResValue | undefined): number | null {
  if (lower?.type !== 'number') return null;
  const code = (upper?.type === 'number' ? upper.value : 0) * 2 ** 32 + (lower.value >>> 0);
  return Number.isSafeInteger(code) ? code : null;
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

function isTrue(value: ResValue | undefined): boolean {
  return (value?.type === 'boolean' && value.value) || (value?.type === 'number' && value.value !== 0);
}
