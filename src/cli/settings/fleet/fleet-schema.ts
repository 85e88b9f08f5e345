import * as z from 'zod';
import { Settings } from '../settings.ts';

/** Names a receipt, a report, a job of a CI and a cell of its matrix, so it is what all of them take. */
const APP_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MOST_SLOTS = 100;
const MOST_BUILDS = 100_000;

function text(what: string) {
  return z.string({ error: `expected ${what}` }).refine((value) => value !== '' && !value.includes('\0'), {
    error: `expected ${what}`,
  });
}

function count(most: number) {
  const error = `must be a whole number from 1 to ${most}`;
  return z.int({ error }).min(1, error).max(most, error);
}

const yes = z.boolean({ error: 'expected true or false' });
const release = text('the name of a release').optional().describe('Release of the config; the only one by default');
const environment = Settings.shape.environment.describe('What to protect for; as the release says by default');

export const FleetDefaults = z.strictObject({
  release,
  environment,
  slots: count(MOST_SLOTS).default(2).describe('Builds that the tenant may have at a time'),
  weekly: count(MOST_BUILDS)
    .optional()
    .describe('Builds in a week, per platform and environment; by default as many as the backend says'),
  gate: yes.default(true).describe('Whether somebody has to agree before anything is published'),
});

export const FleetApp = z.strictObject({
  file: text('a path').describe('Its file: a path, or a pattern (*, ?, **, {a,b}) that matches exactly one file'),
  package: text('a package name or bundle id').describe('Another app in that file is refused'),
  release,
  publish: z
    .array(text('a backend'), { error: 'expected a list of backends' })
    .min(1, 'names no backend')
    .optional()
    .describe('Where it goes, instead of the targets of the release'),
  environment,
  credentials: z
    .string({ error: 'expected a suffix' })
    .regex(/^[A-Z][A-Z0-9_]{0,40}$/, { error: 'must be capitals, digits and underscores, such as ACME' })
    .optional()
    .describe('Suffix of its variables: with ACME, <VARIABLE>_ACME stands before <VARIABLE>'),
  when: z
    .array(text('a pattern'), { error: 'expected a list of patterns' })
    .optional()
    .describe('The paths whose change concerns it, for --changed-since; every change by default'),
  canary: yes.default(false).describe('Whether it goes first, and the others wait for it'),
});
export type FleetApp = z.infer<typeof FleetApp>;

/** The file of a fleet: many apps of one release. */
export const FleetFile = z.strictObject({
  $schema: z.string().optional(),
  defaults: FleetDefaults.prefault({}).describe('What holds for every app'),
  apps: z
    .record(
      z.string().regex(APP_ID, {
        error: 'must be up to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit',
      }),
      FleetApp,
      { error: 'expected a mapping of apps' },
    )
    .describe('The apps by their ids; where the week has too few builds, the first ones get them'),
});
export type FleetFile = z.infer<typeof FleetFile>;

/** The same as JSON Schema (draft 7), for editors and for the package. */
export function fleetJsonSchema(): object {
  const schema = z.toJSONSchema(FleetFile, { io: 'input', target: 'draft-7' });
  return { ...schema, title: 'apptool fleet' };
}
