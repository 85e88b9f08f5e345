import * as z from 'zod';

/** What would be sent, for `--dry-run`: an address without query, and fields without secrets. */
export const PlannedRequest = z.strictObject({
  method: z.string(),
  url: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.int(), z.boolean(), z.null()])),
  carriesFile: z
    .boolean()
    .optional()
    .describe('True where this request carries the file too: then an upload has no other'),
});
export type PlannedRequest = Readonly<z.infer<typeof PlannedRequest>>;
