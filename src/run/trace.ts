import type { AppIdentity, Artifact, Platform } from '../contract/artifact.ts';
import type { Context, RemoteFact } from '../contract/context.ts';
import type { AppToolError, CancelledError } from '../contract/errors.ts';
import { CancelledError as Cancelled } from '../contract/errors.ts';
import type { Finding, JobDetails, JobState } from '../contract/job.ts';
import type { MultipartSession } from '../transfer/upload/signed-protocol.ts';
import { jobRef } from './backend.ts';

/** What is known of a run, filled in as it becomes known, so that a failed run can still say all of it. */
export interface Report {
  readonly backend: string | null;
  readonly job: JobRecord | null;
  readonly state: Pick<JobState, 'phase' | 'status' | 'message' | 'startedAt' | 'endedAt'> | null;
  /** The last that the backend said that it found. */
  readonly findings: readonly Finding[];
  readonly artifact: ArtifactFacts | null;
  readonly output: OutputRecord | null;
}

/** A job, and what the backend told of it when it was made. */
export interface JobRecord {
  readonly ref: string;
  readonly id: string;
  readonly details: JobDetails;
}

/** Which app a file is, and who signed it; `null` for what the file does not tell. */
export interface AppRecord {
  readonly packageName: string | null;
  readonly versionName: string | null;
  readonly versionCode: number | null;
  /** Hex SHA-256 of the certificates of its newest signature; empty where it is not signed. */
  readonly signers: string[] | null;
}

interface OutputRecord extends AppRecord {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface ArtifactFacts extends AppRecord {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly platform: Platform;
}

/** What the run may have left behind: at the backend, and here. */
interface Leftovers {
  /** The last byte of something that starts a job is out. */
  readonly mayHaveLanded: boolean;
  /** A multipart upload that was neither completed nor aborted, as far as is known. */
  readonly session: MultipartSession | null;
  readonly temporaryPaths: readonly string[];
}

/** Everything that one run knows of itself: the one place that every ending, a sudden one too, reads from. */
export interface Trace {
  readonly report: Report;
  readonly leftovers: Leftovers;
  /** Those of the targets, in a run that has several: each is a run of its own. */
  readonly targets: readonly Trace[];
  /** How a target ended: its error, or `null` when all is well; `undefined` while it runs. */
  readonly end: AppToolError | null | undefined;
  /** A new trace of a target. */
  target(backend: string): Trace;
  ended(error: AppToolError | null): void;
  note(part: Partial<Report>): void;
  record(fact: RemoteFact): void;
}

export interface RunContext extends Context {
  readonly trace: Trace;
}

const NOTHING_KNOWN: Report = { backend: null, job: null, state: null, findings: [], artifact: null, output: null };
const NOTHING_LEFT: Leftovers = { mayHaveLanded: false, session: null, temporaryPaths: [] };

/** `onChange` is told after every change, at once: what is to survive a power cut has to be written down then. */
export function createTrace(onChange: (trace: Trace) => void): Trace {
  let report = NOTHING_KNOWN;
  let leftovers = NOTHING_LEFT;
  let end: AppToolError | null | undefined;
  const targets: Trace[] = [];
  const trace: Trace = {
    get report() {
      return report;
    },
    get leftovers() {
      return leftovers;
    },
    get end() {
      return end;
    },
    targets,
    target(backend) {
      const target = createTrace(() => onChange(trace));
      targets.push(target);
      target.note({ backend });
      return target;
    },
    ended(error) {
      end = error;
      onChange(trace);
    },
    note(part) {
      report = { ...report, ...part };
      onChange(trace);
    },
    record(fact) {
      if (fact.type === 'job') {
        const { id, details = report.job?.id === fact.id ? report.job.details : {} } = fact;
        report = { ...report, job: { ref: jobRef({ id: report.backend ?? '' }, id), id, details } };
        leftovers = { ...leftovers, mayHaveLanded: false };
      } else leftovers = after(leftovers, fact);
      onChange(trace);
    },
  };
  return trace;
}

function after(left: Leftovers, fact: Exclude<RemoteFact, { type: 'job' }>): Leftovers {
  switch (fact.type) {
    case 'multipart-open':
      return { ...left, session: fact.session };
    case 'multipart-closed':
      return { ...left, session: null };
    case 'may-have-landed':
      return { ...left, mayHaveLanded: true };
    case 'not-landed':
      return { ...left, mayHaveLanded: false };
    case 'temporary':
      return { ...left, temporaryPaths: [...left.temporaryPaths, fact.path] };
    case 'temporary-gone':
      return { ...left, temporaryPaths: left.temporaryPaths.filter((path) => path !== fact.path) };
  }
}

/** The record of a job that this run asks after: with what is known of it, where the run or its receipt knows it. */
export function jobRecord({ report }: Trace, ref: string, id: string): JobRecord {
  return report.job?.ref === ref ? report.job : { ref, id, details: {} };
}

export function factsOf(artifact: Artifact, sha256: string | null, signers: AppRecord['signers']): ArtifactFacts {
  const { path, name, sizeBytes: size, platform, identity } = artifact;
  return { path, name, size, sha256, platform, ...appRecord(identity, signers) };
}

export function appRecord(identity: AppIdentity | null, signers: AppRecord['signers']): AppRecord {
  const { packageName = null, versionName = null, versionCode = null } = identity ?? {};
  return { packageName, versionName, versionCode, signers };
}

/** Whether parts are left in a storage, by this run or by one of its targets. */
export function leavesParts(trace: Trace): boolean {
  return trace.leftovers.session !== null || trace.targets.some(leavesParts);
}

/** What to say when a run is stopped: what still runs, and how to go on. */
export function explainCancelled(error: CancelledError, { report, leftovers, targets }: Trace): CancelledError {
  const ways = targets.map((target) => `${target.report.backend}: ${wayOn(target.report, target.leftovers)}`);
  const hint = targets.length === 0 ? wayOn(report, leftovers) : ways.join('; ');
  return new Cancelled(error.signal, { cause: error, hint: error.hint ?? hint });
}

/** How to go on from where a run was stopped. */
export function wayOn({ job, state, output }: Report, { mayHaveLanded, session }: Leftovers): string {
  if (job === null && mayHaveLanded)
    return 'the whole file was out, so a build may have been created: look at the backend';
  if (job === null) return 'nothing was left at the backend';
  if (output !== null) return 'the output is in place';
  if (state?.phase === 'succeeded') return `the output waits to be fetched: apptool download ${job.ref}`;
  if (state !== null) return `the job goes on without us; to go on waiting: apptool wait ${job.ref}`;
  if (mayHaveLanded) return `the job may go on without us; to go on waiting: apptool wait ${job.ref}`;
  if (session !== null) return 'no build was started, but the parts that were sent could not be removed';
  return 'no build was started; what was sent is gone';
}
