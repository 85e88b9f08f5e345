import * as z from 'zod';
import type { ErrorDescription, RefusalInside } from '../../contract/backend/http.ts';
import { describeUnknownError } from '../../transfer/http/error-text.ts';
import { Word } from '../loose-fields.ts';
import { listIn, readRows } from '../rows.ts';

/**
 * The JSON of Applivery (docs.applivery.com/en/api/app-distribution/builds): only the fields that are read, inside of
 * `{"status": true, "data": …}` or `{"status": false, "error": {"code", "message"}}`.
 */

/** "Token Expired", "No auth token" or "Invalid Token", "unauthorized". */
const ABOUT_THE_TOKEN: ReadonlySet<string> = new Set(['3002', '4002', '4004']);
const NOT_FOUND = '3001';
export const SLUG_USED = '5024';
const LIMIT_EXCEEDED = '5003';
const NOT_IN_PLAN = '5004';

const ErrorReply = z.object({
  error: z.object({
    code: z.union([z.string(), z.number()]).transform(String),
    message: z.string().catch(''),
    /** With 5003 "Limit Exceeded": limit, num and itemName. */
    data: z.unknown().optional(),
  }),
});

export function describeError(body: unknown): ErrorDescription {
  const parsed = ErrorReply.safeParse(body);
  if (!parsed.success) return { ...describeUnknownError(body), isForeign: true };
  const { code, message, data } = parsed.data.error;
  const text = [`${code}: ${message}`, ...(data == null ? [] : [JSON.stringify(data)])].join(' ');
  return { text, backendCode: code, ...meaningOf(code) };
}

/** What the codes mean, whatever the HTTP status is: "Limit Exceeded", and what the plan does not allow (the vendor's SDKs). */
function meaningOf(code: string): Pick<ErrorDescription, 'meaning' | 'hint'> {
  if (ABOUT_THE_TOKEN.has(code)) return { meaning: 'auth' };
  if (code === LIMIT_EXCEEDED)
    return {
      meaning: 'limit',
      hint: 'the limit of your Applivery plan is reached: delete what you no longer need, or get a larger plan',
    };
  return code === NOT_IN_PLAN
    ? { meaning: 'refused', hint: 'your Applivery plan does not allow this: check what it includes' }
    : {};
}

/** `status: false` is a refusal whatever the HTTP status is: the vendor's own fastlane plugin goes by it alone. */
export function refusalIn(body: unknown): RefusalInside | null {
  if (!z.object({ status: z.literal(false) }).safeParse(body).success) return null;
  const description = describeError(body);
  return { ...description, status: description.backendCode === NOT_FOUND ? 404 : 400 };
}

const Id = z.string().regex(/^[\w-]{1,128}$/);
const Text = z.string().nullish().catch(null);

/** A build, in the list and by itself; what else it holds is kept for whoever wants to see it. */
export const BuildRecord = z.looseObject({
  id: Id,
  status: Word,
  os: Text,
  versionName: Text,
  versionCode: Text,
  changelog: Text,
  originalExtension: Text,
  size: z.int().min(0).nullish().catch(null),
  createdAt: Text,
  tags: z.array(z.string()).nullish().catch(null),
});
export type BuildRecord = z.infer<typeof BuildRecord>;

/** "Responses" of an upload; `null` where it names no build. */
export const UploadReply = z.object({ data: BuildRecord.nullish().catch(null) }).transform(({ data }) => data ?? null);

/** "files": the entries of type "attachment" are "files you attached"; the others are the build's own. */
const FileRecord = z.looseObject({
  id: Id,
  type: Text,
  file: z
    .looseObject({ originalName: Text, size: z.int().min(0).nullish().catch(null) })
    .nullish()
    .catch(null),
});

export interface AttachedFile {
  readonly id: string;
  readonly name: string | null;
  readonly sizeBytes: number | null;
}

/** The files that are attached to a build, in the server's order. */
export function attachedTo({ files }: BuildRecord): readonly AttachedFile[] {
  const list = Array.isArray(files) ? files.flatMap((file) => FileRecord.safeParse(file).data ?? []) : [];
  return list
    .filter(({ type }) => type === 'attachment')
    .map(({ id, file }) => ({ id, name: file?.originalName ?? null, sizeBytes: file?.size ?? null }));
}

/** "DELETE": `{"status": true, "data": {"deleted": true}}`. */
export const DeletedReply = z
  .object({
    data: z
      .object({ deleted: z.boolean().nullish().catch(null) })
      .nullish()
      .catch(null),
  })
  .transform(({ data }) => ({ deleted: data?.deleted ?? null }));

export const BuildReply = z.object({ data: BuildRecord }).transform(({ data }) => data);

/** "Publications": the configuration by which an app's builds are handed out, at `distributionUrl`. */
export const PublicationRecord = z.looseObject({
  id: Id,
  slug: Text,
  distributionUrl: Text,
  visibility: Text,
  security: Text,
  filter: z.looseObject({ type: Text, value: Text }).nullish().catch(null),
  createdAt: Text,
});
export type PublicationRecord = z.infer<typeof PublicationRecord>;

export const PublicationReply = z.object({ data: PublicationRecord }).transform(({ data }) => data);

/** "Retrieve paginated list of applications": an app of the workspace. */
export const AppRecord = z.looseObject({ id: Id, name: Text, slug: Text, createdAt: Text });

const Total = z.int().min(0).nullish().catch(null);

/**
 * A page: `{"items", "totalItems", "itemsPerPage", "currentPage", "totalPages"}`, as the one public client of the list of publications reads
 * it; the page of the builds documents none. A list by itself, or the one list in an object, is taken too. A row in another form does not make the
 * others unusable.
 */
export function PageReply<Item>(item: z.ZodType<Item>) {
  const Totals = z.looseObject({ totalItems: Total, totalPages: Total }).catch({ totalItems: null, totalPages: null });
  return z.unknown().transform((reply, issues) => {
    const data = Array.isArray(reply) ? reply : z.looseObject({ data: z.unknown() }).safeParse(reply).data?.data;
    const list = listIn(data, 'items');
    if (list === undefined) {
      issues.addIssue({ code: 'custom', message: 'has no list', path: ['data'] });
      return z.NEVER;
    }
    const { totalItems = null, totalPages = null } = Totals.parse(data);
    return { ...readRows(item, list), total: totalItems, pages: totalPages };
  });
}

/** "downloadToken": the token is a bearer secret for one download. */
export const DownloadTokenReply = z.object({ data: z.object({ token: z.string().min(1).max(4096) }) });
