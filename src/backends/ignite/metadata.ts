import type { AppIdentity, Artifact } from '../../contract/artifact.ts';
import { UsageError } from '../../contract/errors.ts';
import { IgniteSettings } from './settings.ts';

type Permissions = NonNullable<IgniteSettings['permissions']>;

/** What goes with the file, in the API's own names: "POST /v1/upload_apk/external_user", "Request parameters". All of it is required. */
export interface UploadContent {
  readonly fallback_url: string;
  readonly variant_segment_ids: readonly string[];
  readonly send_to_samsung: boolean;
  readonly store_metadata: Readonly<Record<string, unknown>> & {
    readonly package_name?: string | undefined;
    readonly permissions?: Permissions | undefined;
  };
}

/** The fields of `store_metadata` but `size`, and the setting that holds each. */
const SETTING_OF = {
  package_name: 'packageName',
  category: 'category',
  short_description: 'shortDescription',
  icon_url: 'iconUrl',
  developer: 'developer',
  email: 'email',
  website_url: 'websiteUrl',
  market_url: 'marketUrl',
  privacy_policy_url: 'privacyPolicyUrl',
  permissions: 'permissions',
} as const satisfies Readonly<Record<string, keyof IgniteSettings>>;

/**
 * The settings and what the APK says of itself, as one. Throws a `UsageError` that names everything that is missing or wrong, and every
 * setting that contradicts the APK: "A mismatch makes the request invalid".
 */
export function contentOf(settings: IgniteSettings, artifact: Artifact): UploadContent {
  const problems: string[] = [];
  const metadata = completed(described(settings, problems), artifact, problems);
  const { fallbackUrl, variantSegmentIds, sendToSamsung } = settings;
  const needed: Record<string, unknown> = { fallbackUrl, variantSegmentIds, sendToSamsung };
  for (const [field, key] of Object.entries(SETTING_OF)) needed[key] = metadata[field];
  const missing = Object.keys(needed).filter((key) => needed[key] === undefined);
  if (!settings.barePermissions) problems.push(...undescribed(metadata.permissions));
  if (missing.length > 0) problems.unshift(`${missing.join(', ')} missing`);
  if (
    fallbackUrl === undefined ||
    variantSegmentIds === undefined ||
    sendToSamsung === undefined ||
    problems.length > 0
  ) {
    throw new UsageError(`Ignite cannot take ${artifact.name} with these settings: ${problems.join('; ')}`, {
      hint: 'set each under "ignite" in the config, or all of them at once with storeMetadata',
      next: { do: 'set', backend: 'ignite', setting: 'storeMetadata', value: '@metadata.json' },
    });
  }
  return {
    fallback_url: fallbackUrl,
    variant_segment_ids: variantSegmentIds,
    send_to_samsung: sendToSamsung,
    store_metadata: metadata,
  };
}

/** What the settings say of the app: a setting of its own comes before the same field of `storeMetadata`. */
function described(settings: IgniteSettings, problems: string[]): UploadContent['store_metadata'] {
  const metadata: Record<string, unknown> = { ...settings.storeMetadata };
  for (const [field, key] of Object.entries(SETTING_OF)) {
    const parsed = IgniteSettings.shape[key].safeParse(settings[key] ?? metadata[field] ?? undefined);
    metadata[field] = parsed.data;
    if (!parsed.success) problems.push(`storeMetadata.${field}: ${parsed.error.issues[0]?.message}`);
  }
  return metadata;
}

/** The same with what the APK says of itself, where it can be read. */
function completed(
  metadata: UploadContent['store_metadata'],
  { identity, sizeBytes }: Artifact,
  problems: string[],
): UploadContent['store_metadata'] {
  if (metadata.size !== undefined && metadata.size !== sizeBytes)
    problems.push(`storeMetadata.size is not the ${sizeBytes} bytes of the file`);
  const packageName = metadata.package_name ?? identity?.packageName ?? undefined;
  if (identity?.packageName != null && packageName !== identity.packageName)
    problems.push(`packageName is ${packageName}, but the package of the APK is ${identity.packageName}`);
  const permissions =
    identity === null ? metadata.permissions : permissionsOf(metadata.permissions, identity, problems);
  return { ...metadata, package_name: packageName, size: sizeBytes, permissions };
}

/** Every permission that the APK asks for: as it is described, or else by its name alone. */
function permissionsOf(given: Permissions = {}, { permissions }: AppIdentity, problems: string[]): Permissions {
  const asked = permissions.map(({ name }) => nameOf(name));
  const foreign = Object.keys(given).filter((name) => !asked.includes(nameOf(name)));
  if (foreign.length > 0) problems.push(`permissions that the APK does not request: ${foreign.join(', ')}`);
  const known = Object.keys(given).map(nameOf);
  const others = asked.filter((name) => !known.includes(name));
  return { ...given, ...Object.fromEntries(others.map((name) => [name, {}])) };
}

/** "description" and "category" of each permission are required. In what form a description stands is not documented beyond doubt. */
function undescribed(permissions: Permissions = {}): string[] {
  const bare = Object.keys(permissions).filter((name) => {
    const members = Object.keys(permissions[name] ?? {});
    return !members.includes('category') || members.length < 2;
  });
  if (bare.length === 0) return [];
  return [`permissions without a description and a category: ${bare.join(', ')} (or set ignite.barePermissions=true)`];
}

/** "if your app requires network access, specify access_network_state": the last word of Android's name, in small letters. */
function nameOf(permission: string): string {
  return permission.slice(permission.lastIndexOf('.') + 1).toLowerCase();
}
