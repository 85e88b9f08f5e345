import * as z from 'zod';
import { ResultDocument } from '../../contract/result-document.ts';

const Certificate = z.strictObject({
  subject: z.string().nullable(),
  sha256: z.string().describe('Hex SHA-256 of the certificate'),
  validFrom: z.iso.datetime().nullable(),
  validUntil: z.iso.datetime().nullable(),
  androidDebug: z.boolean().describe('Whether it is one that Android makes for debug builds'),
});

const Sdk = z.union([z.int(), z.string()]).nullable().describe('API level, or the name of one that is not final');

const AndroidApp = z.strictObject({
  packageName: z.string().nullable(),
  versionName: z.string().nullable(),
  versionCode: z.int().nullable(),
  minSdk: Sdk,
  targetSdk: Sdk,
  permissions: z.array(
    z.strictObject({ name: z.string(), maxSdk: z.int().nullable().describe('The last API level that it is asked on') }),
  ),
  debuggable: z.boolean(),
  testOnly: z.boolean(),
  split: z.string().nullable().describe('The split that this is, where it is not a whole app'),
  needsSplits: z.boolean().describe('Whether it is installed with its splits only'),
  label: z.string().nullable(),
  icon: z.string().nullable().describe('Path in the archive'),
});

const Signature = z.strictObject({
  scheme: z
    .enum(['v1', 'v2', 'v3', 'v3.1', 'v3.2', 'v4'])
    .describe('v1 is the JAR signature, the only one of a bundle'),
  signers: z.array(Certificate),
  verified: z.boolean().nullable().describe('Whether it is valid for the contents; null where that was not checked'),
  reason: z.string().nullable().describe('Why it does not verify, or was not checked'),
});

const Problems = z.array(z.string()).describe('What could not be read');

const IosApp = z.strictObject({
  bundleId: z.string().nullable(),
  versionName: z.string().nullable(),
  buildNumber: z.string().nullable(),
  minimumOs: z.string().nullable(),
  sdk: z.string().nullable(),
  platforms: z.array(z.string()).describe('What it runs on, such as iPhoneOS'),
  label: z.string().nullable(),
  icon: z.string().nullable().describe('Path in the archive'),
  usageDescriptions: z.array(z.string()).describe('The keys by which it explains what it wants access to'),
  signed: z.boolean(),
  profile: z
    .strictObject({
      name: z.string().nullable(),
      uuid: z.string().nullable(),
      appId: z.string().nullable().describe('Whose app it is for, its prefix first; * stands for any'),
      kind: z.enum(['development', 'ad-hoc', 'enterprise', 'app-store']),
      teamId: z.string().nullable(),
      teamName: z.string().nullable(),
      expires: z.iso.datetime().nullable(),
      deviceCount: z.int().nullable().describe('null for a profile that lists no devices'),
      debuggable: z.boolean(),
      certificates: z.array(Certificate).describe('Whose signatures the profile allows'),
    })
    .nullable(),
});

export const InspectData = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['apk', 'aab']),
    app: AndroidApp.nullable().describe('null where the manifest cannot be read'),
    abis: z.array(z.string()),
    signatures: z.array(Signature),
    problems: Problems,
  }),
  z.strictObject({
    kind: z.literal('ipa'),
    app: IosApp.nullable().describe('null where the Info.plist cannot be read'),
    problems: Problems,
  }),
]);

/** What `apptool inspect --json` prints: the result document, whose `data` is what is inside the file, or `null` when it failed. */
export const InspectDocument = ResultDocument.extend({ data: InspectData.nullable() });
