import * as z from 'zod';
import { signedTicket } from '../apptego-shared/signed-ticket.ts';
import { UnixTime } from '../apptego-shared/unix-time.ts';
import { Text, Word, Words } from '../loose-fields.ts';

/** The JSON of the AppTego Automation API (docs.apptego.com/automation-api/overview.html): only the fields that are read. */

const JOB_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** "job_id is returned as a string. Pass it exactly as returned." A safe integer is taken as its digits. */
const JobId = z.union([z.string(), z.int().transform(String)]).refine((id) => JOB_ID.test(id) && !id.startsWith('.'));

/** "Single-Part Response", "Multipart Initiation Response". */
export const UploadReply = signedTicket(z.object({ job_id: JobId }).transform((reply) => ({ jobId: reply.job_id })));

/** "Status Values": processing, completed, failed. Anything else is passed on as it is. */
export const StatusReply = z.object({
  job_id: z.union([z.string(), z.number().transform(String)]),
  status: Word,
  platform: Text,
  file_name: Text,
  version: Text,
  progress: Text,
  error_message: Words,
  created_at: UnixTime,
  updated_at: UnixTime,
});
export type StatusReply = z.infer<typeof StatusReply>;

export const DownloadReply = z.object({ download_url: z.string(), file_name: Text });

/** "Error Response Format"; `null` for any other body. */
export function documentedError(body: unknown): string | null {
  return z.object({ error: z.string().min(1) }).safeParse(body).data?.error ?? null;
}
