import * as z from 'zod';
import { orJson, yesOrNo } from '../setting-types.ts';

/**
 * The ways in which the nested fields can travel, all of them assumed: the documentation says "Content-Type: application/json" of a
 * request with a binary file in it, and its example is lost.
 */
const ENCODINGS = ['json-part', 'brackets', 'dots', 'json-base64'] as const;

const UUIDS = 'expected UUIDs separated by commas';

const uuids = z
  .union([z.string().transform((text) => text.split(',').map((id) => id.trim())), z.array(z.string())], {
    error: UUIDS,
  })
  .pipe(z.array(z.guid(UUIDS)).min(1, UUIDS));

const text = z.string({ error: 'expected a text' }).min(1, 'is empty');
const address = z.url({ protocol: /^https?$/, error: 'expected a web address' });

/** A name per permission; what stands below it is passed on as it is, because its form is not documented beyond doubt. */
const Permissions = z.record(z.string(), z.record(z.string(), z.unknown()));

/**
 * The settings of App Management API, "POST /v1/upload_apk/external_user". All that describes the app can stand in `storeMetadata`, in the
 * API's own names, or in a setting of its own.
 */
export const IgniteSettings = z.strictObject({
  accountUrl: z.string().default('https://account.digitalturbine.com').describe('Base address of the Account Service'),
  apiUrl: z
    .string()
    .default('https://appmanagement.gcp-us-east1.gcp-prod.digitalturbine.io')
    .describe('Base address of the App Management API'),
  fallbackUrl: address.optional().describe('Where the APK is available from'),
  variantSegmentIds: uuids.optional().describe('UUIDs of the segments, separated by commas'),
  sendToSamsung: yesOrNo.optional().describe('Whether Samsung has to verify the APK'),
  storeMetadata: orJson(z.record(z.string(), z.unknown()), 'an object')
    .optional()
    .describe("The APK's metadata in the API's names, or a JSON text of it"),
  packageName: text.optional().describe('Package name; default: from the APK'),
  category: text.optional().describe('Category of the app'),
  shortDescription: text.optional().describe('Brief description of the app'),
  iconUrl: address.optional().describe("Address of the app's icon"),
  developer: text.optional().describe('Name of the developer'),
  email: text.optional().describe('Mail address of the developer'),
  websiteUrl: address.optional().describe("Address of the developer's website"),
  marketUrl: address.optional().describe('Address of the app in its store'),
  privacyPolicyUrl: address.optional().describe('Address of the privacy policy'),
  permissions: orJson(Permissions, 'an object with an object for each permission')
    .optional()
    .describe('Description and category of each permission; default: only the names, from the APK'),
  barePermissions: yesOrNo.default(false).describe('Send a permission without a description by its name only'),
  encoding: z
    .enum(ENCODINGS, { error: `expected ${ENCODINGS.join(', ')}` })
    .default('json-part')
    .describe('How nested fields are encoded: json-part, brackets, dots or json-base64'),
  jsonPartTypes: yesOrNo
    .default(false)
    .describe('With json-part: whether the parts with JSON are marked as application/json'),
});
export type IgniteSettings = z.infer<typeof IgniteSettings>;
