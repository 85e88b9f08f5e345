import * as z from 'zod';
import type { JobDetails } from '../../contract/job.ts';
import type { UploadTicket } from '../../transfer/upload/signed-protocol.ts';

/**
 * The answers in which both AppTego APIs hand out signed URLs, one for the whole file or one for each part: only the fields that are
 * read. Loose where a later check names the rule that an odd value breaks.
 */

const LONGEST_EXPIRY_S = 7 * 24 * 3600;
/** "expires_in": 3600 in every example. */
const USUAL_EXPIRY_S = 3600;

const ExpiresIn = z
  .unknown()
  .optional()
  .transform((seconds) => (typeof seconds === 'number' ? Math.min(seconds, LONGEST_EXPIRY_S) : USUAL_EXPIRY_S));

const AnyNumber = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'number' ? value : Number.NaN));
const AnyStrings = z
  .array(z.unknown())
  .transform((values) => values.map((value) => (typeof value === 'string' ? value : '')));

/** The key that the build will be signed with; `undefined` where the answer does not say. */
const KeyId = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'string' || value === null ? value : undefined));
const FilePath = z.string().optional().catch(undefined);

export interface Place extends Omit<UploadTicket, 'jobId' | 'details'> {
  readonly signingKey: string | null | undefined;
  /** Where the storage keeps it: what a support request can name. */
  readonly filePath: string | undefined;
}

/** "Multipart Initiation Response" of the Automation API, "Multipart Upload Response" of the Management API. */
const PartsReply = z
  .object({
    multipart: z.literal(true),
    file_path: z.string(),
    upload_id: z.string(),
    part_urls: AnyStrings,
    chunk_size: AnyNumber,
    total_parts: AnyNumber,
    expires_in: ExpiresIn,
    signing_key_id: KeyId,
  })
  .transform(
    (reply): Place => ({
      expiresInMs: reply.expires_in * 1000,
      signingKey: reply.signing_key_id,
      filePath: reply.file_path,
      target: {
        type: 'parts',
        instructions: { urls: reply.part_urls, chunkSizeBytes: reply.chunk_size, totalParts: reply.total_parts },
        session: { file_path: reply.file_path, upload_id: reply.upload_id },
      },
    }),
  );

/** "Single-Part Response": the Automation API gives the address twice and says to use `upload_url`; the Management API gives `url` alone. */
const ObjectReply = z
  .object({
    multipart: z.literal(false).nullish(),
    upload_url: z.string().optional(),
    url: z.string().optional(),
    file_path: FilePath,
    expires_in: ExpiresIn,
    signing_key_id: KeyId,
  })
  .refine((reply) => (reply.upload_url ?? reply.url) !== undefined, { path: ['url'] })
  .transform(
    (reply): Place => ({
      expiresInMs: reply.expires_in * 1000,
      signingKey: reply.signing_key_id,
      filePath: reply.file_path,
      target: { type: 'object', url: reply.upload_url ?? reply.url ?? '' },
    }),
  );

/** Such an answer together with `identity`: the fields that tell the job. */
export function signedTicket<Identity extends object>(identity: z.ZodType<Identity>) {
  return z.looseObject({ multipart: z.unknown().optional() }).transform((reply, issues): Identity & Place => {
    const place: z.ZodType<Place> = reply.multipart === true ? PartsReply : ObjectReply;
    const parsed = z.intersection(identity, place).safeParse(reply);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues)
      issues.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
    return z.NEVER;
  });
}

/** An acknowledgement whose body is not documented; what is known is that an object store can report an error inside a 200. */
export const UndocumentedReply = z
  .unknown()
  .refine((reply) => typeof reply !== 'object' || reply === null || !('error' in reply) || !reply.error);

/** What a later question, or whoever reads the receipt, needs of an upload: where its file is, and the key that was asked for. */
export function detailsOf({ filePath }: Pick<Place, 'filePath'>, askedKey: string | undefined): JobDetails {
  return {
    ...(filePath === undefined ? {} : { filePath }),
    ...(askedKey === undefined ? {} : { signingKey: askedKey }),
  };
}
