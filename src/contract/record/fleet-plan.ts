import * as z from 'zod';

const App = {
  id: z.string(),
  file: z.string().describe('The one file that its pattern matches, from the folder of the plan'),
  size: z.int(),
  sha256: z.string(),
  seen: z
    .string()
    .describe('Which state of the file that hash is of: while the file system shows the same, it is not read again'),
  platform: z.enum(['android', 'ios']),
  package: z.string(),
  release: z.string().nullable().describe('The release of the config; null for an app that names its targets alone'),
  publish: z
    .array(z.string())
    .nullable()
    .describe('The targets that the fleet names for it; null for those of the release'),
  environment: z.string().nullable().describe('What it is protected for; null where nothing protects it'),
  credentials: z.string().nullable().describe('The suffix of its variables'),
  all: z
    .array(z.object({ id: z.string(), required: z.boolean() }))
    .describe('Every step of its release, whatever is left of them'),
  steps: z.array(z.string()).describe('The steps that are left'),
  receipt: z.string(),
  output: z.string().nullable().describe('Where the protected file goes; null where nothing protects it'),
  junit: z.string(),
};

const PlannedApp = z.object(App);
export type PlannedApp = z.infer<typeof PlannedApp>;

const FleetCell = z.object({
  ...App,
  lane: z.int().describe('Cells of one lane run one after the other'),
  canary: z.boolean().describe('Whether the others wait for it'),
  step: z.enum(['protect', 'wait', 'download', 'publish']).describe('What there is to do first'),
});
export type FleetCell = z.infer<typeof FleetCell>;

/** What is to be done for a fleet in one wave: made by `fleet plan`, carried out cell by cell. Holds no secret. */
export const FleetPlan = z.object({
  planVersion: z.literal(1),
  tool: z.object({ name: z.literal('apptool'), version: z.string() }),
  createdAt: z.iso.datetime(),
  fleet: z.string().describe('The file of the fleet'),
  receipts: z.string().describe('The folder of the receipts'),
  slots: z.int().describe('Most builds at a time: there are never more lanes'),
  weekly: z.int().nullable().describe('Most builds in a week, per platform and environment; null where none is known'),
  gate: z.boolean().describe('Whether a person has to approve before anything is published'),
  cells: z.array(FleetCell),
  deferred: z
    .array(z.object({ ...App, from: z.iso.datetime().describe('When the week has a build left for it') }))
    .describe('What the week has no build for'),
  look: z
    .array(z.object({ ...App, why: z.string(), at: z.array(z.string()).describe('The steps that may have landed') }))
    .describe('What may have landed: somebody has to look, so it is not planned'),
  done: z.array(PlannedApp),
  left: z.array(z.string()).describe('The apps that were not asked for, or have not changed'),
});
export type FleetPlan = z.infer<typeof FleetPlan>;
