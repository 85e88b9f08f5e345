import * as z from 'zod';

/**
 * The JSON of the AppTego Automation API (docs.apptego.com/automation-api/overview.html): only the fields that are read. Loose
 * where a later check names the rule that an odd value breaks.
 */

const JOB_ID = /^[A-Za-z0-9._-]{1,128}$/;
const LONGEST_EXPIRY_S = 7 * 24 * 3600;
/** "expires_in": 3600 in every example. */
const USUAL_EXPIRY_S = 3600;

/** "job_id is returned as a string. Pass it exactly as returned." A safe integer is taken as its digits. */
const JobId = z.union([z.string(), z.int().transform(String)]).refine((id) => JOB_ID.test(id) && !id.startsWith('.'));

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
const Text = z.string().nullish().catch(null);

/** "Multipart Initiation Response". */
const MultipartReply = z
  .object({
    multipart: z.literal(true),
    job_id: JobId,
    file_path: z.string(),
    upload_id: z.string(),
    part_urls: AnyStrings,
    chunk_size: AnyNumber,
    total_parts: AnyNumber,
    expires_in: ExpiresIn,
  })
  .transform((reply) => ({
    jobId: reply.job_id,
    expiresInMs: reply.expires_in * 1000,
    target: {
      type: 'parts' as const,
      instructions: { urls: reply.part_urls, chunkSizeBytes: reply.chunk_size, totalParts: reply.total_parts },
      session: { file_path: reply.file_path, upload_id: reply.upload_id },
    },
  }));

/** "Single-Part Response": both `url` and `upload_url`; the documentation says to use `upload_url`. */
const SingleReply = z
  .object({
    multipart: z.literal(false).nullish(),
    job_id: JobId,
    upload_url: z.string().optional(),
    url: z.string().optional(),
    expires_in: ExpiresIn,
  })
  .refine((reply) => (reply.upload_url ?? reply.url) !== undefined, { path: ['upload_url'] })
  .transform((reply) => ({
    jobId: reply.job_id,
    expiresInMs: reply.expires_in * 1000,
    target: { type: 'object' as const, url: reply.upload_url ?? reply.url ?? '' },
  }));

export const UploadReply = z.looseObject({ multipart: z.unknown().optional() }).transform((reply, issues) => {
  const parsed = (reply.multipart === true ? MultipartReply : SingleReply).safeParse(reply);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    issues.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
  return z.NEVER;
});

/** The body of complete and abort is not documented; what is known is that an object store can report an error inside a 200. */
export const UndocumentedReply = z
  .unknown()
  .refine((reply) => typeof reply !== 'object' || reply === null || !('error' in reply) || !reply.error);

/** "Status Values": processing, completed, failed. Anything else is passed on as it is. */
export const StatusReply = z.object({
  job_id: z.union([z.string(), z.number().transform(String)]),
  status: z
    .unknown()
    .optional()
    .transform((status) => (typeof status === 'string' ? status : JSON.stringify(status ?? null))),
  platform: Text,
  file_name: Text,
  version: Text,
  progress: Text,
  error_message: z
    .unknown()
    .optional()
    .transform((text) => {
      if (typeof text === 'string') return text === '' ? null : text;
      return text === undefined || text === null ? null : JSON.stringify(text);
    }),
});
export type StatusReply = z.infer<typeof StatusReply>;

export const DownloadReply = z.object({ download_url: z.string(), file_name: Text });
