import * as z from 'zod';
import type { BuildLimit } from './errors.ts';

const Nullable = <T extends z.ZodType>(schema: T) => schema.nullable();

const ErrorRecord = z.strictObject({
  class: z.string().describe('The class of error, as in docs/exit-codes.md'),
  message: z.string(),
  hint: Nullable(z.string()),
  retryable: z.boolean(),
  httpStatus: Nullable(z.int()),
  backendCode: Nullable(z.string()),
  limit: Nullable(z.enum(['slot', 'week'] satisfies BuildLimit[])).describe(
    'Which limit of builds was met: builds at a time, or builds in a week, which waiting does not help',
  ),
});
export type ErrorRecord = z.infer<typeof ErrorRecord>;

const Job = Nullable(
  z.strictObject({
    ref: z.string(),
    id: z.string(),
    details: z
      .record(z.string(), z.string())
      .describe('What the backend told of the job when it was made, such as the id of its validation run'),
  }),
);

const State = Nullable(
  z.strictObject({
    phase: z.enum(['queued', 'running', 'action-required', 'succeeded', 'failed']),
    status: z.string().describe("The backend's own word"),
    message: Nullable(z.string()),
    startedAt: Nullable(z.string()).describe('When the backend began it (ISO 8601); null where it does not say so'),
    endedAt: Nullable(z.string()).describe('When the backend ended it (ISO 8601); null where it does not say so'),
  }),
);

const Findings = z
  .array(
    z.strictObject({
      code: z.string().describe("The backend's own code"),
      severity: z.enum(['info', 'warning', 'blocking']),
      message: z.string(),
    }),
  )
  .describe('What the backend found in the file; blocking ones fail the job, warnings stand in warnings too');

const Links = z
  .strictObject({
    page: Nullable(z.string()).describe('Page of the job, where pageUrl of its backend is set'),
    install: Nullable(z.string()).describe('Where people get the build'),
  })
  .describe('Addresses for people; null where there is none');

/** How one target of several ended. */
const TargetRecord = z.strictObject({
  step: z.string().describe('Its step, by its id in steps'),
  backend: z.string(),
  job: Job,
  state: State,
  findings: Findings,
  links: Links,
  ok: z.boolean(),
  exitCode: Nullable(z.int()).describe('null for a target that had not ended when the run was stopped'),
  error: Nullable(ErrorRecord),
});
export type TargetRecord = z.infer<typeof TargetRecord>;

const Time = Nullable(z.string());
const Duration = Nullable(z.int());

/** What to do next of a step. */
const NextRecord = z.strictObject({
  do: z.string().describe('The kind of it: wait, download, resume, again, look, fix …'),
  words: Nullable(z.string()).describe('Why, or what a person has to do first'),
  command: Nullable(z.string()).describe('The command line for it, where there is one'),
});
export type NextRecord = z.infer<typeof NextRecord>;

/** How one step of a run ended: what was sent where, what became of it, how long its parts took. */
const StepResult = z.strictObject({
  id: z.string().describe('What is done, and where: publish:<backend>'),
  action: z.enum(['protect', 'upload', 'publish']),
  backend: z.string(),
  host: Nullable(z.string()).describe("Host of the backend's address"),
  required: z.boolean().describe('false where its failure is only a warning'),
  result: z
    .enum(['done', 'uploaded', 'running', 'failed', 'unknown', 'stopped', 'not-begun'])
    .describe(
      'uploaded: not waited for. running: its job had not ended. unknown: it may have landed. stopped: by a signal, or because another step failed',
    ),
  reached: Nullable(z.string()).describe('The milestone that was reached, where it is not the last one'),
  exitCode: Nullable(z.int()).describe('null for a step that had not ended'),
  error: Nullable(ErrorRecord),
  job: Job,
  state: State,
  findings: z.int().describe('How many the backend has found'),
  links: z.strictObject({
    page: Nullable(z.string()).describe('Page of the job, where pageUrl of its backend is set'),
    install: Nullable(z.string()).describe('Where it can be installed from, where the backend says so'),
  }),
  startedAt: Time,
  acceptedAt: Time.describe('When the backend had taken the whole file'),
  runningAt: Time.describe('When the job was first seen to run'),
  settledAt: Time.describe('When the backend said that the job has ended'),
  fetchedAt: Time.describe('When its output was in place'),
  endedAt: Time.describe('When the last run that worked on the step ended it'),
  took: z
    .strictObject({ uploadMs: Duration, queueMs: Duration, jobMs: Duration, downloadMs: Duration, allMs: Duration })
    .describe('How long each part took, over all runs, where both its ends are known'),
  next: Nullable(NextRecord),
});
export type StepResult = z.infer<typeof StepResult>;

const App = {
  packageName: Nullable(z.string()),
  versionName: Nullable(z.string()),
  versionCode: Nullable(z.int()),
  signers: Nullable(z.array(z.string())).describe(
    'Hex SHA-256 of the certificates of its newest signature; empty where it is not signed, null where that is not known',
  ),
  permissions: Nullable(z.array(z.string())).describe(
    'Permissions that an Android app asks for, sorted; null where they are not known, or too many',
  ),
  signedBy: Nullable(z.array(z.string())).describe(
    'The same signers as people know them: the subject of each certificate, or else its SHA-256',
  ),
};

const Rehearsal = z.enum(['dry-run', 'sandbox']);
/** What sets a run apart from a release, whatever else is told of it. */
export type Rehearsal = z.infer<typeof Rehearsal>;

/** The one document that `--json` prints, in success, failure and cancellation. What does not apply is `null`. */
export const ResultDocument = z.strictObject({
  schemaVersion: z.literal(1),
  command: Nullable(z.string()).describe('The command, or null where the command line named none'),
  ok: z.boolean(),
  exitCode: z.int(),
  rehearsal: Nullable(Rehearsal).describe(
    'Of a run that released nothing: a dry run, or one whose backends are a sandbox or at other addresses of this machine',
  ),
  backend: Nullable(z.string()),
  job: Job,
  state: State,
  findings: Findings,
  links: Links,
  artifact: Nullable(
    z.strictObject({
      path: z.string(),
      name: z.string(),
      size: z.int(),
      sha256: Nullable(z.string()),
      platform: z
        .enum(['android', 'ios', 'other'])
        .describe('other: of a file that is sent as it is, which nothing looks into'),
      ...App,
    }),
  ),
  output: Nullable(z.strictObject({ path: z.string(), name: z.string(), size: z.int(), sha256: z.string(), ...App })),
  targets: z.array(TargetRecord).describe('One record per target of publish and release'),
  steps: z.array(StepResult).describe('Every step of the run, also the only one, and those that had not begun'),
  warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  durationMs: z.int(),
  error: Nullable(ErrorRecord),
  data: z
    .unknown()
    .describe(
      'What a command that lists or describes has to say, and the plan of a rehearsal; null where there is neither',
    ),
});
export type ResultDocument = z.infer<typeof ResultDocument>;
