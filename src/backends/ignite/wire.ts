import * as z from 'zod';
import type { DescribeError, ErrorDescription } from '../../contract/backend/http.ts';
import { describeUnknownError } from '../../transfer/http/error-text.ts';
import { Word } from '../loose-fields.ts';

/** The JSON of Digital Turbine's App Management API (docs.digitalturbine.com/dt-ignite/app-management-api): only the fields that are read. */

const SHORTEST_TOKEN_S = 60;
/** "expires_in": "Token lifetime in seconds, always 3600". */
const LONGEST_TOKEN_S = 3600;
/** RFC 6750, section 2.1; as long as a server takes a whole head to be. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const LONGEST_TOKEN = 16 * 1024;
const ID = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * "POST /api/auth/token". Another API of the vendor answers the same in camelCase. `null` for a token that cannot be used: only
 * "token_type: Always Bearer" is.
 */
export const TokenReply = z.looseObject({}).transform((reply) => {
  const value = reply.access_token ?? reply.accessToken;
  const type = reply.token_type ?? reply.tokenType;
  const isUsable = typeof value === 'string' && value.length <= LONGEST_TOKEN && TOKEN.test(value);
  if (!isUsable || typeof type !== 'string' || type.toLowerCase() !== 'bearer') return null;
  return { value, lifetimeMs: 1000 * lifetimeOf(reply.expires_in ?? reply.expiresIn) };
});

function lifetimeOf(seconds: unknown): number {
  if (typeof seconds !== 'number') return LONGEST_TOKEN_S;
  return Math.min(LONGEST_TOKEN_S, Math.max(SHORTEST_TOKEN_S, seconds));
}

/** A safe integer is taken as its digits. */
const Id = z
  .union([z.string(), z.int().transform(String)])
  .refine((id) => ID.test(id) && !id.startsWith('.'))
  .optional();

/** "Response parameters" of both endpoints. `otherId` is the second id where it is not the same. */
export const ApkReply = z
  .object({
    data: z
      .object({
        id: Id,
        attributes: z.object({
          id: Id,
          upload_status: Word,
          samsung_approval_status: Word,
          manual_approval_status: Word,
        }),
      })
      .refine(({ id, attributes }) => (id ?? attributes.id) !== undefined, { path: ['id'] }),
  })
  .transform(({ data: { id, attributes } }) => {
    const known = id ?? attributes.id ?? '';
    return {
      id: known,
      otherId: attributes.id === undefined || attributes.id === known ? null : attributes.id,
      upload: attributes.upload_status,
      samsung: attributes.samsung_approval_status,
      manual: attributes.manual_approval_status,
    };
  });
export type ApkReply = z.infer<typeof ApkReply>;

const Text = z.string().min(1);
const Code = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
/** JSON:API, "Error Objects". */
const ApiErrors = z.object({
  errors: z
    .array(z.object({ code: Code, title: Text.optional().catch(undefined), detail: Text.optional().catch(undefined) }))
    .min(1),
});
/** RFC 6749, section 5.2. */
const OAuthError = z.object({ error: Text, error_description: Text });

/** No error of this API is documented; its success looks like JSON:API, and its token service like OAuth. */
export function describeIgniteError(body: unknown): ErrorDescription {
  const oauth = OAuthError.safeParse(body);
  if (oauth.success) return { text: oauth.data.error_description, backendCode: oauth.data.error };
  const listed = ApiErrors.safeParse(body);
  if (!listed.success) return describeUnknownError(body);
  const { errors } = listed.data;
  const words = errors.map(({ title, detail }) => [title, detail].filter((text) => text !== undefined).join(': '));
  const text = words.filter((word) => word !== '').join('; ');
  return { text: text === '' ? null : text, backendCode: errors[0]?.code ?? null };
}

/** Statuses by which a server says that it cannot read a request. */
const UNREADABLE: ReadonlySet<number> = new Set([400, 415, 422]);
const ENCODING_HINT =
  'fix what the server names, then run again; if it cannot read the request at all, try another ignite.encoding: json-part, brackets, dots or json-base64';

/** Of the upload, whose encoding is an assumption: the setting that decides it is named. */
export const describeUploadError: DescribeError = (body, status) => ({
  ...describeIgniteError(body),
  ...(UNREADABLE.has(status) ? { hint: ENCODING_HINT } : {}),
});
