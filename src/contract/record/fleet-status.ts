import * as z from 'zod';
import { LinkRecord } from './journal.ts';

const Row = z.object({
  app: z.string(),
  package: z.string().nullable(),
  step: z.string().nullable().describe('What is done, and where: publish:<backend>; null where no step was begun'),
  required: z.boolean().describe('false where a failure is only a warning'),
  state: z.enum(['done', 'running', 'failed', 'look', 'deferred', 'not-started']),
  job: z.string().nullable(),
  links: LinkRecord,
  errorClass: z.string().nullable(),
  message: z.string().nullable(),
  from: z.string().nullable().describe('Of what is deferred: when the week has a build left, where that is known'),
  receipt: z.string().nullable(),
});
export type FleetRow = z.infer<typeof Row>;

/** How it stands with a fleet: a row per app and step. */
export const FleetStatus = z.object({
  rows: z.array(Row),
  counts: z.object({
    apps: z.int(),
    done: z.int(),
    running: z.int(),
    failed: z.int(),
    look: z.int(),
    deferred: z.int(),
    notStarted: z.int(),
  }),
});
export type FleetStatus = z.infer<typeof FleetStatus>;
