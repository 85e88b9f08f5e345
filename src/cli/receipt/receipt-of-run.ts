import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { AppToolError } from '../../contract/errors.ts';
import type { Trace } from '../../run/trace.ts';
import type { FoundDecision } from '../session/found-decisions.ts';
import type { Receipt } from './receipt.ts';

const MOST_ATTEMPTS = 100;

/** What a receipt says besides the trace. */
export type ReceiptFacts = Pick<Receipt, 'command' | 'startedAt' | 'environment'> & {
  readonly version: string;
  readonly build: BuildMetadata;
  /** What a config decided that nobody named. */
  readonly decided: readonly FoundDecision[];
  /** Host of a backend's address. */
  readonly hostOf: (backend: string) => string | null;
  /** Unfinished uploads in the receipt that this run's takes the place of. */
  readonly leftovers: Receipt['leftovers'];
};

/** How it stands with the run when its receipt is written. */
export interface Progress {
  readonly ended: Receipt['ended'];
  readonly retries: number;
  readonly now: Date;
  /** The receipt that this run goes on from. What was sent stays as it says: a later stage may know another commit or environment. */
  readonly carried: Receipt | null;
}

export function receiptOf(trace: Trace, facts: ReceiptFacts, { ended, retries, now, carried }: Progress): Receipt {
  const { command, version, startedAt } = facts;
  const { artifact, output } = trace.report;
  const updatedAt = now.toISOString();
  const attempt = {
    command,
    version,
    startedAt,
    updatedAt,
    ended,
    retries,
    buildUrl: facts.build.buildUrl,
    decided: [...facts.decided],
  };
  return {
    receiptVersion: 1,
    tool: { name: 'apptool', version },
    command,
    startedAt,
    updatedAt,
    ended,
    environment: carried?.environment ?? facts.environment,
    build: carried?.build?.commit == null ? buildOf(facts.build) : carried.build,
    artifact: artifact === null ? (carried?.artifact ?? null) : withoutPath(artifact),
    output: output === null ? (carried?.output ?? null) : withoutPath(output),
    ...whereItStands(trace, facts, carried, ended),
    leftovers: carried?.leftovers ?? facts.leftovers,
    attempts: [...(carried?.attempts ?? []), attempt].slice(-MOST_ATTEMPTS),
  };
}

type Standing = Pick<Receipt, 'backend' | 'host' | 'job' | 'state' | 'mayHaveLanded' | 'unfinished'>;
type Target = Receipt['targets'][number];

/** The job of this run, or its targets; a run about one target of several leaves what is known of the others. */
function whereItStands(
  trace: Trace,
  facts: ReceiptFacts,
  carried: Receipt | null,
  ended: Receipt['ended'],
): Standing & Pick<Receipt, 'targets'> {
  const own = standingOf(trace, facts);
  if (carried === null) return { ...own, targets: trace.targets.map((target) => targetOf(target, facts)) };
  const { backend, host, job, state, mayHaveLanded, unfinished, targets } = carried;
  const before = { backend, host, job, state, mayHaveLanded, unfinished };
  if (job !== null) return { ...goneOn(before, own), targets };
  const isOwn = (target: Target): boolean => own.job !== null && target.job?.ref === own.job.ref;
  return {
    ...before,
    targets: targets.map((target) => (isOwn(target) ? { ...target, ...goneOn(target, own), ended } : target)),
  };
}

/** What was known of a job with what this run has learned of it. Until it has seen the job, what was left is still there. */
function goneOn<T extends Standing>(before: T, { state }: Standing): T {
  return state === null ? before : { ...before, state, mayHaveLanded: false, unfinished: null };
}

function targetOf(trace: Trace, facts: ReceiptFacts): Target {
  const { end } = trace;
  const ended = end === undefined ? null : endingOf(end);
  return { ...standingOf(trace, facts), backend: trace.report.backend ?? '', ended };
}

/** How a run or a target ended; `null` for a good end. */
export function endingOf(error: AppToolError | null): NonNullable<Receipt['ended']> {
  return { exitCode: error?.exitCode ?? 0, errorClass: error?.class ?? null, limit: error?.limit ?? null };
}

function standingOf({ report, leftovers }: Trace, facts: ReceiptFacts): Standing {
  const { backend, job, state } = report;
  const { session, mayHaveLanded } = leftovers;
  return {
    backend,
    host: backend === null ? null : facts.hostOf(backend),
    job: job === null ? null : { ...job, details: { ...job.details } },
    state: state === null ? null : { phase: state.phase, status: state.status },
    mayHaveLanded: job === null && mayHaveLanded,
    unfinished: session === null ? null : { session: { ...session }, mayHaveLanded },
  };
}

function buildOf({ provider, ...build }: BuildMetadata): Receipt['build'] {
  const { commit, branch, tag, pullRequest, buildNumber, buildUrl, repositoryUrl } = build;
  return { provider: provider?.id ?? null, commit, branch, tag, pullRequest, buildNumber, buildUrl, repositoryUrl };
}

function withoutPath<T extends { readonly path: string }>({ path: _, ...rest }: T): Omit<T, 'path'> {
  return rest;
}
