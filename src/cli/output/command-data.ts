import * as z from 'zod';
import type { ArtifactKind } from '../../contract/artifact.ts';
import { PlannedRequest } from '../../contract/planned-request.ts';
import { FleetPlan } from '../../contract/record/fleet-plan.ts';
import { FleetStatus } from '../../contract/record/fleet-status.ts';
import { DoctorData } from './doctor-data.ts';
import { InspectData } from './inspect-document.ts';

/** What a rehearsal would send first. */
export const Planned = z.strictObject({ plan: PlannedRequest });
export type Planned = z.infer<typeof Planned>;

const PlannedForEach = z.strictObject({
  plans: z
    .array(PlannedRequest.extend({ backend: z.string() }))
    .describe('One entry for each target, in the order of --to'),
});
export type PlannedForEach = z.infer<typeof PlannedForEach>;

const PlannedRelease = z.strictObject({
  plan: z.strictObject({
    release: z.string(),
    steps: z
      .array(
        z.strictObject({
          id: z.string(),
          backend: z.string(),
          required: z.boolean(),
          until: z.string().nullable().describe('The milestone that would be waited for'),
          do: z.enum(['skip', 'wait', 'fetch', 'send', 'abort-then-send', 'look', 'refuse']),
          why: z.string().nullable().describe('Why it would be left out'),
        }),
      )
      .describe('What would be done for each step, according to the receipt'),
  }),
});
export type PlannedRelease = z.infer<typeof PlannedRelease>;

const PlannedDownload = z.strictObject({
  plan: z.strictObject({ output: z.string().describe('Path that would be written') }),
});
export type PlannedDownload = z.infer<typeof PlannedDownload>;

const PlannedAbort = z.strictObject({
  plan: z.strictObject({
    aborts: z
      .array(z.strictObject({ backend: z.string(), job: z.string().nullable().describe('Its reference') }))
      .describe('The unfinished uploads whose parts would be removed'),
  }),
});
export type PlannedAbort = z.infer<typeof PlannedAbort>;

const Backends = z.strictObject({
  backends: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      docs: z.string(),
      files: z.array(z.enum(['apk', 'aab', 'ipa'] satisfies ArtifactKind[])).describe('The app archives that it takes'),
      otherFiles: z
        .array(z.string())
        .describe('How the names of other files end that it takes as they are, without a look into them'),
      limitBytes: z.int().nullable().describe('null where none is documented'),
      download: z.boolean(),
      protects: z.boolean(),
      milestones: z
        .array(z.string())
        .describe('What --until can name, the default first; empty where a job has one end'),
      settings: z.array(z.strictObject({ key: z.string(), variable: z.string().nullable(), description: z.string() })),
      credentials: z.array(
        z.strictObject({
          label: z.string(),
          variables: z.array(z.string()).describe('Any of them is enough'),
          isOptional: z.boolean(),
        }),
      ),
    }),
  ),
});
export type Backends = z.infer<typeof Backends>;

const ConfigShow = z.strictObject({
  config: z.string().nullable().describe('The config file; null where there is none'),
  settings: z.array(
    z.strictObject({
      key: z.string(),
      value: z.unknown().describe('A duration as text; a credential as [secret]; null where it is not set'),
      source: z.string().describe('A flag, a variable, a place in the config file, or default'),
    }),
  ),
});
export type ConfigShow = z.infer<typeof ConfigShow>;

const ConfigSchema = z.strictObject({ schema: z.looseObject({}).describe('As config.schema.json') });
export type ConfigSchema = z.infer<typeof ConfigSchema>;

const SandboxVariables = z.strictObject({ variables: z.record(z.string(), z.string()).describe('To be exported') });
export type SandboxVariables = z.infer<typeof SandboxVariables>;

const ReportPage = z.strictObject({
  path: z.string(),
  releases: z
    .array(z.strictObject({ app: z.string(), version: z.string().nullable(), state: z.string() }))
    .describe('As the page names them; receipts of one release are united'),
});
export type ReportPage = z.infer<typeof ReportPage>;

const NewConfig = z.strictObject({ path: z.string(), config: z.looseObject({}).describe('What was written there') });
export type NewConfig = z.infer<typeof NewConfig>;

const CompletionScript = z.strictObject({ shell: z.string(), script: z.string() });
export type CompletionScript = z.infer<typeof CompletionScript>;

/** The `data` of each command that has any, by its name; for the published schema, so nothing that runs a command loads this. */
export const COMMAND_DATA: Readonly<Record<string, z.ZodType>> = {
  protect: Planned,
  upload: Planned,
  publish: PlannedForEach,
  release: PlannedRelease,
  'fleet run': PlannedRelease,
  'fleet plan': FleetPlan,
  'fleet status': FleetStatus,
  download: PlannedDownload,
  abort: PlannedAbort,
  report: ReportPage,
  inspect: InspectData,
  doctor: DoctorData,
  backends: Backends,
  'config show': ConfigShow,
  'config schema': ConfigSchema,
  sandbox: SandboxVariables,
  init: NewConfig,
  completion: CompletionScript,
};
