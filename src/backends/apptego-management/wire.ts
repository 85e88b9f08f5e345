import * as z from 'zod';
import { signedTicket } from '../apptego-shared/signed-ticket.ts';
import { UnixTime } from '../apptego-shared/unix-time.ts';
import { Text, Words } from '../loose-fields.ts';
import { readRows, rowsOf } from '../rows.ts';
import { TENANT_ID } from './tenant-id.ts';

/**
 * The JSON of the AppTego Management API (docs.apptego.com/management-api, "Applications And Builds"): only the fields that are read.
 * One odd record must not make a whole list unusable, so each is read by itself, and what is only shown is loose.
 */

const Flag = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'boolean' ? value : null));

/** Told apart: no key (`null`), and nothing said of one (`undefined`). */
const KeyId = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'string' || value === null ? value : undefined));

const Count = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null));

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
    end_time: UnixTime,
    name: Text,
    platform: Text,
    success: z.unknown().optional(),
    signed: Flag,
    error_message: Words,
    status_message: Text,
    signing_key_id: KeyId,
    signing_key_name: Text,
    deleted: Flag,
    signing_error_message: Words,
  })
  .transform((row) => ({
    startTime: row.start_time,
    endedAt: row.end_time,
    name: row.name ?? '',
    platform: row.platform?.toLowerCase() ?? '',
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

/** "List Builds By Configuration Version". What `still_waiting` means is not documented: it is passed on. */
export const BuildsReply = z
  .object({
    results: z.array(z.unknown()),
    total_count: Count,
    total_pages: Count,
    builds_used_apple: Count,
    builds_used_android: Count,
    still_waiting: Flag,
  })
  .transform((reply) => ({
    ...readRows(Build, reply.results),
    total: reply.total_count,
    pages: reply.total_pages,
    totals: {
      total: reply.total_count,
      used: { android: reply.builds_used_android, ios: reply.builds_used_apple },
      stillWaiting: reply.still_waiting,
    },
  }));
export type BuildsPage = z.infer<typeof BuildsReply>;

/** "Download A Protected Build", and where the file of a key goes. */
export const AddressReply = z.object({ url: z.string() });

/** "List Applications". */
export const ApplicationsReply = z.object({
  applications: rowsOf(
    z
      .object({
        application_id: Text,
        build_name: Text,
        build_version: Text,
        build_id: Text,
        build_image: Text,
        platform: Text,
        creation_time: UnixTime,
      })
      .transform((row) => ({
        id: row.application_id,
        name: row.build_name,
        platform: row.platform,
        version: row.build_version,
        buildId: row.build_id,
        picture: row.build_image,
        createdAt: row.creation_time,
      })),
  ),
});

/** "Users And Access", `get_tenants`: the ids and the plans, FREE, TEAM or ENTERPRISE. */
export const TenantsReply = z.object({
  tenants: rowsOf(
    z
      .object({ tenant_id: z.string().regex(TENANT_ID), plan: Text })
      .transform(({ tenant_id, plan }) => ({ id: tenant_id, plan: plan?.toUpperCase() ?? null })),
  ),
});
export type Tenant = z.infer<typeof TenantsReply>['tenants'][number];

/** "List Signing Keys". */
export const KeysReply = z.object({
  signing_keys: rowsOf(
    z
      .object({
        key_id: Text,
        key_name: Text,
        platform: Text,
        file_name: Text,
        is_default: Flag,
        uploaded_by: Text,
        creation_time: UnixTime,
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
