import * as z from 'zod';
import type { Phase } from '../../../contract/job.ts';

/**
 * What the commands say with `--json`. The commands know these schemas by their types alone. `null` is what the server does not say; times
 * are ISO 8601.
 */

const text = z.string().nullable();

export const Applications = z.strictObject({
  applications: z.array(
    z.strictObject({
      id: text,
      name: text,
      platform: text,
      version: text,
      buildId: text,
      picture: text.describe('Address of the icon of the app'),
      createdAt: text,
    }),
  ),
});
export type Applications = z.infer<typeof Applications>;

export const DeletedApplication = z.strictObject({ application: z.string() });
export type DeletedApplication = z.infer<typeof DeletedApplication>;

export const Builds = z.strictObject({
  builds: z.array(
    z.strictObject({
      job: text.describe('Its job reference; null for a row that cannot be named'),
      version: z.string(),
      platform: z.string(),
      startTime: z.string(),
      name: z.string(),
      phase: z.enum(['queued', 'running', 'action-required', 'succeeded', 'failed'] satisfies Phase[]),
      status: z.string(),
      message: text,
      signed: z.boolean().nullable(),
      key: text.describe('Name of the signing key, else its id'),
      endedAt: text,
    }),
  ),
  history: z
    .array(
      z.strictObject({
        version: z.string(),
        total: z.int().nullable().describe('How many builds the history of this version has'),
        used: z
          .strictObject({ android: z.int().nullable(), ios: z.int().nullable() })
          .describe('What the server counts as used of the limit'),
        stillWaiting: z.boolean().nullable().describe('still_waiting, as the server says it'),
      }),
    )
    .describe('What the server says of each history that was read'),
});
export type Builds = z.infer<typeof Builds>;

export const Quotas = z.strictObject({
  quotas: z.array(
    z.strictObject({
      version: z.string(),
      platform: z.string(),
      used: z.int().nullable().describe('Builds of the last 7 days, as the server counts them'),
      limit: z.int().nullable().describe('What the plan allows; null where no limit is known'),
      left: z.int().nullable(),
      freeAt: text.describe('When the next build is possible, where none is left now'),
      stillWaiting: z.boolean().nullable(),
    }),
  ),
});
export type Quotas = z.infer<typeof Quotas>;

export const NamedBuild = z.strictObject({ build: z.string() });
export type NamedBuild = z.infer<typeof NamedBuild>;

export const Keys = z.strictObject({
  keys: z.array(
    z.strictObject({
      id: text,
      name: text,
      platform: text,
      fileName: text,
      isDefault: z.boolean(),
      uploadedBy: text,
      createdAt: text,
    }),
  ),
});
export type Keys = z.infer<typeof Keys>;

export const AddedKey = z.strictObject({
  key: z.strictObject({
    id: z.string(),
    name: z.string(),
    platform: z.string(),
    fileName: z.string(),
    isDefault: z.boolean(),
  }),
});
export type AddedKey = z.infer<typeof AddedKey>;

export const DefaultKey = z.strictObject({ key: text.describe('null: there is none now'), platform: z.string() });
export type DefaultKey = z.infer<typeof DefaultKey>;

export const DeletedKey = z.strictObject({ key: z.string() });
export type DeletedKey = z.infer<typeof DeletedKey>;

export const SigningFile = z.strictObject({ application: z.string(), platform: z.string(), fileName: z.string() });
export type SigningFile = z.infer<typeof SigningFile>;
