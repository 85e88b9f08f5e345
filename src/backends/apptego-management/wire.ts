import * as z from 'zod';
import { signedTicket } from '../apptego-shared/signed-ticket.ts';
import { Text, Words } from '../loose-fields.ts';
import { TENANT_ID } from './tenant-id.ts';

/**
 * The JSON of the AppTego Management API (docs.apptego.com/management-api, "Applications And Builds"): only the fields that are read.
 * One odd record must not make a whole list unusable, so what is only shown is loose.
 */

/** The largest second that a `Date` can hold. */
const LAST_SECOND = 8_640_000_000_000;

/** Unix seconds as an ISO time; `null` for what is none. */
const Time = z
  .unknown()
  .optional()
  .transform((value) =>
    typeof value === 'number' && Math.abs(value) <= LAST_SECOND ? new Date(value * 1000).toISOString() : null,
  );

const Flag = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'boolean' ? value : null));

/** "start_time … is also the build job identifier". A number in every example; digits are taken as well. */
const StartTime = z.union([z.int().transform(String), z.string()]).refine((value) => /^\d{1,15}$/.test(value));

/** "Single-Part Upload Response", "Multipart Upload Response": neither has a job id. */
export const UploadReply = signedTicket(
  z.object({ start_time: StartTime }).transform((reply) => ({ startTime: reply.start_time })),
);

/** One row of "List Builds By Configuration Version". */
export const Build = z
  .object({
    start_time: z
      .unknown()
      .optional()
      .transform((value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')),
    end_time: Time,
    name: Text,
    platform: Text,
    success: z.unknown().optional(),
    signed: Flag,
    error_message: Words,
    status_message: Text,
    signing_key_id: Text,
    signing_key_name: Text,
    deleted: Flag,
    signing_error_message: Words,
  })
  .transform((row) => ({
    startTime: row.start_time,
    endedAt: row.end_time,
    name: row.name ?? '',
    platform: row.platform ?? '',
    success: row.success,
    isSigned: row.signed,
    error: row.error_message,
    stage: row.status_message,
    signingKeyId: row.signing_key_id,
    signingKeyName: row.signing_key_name,
    isDeleted: row.deleted === true,
    signingError: row.signing_error_message,
  }));
export type Build = z.infer<typeof Build>;

export const BuildsReply = z.object({
  results: z.array(Build),
  total_pages: z
    .unknown()
    .optional()
    .transform((value) => (typeof value === 'number' ? value : null)),
});

/** "Download A Protected Build", and where the file of a key goes. */
export const AddressReply = z.object({ url: z.string() });

/** "List Applications". */
export const ApplicationsReply = z.object({
  applications: z.array(
    z
      .object({
        application_id: Text,
        build_name: Text,
        build_version: Text,
        build_id: Text,
        platform: Text,
        creation_time: Time,
      })
      .transform((row) => ({
        id: row.application_id,
        name: row.build_name,
        platform: row.platform,
        version: row.build_version,
        buildId: row.build_id,
        createdAt: row.creation_time,
      })),
  ),
});

/** "Users And Access", `get_tenants`: the ids alone. */
export const TenantsReply = z.object({
  tenants: z.array(z.object({ tenant_id: z.string().regex(TENANT_ID) }).transform(({ tenant_id }) => tenant_id)),
});

/** "List Signing Keys". */
export const KeysReply = z.object({
  signing_keys: z.array(
    z
      .object({
        key_id: Text,
        key_name: Text,
        platform: Text,
        file_name: Text,
        is_default: Flag,
        uploaded_by: Text,
        creation_time: Time,
      })
      .transform((row) => ({
        id: row.key_id,
        name: row.key_name,
        platform: row.platform,
        fileName: row.file_name,
        isDefault: row.is_default === true,
        uploadedBy: row.uploaded_by,
        createdAt: row.creation_time,
      })),
  ),
});
export type SigningKey = z.infer<typeof KeysReply>['signing_keys'][number];

/** "Upload A Signing Key". An id is taken as it comes, if it is one word. */
export const NewKeyReply = z.object({ key_id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/), url: z.string() });

/** "success": true in every example; a refusal inside a 2xx is not documented, and is not taken for success. */
export const SuccessReply = z.object({ success: z.boolean(), message: Text });
