import * as z from 'zod';
import type { Artifact } from '../artifact.ts';
import type { AppToolError } from '../errors.ts';
import type { JobDetails, JobRef, JobState, Stage } from '../job.ts';
import { type Links, NO_LINKS } from './links.ts';

const App = {
  packageName: z.string().nullable().default(null),
  versionName: z.string().nullable().default(null),
  versionCode: z.int().nullable().default(null),
  signers: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe('Hex SHA-256 of the certificates of its newest signature; empty where it is not signed'),
  permissions: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe('Permissions that an Android app asks for, sorted; null where they are not known, or too many'),
  signedBy: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe('The same signers as people know them: the subject of each certificate, or else its SHA-256'),
};

const Job = z
  .object({
    ref: z.string(),
    id: z.string(),
    details: z
      .record(z.string(), z.string())
      .default({})
      .describe('What the backend told of the job when it was made and a later question needs'),
  })
  .nullable();
const State = z
  .object({
    phase: z.enum(['queued', 'running', 'action-required', 'succeeded', 'failed']),
    status: z.string().describe("The backend's own word"),
    message: z.string().nullable().default(null),
    startedAt: z.string().nullable().default(null).describe('When the backend began it, where it says so'),
    endedAt: z.string().nullable().default(null).describe('When the backend ended it, where it says so'),
  })
  .nullable();
const Ended = z
  .object({
    exitCode: z.int(),
    errorClass: z.string().nullable(),
    message: z.string().nullable().default(null),
    limit: z
      .enum(['slot', 'week'])
      .nullable()
      .default(null)
      .describe('Which limit of builds was met: of builds at a time, or of builds in a week'),
  })
  .nullable();
const Unfinished = z.object({ session: z.record(z.string(), z.string()) }).nullable();
const Time = z.iso.datetime().nullable().default(null);

/** What an attempt of a step left at the backend, or may have left there. */
const Attempt = {
  job: Job,
  state: State,
  mayHaveLanded: z
    .boolean()
    .default(false)
    .describe('The last byte of what may start a job was sent, and the backend has not said what became of it'),
  unfinished: Unfinished.describe(
    'A multipart upload that was neither completed nor aborted: apptool abort removes it',
  ),
  ended: Ended.describe('How the last run that worked on the step ended it; null while it runs, or after a kill'),
};

export const LinkRecord = z.object({
  page: z.string().nullable().default(null).describe('Page of the job, where pageUrl of its backend is set'),
  install: z.string().nullable().default(null).describe('Where people get the build'),
});

export const StepRecord = z.object({
  id: z.string().describe('What is done, and where: publish:<backend>'),
  action: z.enum(['protect', 'upload', 'publish']),
  backend: z.string(),
  host: z.string().nullable().describe("Host of the backend's address"),
  required: z.boolean().default(true).describe('false where a failure is only a warning'),
  stage: z
    .enum(['development', 'staging', 'production'] satisfies Stage[])
    .nullable()
    .default(null)
    .describe('What it is meant for, where the backend knows such a thing'),
  until: z.string().nullable().default(null).describe('The milestone that was waited for last, where one was named'),
  sha256: z.string().nullable().describe('Of the file that was sent; null until it is known'),
  ...Attempt,
  links: LinkRecord.default({ ...NO_LINKS }).describe('Addresses for people'),
  accepted: z.boolean().default(false).describe('The backend has taken the whole file'),
  findings: z
    .array(z.object({ code: z.string(), severity: z.enum(['info', 'warning', 'blocking']), message: z.string() }))
    .default([]),
  remains: z
    .object({ reached: z.string(), message: z.string(), until: z.string() })
    .nullable()
    .default(null)
    .describe('The milestone that was reached, what a person has to do before the next one can be, and which that is'),
  startedAt: Time,
  acceptedAt: Time.describe('When the backend had taken the whole file'),
  runningAt: Time.describe('When the job was first seen to run; before that it was queued'),
  settledAt: Time.describe('When the backend said that the job has ended'),
  fetchingAt: Time.describe('When its output was begun to be downloaded'),
  fetchedAt: Time.describe('When its output was in place'),
  endedAt: Time.describe('When the last run that worked on the step ended it'),
  updatedAt: Time,
  earlier: z.array(z.object(Attempt)).default([]).describe('What earlier attempts of the step have left, oldest first'),
});
export type StepRecord = z.infer<typeof StepRecord>;

const Build = z.object({
  provider: z.string().nullable(),
  commit: z.string().nullable(),
  branch: z.string().nullable(),
  tag: z.string().nullable(),
  pullRequest: z.string().nullable(),
  buildNumber: z.string().nullable(),
  buildUrl: z.string().nullable(),
  repositoryUrl: z.string().nullable(),
});

const Run = z.object({
  command: z.string(),
  version: z.string(),
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime().describe('When it last wrote the receipt'),
  ended: Ended.describe('null while it runs, or when it was killed'),
  retries: z.int().describe('Requests that were sent again'),
  buildUrl: z.string().nullable().default(null).describe('Page of the build that it ran in'),
  decided: z
    .array(z.object({ setting: z.string(), value: z.string(), source: z.string() }))
    .default([])
    .describe('What a config decided that was found and not named, and where it stands there'),
});
export type RunRecord = z.infer<typeof Run>;

/**
 * The journal of a release, written down: what goes in and out, and one step for each thing that is sent somewhere. A later run on
 * another machine goes on from it. Holds names, sizes and hashes; never a secret, a signed URL or a path.
 */
export const Receipt = z.object({
  receiptVersion: z.literal(2),
  tool: z.object({ name: z.literal('apptool'), version: z.string() }),
  updatedAt: z.iso.datetime(),
  environment: z.string().nullable().default(null),
  build: Build.nullable().default(null).describe('The build that began the release'),
  release: z
    .object({ name: z.string(), definition: z.string().describe('SHA-256 of what the config says of it') })
    .nullable()
    .default(null)
    .describe('The release of the config that it is of, where it is of one'),
  input: z
    .object({
      name: z.string(),
      size: z.int(),
      sha256: z.string().nullable(),
      platform: z
        .enum(['android', 'ios', 'other'])
        .describe('other: of a file that is sent as it is, which nothing looks into'),
      ...App,
    })
    .nullable()
    .default(null),
  output: z
    .object({ name: z.string(), size: z.int(), sha256: z.string(), ...App })
    .nullable()
    .default(null),
  steps: z.array(StepRecord),
  runs: z.array(Run).describe('The runs that worked on it, the last one at the end'),
});
export type Receipt = z.infer<typeof Receipt>;

/** Which app a file is, and who signed it; `null` for what the file does not tell. */
export interface AppRecord {
  readonly packageName: string | null;
  readonly versionName: string | null;
  readonly versionCode: number | null;
  /** Hex SHA-256 of the certificates of its newest signature; empty where it is not signed. */
  readonly signers: string[] | null;
  /** Names of the permissions that an Android app asks for, sorted; `null` where there are too many to be kept. */
  readonly permissions: string[] | null;
  /** The same as people know them: subjects of certificates. */
  readonly signedBy: string[] | null;
}

/** Who signed a file. */
export type Signed = Pick<AppRecord, 'signers' | 'signedBy'>;

/** A file that goes in. */
export interface InputRecord extends AppRecord {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly platform: Artifact['platform'];
}

/** The file that protection gave back. */
export interface OutputRecord extends AppRecord {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export type StepAction = StepRecord['action'];

/** A step that is to come. */
export type PlannedRecord = Pick<StepRecord, 'id' | 'action' | 'backend' | 'required' | 'until'>;

/** The job of a step, and what the backend told of it when it was made. */
export interface StepJob extends JobRef {
  readonly details: JobDetails;
}

/** The facts of a step in memory: as they are written down, but for the job. */
export interface StepFacts extends Readonly<Omit<StepRecord, 'job'>> {
  readonly job: StepJob | null;
}

/** One thing that is sent somewhere, with all that is known of it. Its members change as the step is told what happens. */
export interface Step extends StepFacts {
  /** How this run ended it: its error, or `null` when all is well; `undefined` while it works on it, or does not touch it. */
  readonly error: AppToolError | null | undefined;
  /** True where the run does several things side by side: then events and documents tell of each. */
  readonly isTarget: boolean;
  tell(event: StepEvent): void;
}

/** What changes a step. */
export type StepEvent =
  | { readonly type: 'job'; readonly id: string; readonly details?: JobDetails }
  | { readonly type: 'multipart-open'; readonly session: Readonly<Record<string, string>> }
  | { readonly type: 'multipart-closed' }
  /** The last byte was handed over: from here on the job may be running, whatever we hear. */
  | { readonly type: 'may-have-landed' }
  /** The server has refused what was sent, so nothing was started by it after all. */
  | { readonly type: 'not-landed' }
  | { readonly type: 'sent'; readonly sha256: string | null }
  /** Its job is waited for, to this milestone. */
  | { readonly type: 'until'; readonly until: string | null }
  /** The backend has taken the whole file. */
  | { readonly type: 'accepted' }
  | { readonly type: 'state'; readonly state: JobState }
  /** The output of its job is being downloaded. */
  | { readonly type: 'fetching' }
  /** It is in place. */
  | { readonly type: 'fetched' }
  /** Where people see it; what is left out stays as it was. */
  | { readonly type: 'links'; readonly links: Partial<Links> }
  | { readonly type: 'ended'; readonly error: AppToolError | null };

/** What whoever listens to a run may read of its journal. */
export interface JournalFacts {
  readonly environment: string | null;
  readonly build: Receipt['build'];
  readonly release: Receipt['release'];
  readonly input: InputRecord | null;
  readonly output: OutputRecord | null;
  /** The same, where this run has put it in place. */
  readonly fetched: OutputRecord | null;
  /** The file that this run is about: the input, or the output where that is published. */
  readonly artifact: InputRecord | null;
  /** Every step of the release, those of earlier runs too. */
  readonly steps: readonly Step[];
  /** The steps that this run works on. */
  readonly current: readonly Step[];
  /** What the run is to do in all, in order, also what has not begun; empty where that is what it works on. */
  readonly planned: readonly PlannedRecord[];
  /** The runs before this one. */
  readonly runs: readonly RunRecord[];
  /** The backend that a command of its own is sent to, which is no step of a release. */
  readonly call: { readonly backend: string; readonly mayHaveLanded: boolean } | null;
  /** Files of ours that must not outlive the run. */
  readonly temporaryPaths: readonly string[];
  /** Whether it may be written where a receipt was: not before it is known to be of the same release. */
  readonly mayBeKept: boolean;
}
