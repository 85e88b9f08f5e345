import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { SandboxTools, StoredObject } from '../../contract/backend/sandbox.ts';
import { readReceivedApp } from '../../sandbox/received-app.ts';

const TOKEN_LIFETIME_S = 3600;
const SCOPE = 'openid email roles';

const Text = z.string().min(1);
/** "Request parameters": all of them required. The form of what stands below a permission is not documented beyond doubt. */
const Content = z.object({
  fallback_url: z.url(),
  variant_segment_ids: z.array(z.guid()).min(1),
  send_to_samsung: z.boolean(),
  store_metadata: z.object({
    package_name: Text,
    category: Text,
    size: z.int().positive(),
    short_description: Text,
    icon_url: z.url(),
    developer: Text,
    email: Text,
    website_url: z.url(),
    market_url: z.url(),
    privacy_policy_url: z.url(),
    permissions: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
});

const TokenBody = z.object({
  client_id: z.string(),
  client_secret: z.string(),
  grant_type: z.literal('client_credentials'),
  scope: z.literal(SCOPE),
});

interface Apk {
  readonly id: string;
  readonly arrivedAtMs: number;
  readonly sendToSamsung: boolean;
}

/** An answer other than success; neither API documents one. `code` is OAuth's, for the Account Service. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, message: string, code = 'invalid_request') {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Service = ReturnType<typeof createService>;

/** The tokens and APKs behind the endpoints: each function takes what came and gives the body of a success, or throws `Refusal`. */
export function createService(
  { options, randomId }: SandboxTools,
  client: { readonly id: string; readonly secret: string },
) {
  const tokens = new Map<string, number>();
  const apks = new Map<string, Apk>();

  return {
    token: (body: unknown): unknown => {
      const { client_id, client_secret } = parse(TokenBody, body);
      if (client_id !== client.id || client_secret !== client.secret)
        throw new Refusal(401, 'Unknown client or wrong secret', 'invalid_client');
      const token = `sandbox.${randomId()}.${randomId()}`;
      tokens.set(token, Date.now() + 1000 * TOKEN_LIFETIME_S);
      return { access_token: token, expires_in: TOKEN_LIFETIME_S, token_type: 'Bearer', scope: SCOPE };
    },
    checkToken: (header: string | undefined): void => {
      const token = /^Bearer (\S+)$/.exec(header ?? '')?.[1];
      if (token === undefined) throw new Refusal(401, 'Missing or malformed Authorization header');
      if ((tokens.get(token) ?? 0) <= Date.now()) throw new Refusal(401, 'Unknown or expired token');
    },
    upload: async (body: unknown, file: StoredObject): Promise<unknown> => {
      const content = parse(Content, body);
      await checkFile(file, content.store_metadata);
      const apk = { id: randomUUID(), arrivedAtMs: Date.now(), sendToSamsung: content.send_to_samsung };
      apks.set(apk.id, apk);
      return describeApk(apk, options);
    },
    status: (id: string): unknown => {
      const apk = apks.get(id);
      if (apk === undefined) throw new Refusal(404, 'No such APK');
      return describeApk(apk, options);
    },
  };
}

/** "This metadata specification must match the uploaded APK. A mismatch makes the request invalid." */
async function checkFile(file: StoredObject, metadata: z.infer<typeof Content>['store_metadata']): Promise<void> {
  const app = await readReceivedApp(file);
  if (app?.kind !== 'apk') throw new Refusal(422, 'file is not an APK');
  if (metadata.size !== file.sizeBytes)
    throw new Refusal(422, `store_metadata.size is ${metadata.size}, the file has ${file.sizeBytes} bytes`);
  const packageName = app.identity?.packageName ?? metadata.package_name;
  if (metadata.package_name !== packageName)
    throw new Refusal(422, `store_metadata.package_name does not match the APK, which is ${packageName}`);
}

/** One processing time for the upload, one more for Samsung, and one more until a person has approved. */
function describeApk({ id, arrivedAtMs, sendToSamsung }: Apk, { processingMs, result }: SandboxTools['options']) {
  const steps = processingMs === 0 ? 3 : Math.floor((Date.now() - arrivedAtMs) / processingMs);
  const upload = steps < 1 ? 'SCHEDULED' : result === 'failed' ? 'ERROR' : 'COMPLETED';
  const isThere = upload === 'COMPLETED';
  const samsung = isThere && steps >= 2 ? 'COMPLETED' : 'SCHEDULED';
  const manual = steps >= 3 ? 'APPROVED' : 'PENDING';
  const attributes = {
    id,
    upload_status: upload,
    samsung_approval_status: sendToSamsung ? samsung : 'NOT_REQUESTED',
    manual_approval_status: isThere ? manual : 'NOT_REQUESTED',
  };
  return { data: { id, type: 'ApkStatuses', attributes } };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'body'))];
  throw new Refusal(400, `Missing or invalid fields: ${fields.join(', ')}`);
}
