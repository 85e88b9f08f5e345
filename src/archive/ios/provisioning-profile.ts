import { dictIn, readPropertyList, textIn, textsIn } from '../plist/property-list.ts';
import { type Certificate, describeCertificate } from '../signature/certificate.ts';
import { UnreadablePart } from '../zip/archive-file.ts';

/** What an IPA may be installed on, and by whose leave. */
export interface ProvisioningProfile {
  readonly name: string | null;
  readonly uuid: string | null;
  /** `application-identifier`: whose app it is for, such as `ABCDE12345.com.example.app` or `ABCDE12345.*`. */
  readonly appId: string | null;
  readonly kind: 'development' | 'ad-hoc' | 'enterprise' | 'app-store';
  readonly teamId: string | null;
  readonly teamName: string | null;
  /** ISO 8601. */
  readonly expires: string | null;
  /** How many devices are listed; `null` for a profile that lists none. */
  readonly deviceCount: number | null;
  /** `get-task-allow`: a debugger may attach. */
  readonly debuggable: boolean;
  /** Whose signatures the profile allows. */
  readonly certificates: readonly Certificate[];
}

/** A team has a few; reading one takes longer than reading all the rest of a profile. */
const MOST_CERTIFICATES = 100;

/**
 * Reads an `embedded.mobileprovision`: a CMS message around an XML property list, which stands in it as it is. The signature of the
 * message is not checked. Keys: developer.apple.com/documentation/technotes/tn3125-inside-code-signing-provisioning-profiles
 * Throws `UnreadablePart`.
 */
export function readProvisioningProfile(bytes: Buffer): ProvisioningProfile {
  const declarationAt = bytes.indexOf('<?xml');
  const from = declarationAt < 0 ? bytes.indexOf('<plist') : declarationAt;
  const end = '</plist>';
  const to = bytes.lastIndexOf(end);
  if (from < 0 || to < from) throw new UnreadablePart('is in an unknown format', { isHostile: false });
  const profile = readPropertyList(bytes.subarray(from, to + end.length));
  const devices = profile.get('ProvisionedDevices');
  const deviceCount = Array.isArray(devices) ? devices.length : null;
  const entitlements = dictIn(profile, 'Entitlements');
  const debuggable = entitlements.get('get-task-allow') === true;
  const certificates = profile.get('DeveloperCertificates');
  const expires = profile.get('ExpirationDate');
  return {
    name: textIn(profile, 'Name'),
    uuid: textIn(profile, 'UUID'),
    appId: textIn(entitlements, 'application-identifier') ?? textIn(entitlements, 'com.apple.application-identifier'),
    kind: kindOf(profile.get('ProvisionsAllDevices') === true, deviceCount !== null, debuggable),
    teamId: textsIn(profile, 'TeamIdentifier')[0] ?? null,
    teamName: textIn(profile, 'TeamName'),
    expires: expires instanceof Date && !Number.isNaN(expires.getTime()) ? expires.toISOString() : null,
    deviceCount,
    debuggable,
    certificates: Array.isArray(certificates)
      ? certificates
          .slice(0, MOST_CERTIFICATES)
          .filter((one) => Buffer.isBuffer(one))
          .map((der) => describeCertificate(der))
      : [],
  };
}

function kindOf(allDevices: boolean, listsDevices: boolean, isDebuggable: boolean): ProvisioningProfile['kind'] {
  if (allDevices) return 'enterprise';
  if (!listsDevices) return 'app-store';
  return isDebuggable ? 'development' : 'ad-hoc';
}
