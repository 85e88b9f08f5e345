import * as z from 'zod';
import type { SandboxTools } from '../../contract/backend/sandbox.ts';
import { parseBody, Refusal } from '../../sandbox/refusal.ts';
import type { ProtectionJob } from '../apptego-shared/sandbox-protection.ts';

const LARGEST_KEY_FILE = 10 * 1024 * 1024;

const PlatformField = z.enum(['android', 'ios']);
const KeyBody = z.object({
  key_name: z.string().min(1),
  platform: PlatformField,
  file_name: z.string().min(1),
  password: z.string().min(1),
  alias: z.string().min(1).optional(),
  file_size: z.int().min(1).optional(),
  is_default: z.boolean().optional(),
});
const LegacyBody = z.object({
  file: z.string().min(1),
  password: z.string().min(1),
  application_id: z.string().min(1),
  platform: PlatformField,
  alias: z.string().min(1).optional(),
});

/** A signing key, or the legacy signing file of an application. */
export interface SigningMaterial {
  readonly id: string;
  readonly name: string;
  readonly platform: ProtectionJob['platform'];
  readonly fileName: string;
  readonly createdAtMs: number;
  isDefault: boolean;
  /** Whether the file itself has arrived. */
  hasFile: boolean;
}

/** "Code Signing": each function takes a body and gives the body of a 200, or throws `Refusal`. */
export function createKeys({ options, store, randomId }: SandboxTools) {
  const keys = new Map<string, SigningMaterial>();
  if (options.hasDefaultKey) for (const key of [defaultKey('android'), defaultKey('ios')]) keys.set(key.id, key);

  const addressFor = (material: SigningMaterial): string =>
    store.putUrl({ lifetimeMs: options.urlLifetimeMs, contentType: null, mostBytes: LARGEST_KEY_FILE }, () => {
      material.hasFile = true;
    });
  const find = (id: string): SigningMaterial => {
    const key = keys.get(id);
    if (key === undefined) throw new Refusal(404, 'Signing key not found');
    return key;
  };
  const setDefault = (platform: string, chosen: SigningMaterial | null): void => {
    for (const key of keys.values()) if (key.platform === platform) key.isDefault = key === chosen;
  };

  return {
    named: (id: string | null): SigningMaterial | null => (id === null ? null : (keys.get(id) ?? null)),
    /** "Omit to use the tenant default key when configured, or set none to skip signing-key metadata." */
    keyFor: (given: string | undefined, platform: ProtectionJob['platform']): string | null => {
      if (given === 'none') return null;
      if (given === undefined)
        return [...keys.values()].find((key) => key.platform === platform && key.isDefault)?.id ?? null;
      const key = keys.get(given);
      if (key === undefined || key.platform !== platform) throw new Refusal(400, 'Invalid signing key selection');
      return key.id;
    },
    list: (): unknown => ({
      signing_keys: [...keys.values()].map((key) => ({
        key_id: key.id,
        key_name: key.name,
        platform: key.platform,
        file_name: key.fileName,
        is_default: key.isDefault,
        uploaded_by: 'user@example.com',
        creation_time: Math.floor(key.createdAtMs / 1000),
      })),
    }),
    add: (body: unknown): unknown => {
      const fields = parseBody(KeyBody, body);
      demandAlias(fields);
      if ((fields.file_size ?? 0) > LARGEST_KEY_FILE)
        throw new Refusal(400, 'Signing key too large: the limit is 10 MB');
      const { key_name: name, file_name: fileName, platform } = fields;
      const state = { isDefault: false, hasFile: false };
      const key = { id: `key-${randomId()}`, name, platform, fileName, createdAtMs: Date.now(), ...state };
      keys.set(key.id, key);
      if (fields.is_default === true) setDefault(platform, key);
      return { key_id: key.id, url: addressFor(key) };
    },
    setDefault: (body: unknown): unknown => {
      const { platform, key_id: id } = parseBody(
        z.object({ platform: PlatformField, key_id: z.string().nullish() }),
        body,
      );
      const key = id == null ? null : find(id);
      if (key !== null && key.platform !== platform) throw new Refusal(400, 'The key is for another platform');
      setDefault(platform, key);
      return { success: true };
    },
    remove: (body: unknown): unknown => {
      keys.delete(find(parseBody(z.object({ key_id: z.string() }), body).key_id).id);
      return { success: true };
    },
    /** The legacy file of an application, and where it goes. */
    legacy: (body: unknown): { readonly material: SigningMaterial; readonly answer: unknown } => {
      const fields = parseBody(LegacyBody, body);
      demandAlias(fields);
      const { application_id: id, platform, file } = fields;
      const state = { isDefault: false, hasFile: false };
      const material = { id, name: id, platform, fileName: file, createdAtMs: Date.now(), ...state };
      return { material, answer: { url: addressFor(material) } };
    },
  };
}

/** A key that the tenant has had all along, and signs with what names none. */
function defaultKey(platform: ProtectionJob['platform']): SigningMaterial {
  const fileName = platform === 'android' ? 'sandbox.jks' : 'sandbox.p12';
  const state = { createdAtMs: Date.now(), isDefault: true, hasFile: true };
  return { id: `sandbox-default-${platform}`, name: 'Sandbox default', platform, fileName, ...state };
}

function demandAlias({ platform, alias }: { readonly platform: string; readonly alias?: string | undefined }): void {
  if (platform === 'android' && alias === undefined) throw new Refusal(400, 'Missing or invalid fields: alias');
}
