import * as z from 'zod';
import type { Finding } from '../../../contract/job.ts';

/** What the commands say with `--json`. The commands know these schemas by their types alone. `null` is what the store does not say. */

const text = z.string().nullable();

export const Runs = z.strictObject({
  runs: z.array(
    z.strictObject({
      id: z.string(),
      status: z.string(),
      findings: z.array(
        z.strictObject({
          code: z.string(),
          severity: z.enum(['info', 'warning', 'blocking'] satisfies Finding['severity'][]),
          message: z.string(),
        }),
      ),
    }),
  ),
});
export type Runs = z.infer<typeof Runs>;

export const Version = z.strictObject({
  version: z.strictObject({
    id: z.string(),
    versionCode: z.int().nullable(),
    versionName: text,
    status: z.string(),
    openIssues: z.int(),
  }),
});
export type Version = z.infer<typeof Version>;

export const Release = z.strictObject({
  release: z.strictObject({
    live: z.boolean(),
    countries: z.array(z.string()),
    vehicleContexts: z.array(z.string()),
  }),
});
export type Release = z.infer<typeof Release>;

export const Tokens = z.strictObject({
  tokens: z.array(z.strictObject({ id: z.string(), name: text, createdAt: text, lastUsedAt: text })),
});
export type Tokens = z.infer<typeof Tokens>;

export const NewToken = z.strictObject({
  token: z.strictObject({ id: text, value: z.string().describe('The token itself, which is shown only now') }),
});
export type NewToken = z.infer<typeof NewToken>;

export const RevokedToken = z.strictObject({ revoked: z.string() });
export type RevokedToken = z.infer<typeof RevokedToken>;
