import * as z from 'zod';
import { CHECK_NAMES } from '../../run/checks/check.ts';

const Check = z.strictObject({
  check: z.enum(CHECK_NAMES),
  subject: z.string().nullable().describe('The host, variable or setting that was checked'),
  result: z.enum(['ok', 'warning', 'failed', 'skipped']),
  message: z.string(),
  hint: z.string().nullable().describe('What to do about a failure'),
  errorClass: z.string().nullable().describe('Of a failure: the class of error, as in docs/exit-codes.md'),
});

/** The `data` of `apptool doctor`. */
export const DoctorData = z.strictObject({
  machine: z.array(Check).describe('What holds for all backends'),
  backends: z.array(
    z.strictObject({
      id: z.string(),
      isConfigured: z.boolean().describe('Whether a credential or a setting of it is given, or the config names it'),
      ok: z.boolean().nullable().describe('null for a backend that was not checked'),
      checks: z.array(Check),
      otherHosts: z.string().nullable().describe('The hosts that have to be open besides, which only an answer names'),
    }),
  ),
});
export type DoctorData = z.infer<typeof DoctorData>;
