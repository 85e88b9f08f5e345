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
const release = text('the name of a release')
  .optional()
  .describe('Release of the config to run; default: the only release there');
const environment = Settings.shape.environment.describe('Environment to protect for; default: from the release');

export const FleetDefaults = z.strictObject({
  release,
  environment,
  slots: count(MOST_SLOTS).default(2).describe('Builds that the tenant may have at a time'),
  weekly: count(MOST_BUILDS)
    .optional()
    .describe('Builds in a week, per platform and environment; default: the limit of the backend'),
  gate: yes.default(true).describe('Whether a person has to approve before anything is published'),
});

export const FleetApp = z.strictObject({
  file: text('a path').describe(
    'File of the app: a path, or a pattern (*, ?, **, {a,b}) that matches exactly one file',
  ),
  package: text('a package name or bundle id').describe(
    'Package name or bundle id; a file with another app is refused',
  ),
  release,
  publish: z
    .array(text('a backend'), { error: 'expected a list of backends' })
    .min(1, 'names no backend')
    .optional()
    .describe('Where to publish, instead of the targets of the release'),
  environment,
  credentials: z
    .string({ error: 'expected a suffix' })
    .regex(/^[A-Z][A-Z0-9_]{0,40}$/, { error: 'must be capitals, digits and underscores, such as ACME' })
    .optional()
    .describe('Suffix of the variables of the app: with ACME, <VARIABLE>_ACME is used instead of <VARIABLE>'),
  when: z
    .array(text('a pattern'), { error: 'expected a list of patterns' })
    .optional()
    .describe('Paths that belong to the app, for --changed-since; default: all paths'),
  canary: yes.default(false).describe('Whether this app goes first, and the others wait for it'),
});
export type FleetApp = z.infer<typeof FleetApp>;

/** The file of a fleet: many apps of one release. */
export const FleetFile = z.strictObject({
  $schema: z.string().optional(),
  defaults: FleetDefaults.prefault({}).describe('Settings for every app'),
  apps: z
    .record(
      z.string().regex(APP_ID, {
        error: 'must be up to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit',
      }),
      FleetApp,
      { error: 'expected a mapping of apps' },
    )
    .describe('The apps by id; if the week has too few builds left, the first apps get them'),
});
export type FleetFile = z.infer<typeof FleetFile>;

/** The same as JSON Schema (draft 7), for editors and for the package. */
export function fleetJsonSchema(): object {
  const schema = z.toJSONSchema(FleetFile, { io: 'input', target: 'draft-7' });
  return { ...schema, title: 'apptool fleet' };
}
