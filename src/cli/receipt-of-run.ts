import type { BuildMetadata } from '../build-metadata.ts';
import type { Trace } from '../run/trace.ts';
import type { Receipt } from './receipt.ts';

const MOST_ATTEMPTS = 100;

/** What a receipt says besides the trace. */
export type ReceiptFacts = Pick<Receipt, 'command' | 'startedAt' | 'environment'> & {
  readonly version: string;
  readonly build: BuildMetadata;
  /** Host of a backend's address. */
  readonly hostOf: (backend: string) => string | null;
};

/** How it stands with the run when its receipt is written. */
export interface Standing {
  readonly ended: Receipt['ended'];
  readonly retries: number;
  readonly now: Date;
  /** The receipt that this run goes on from. */
  readonly carried: Receipt | null;
}

export function receiptOf(trace: Trace, facts: ReceiptFacts, { ended, retries, now, carried }: Standing): Receipt {
  const { command, version, startedAt } = facts;
  const { output } = trace.report;
  const updatedAt = now.toISOString();
  const attempt = { command, version, startedAt, updatedAt, ended, retries };
  return {
    receiptVersion: 1,
    tool: { name: 'apptool', version },
    command,
    startedAt,
    updatedAt,
    ended,
    environment: facts.environment ?? carried?.environment ?? null,
    // A stage in an empty folder may know nothing of what was built.
    build: facts.build.commit === null && carried?.build != null ? carried.build : buildOf(facts.build),
    artifact: trace.report.artifact === null ? null : withoutPath(trace.report.artifact),
    output: output === null ? (carried?.output ?? null) : withoutPath(output),
    ...whereItStands(trace, facts, carried, ended),
    attempts: [...(carried?.attempts ?? []), attempt].slice(-MOST_ATTEMPTS),
  };
}

type Standings = Pick<Receipt, 'backend' | 'host' | 'job' | 'state' | 'mayHaveLanded' | 'unfinished' | 'targets'>;

/** The job of this run, or its targets; a run about one target of several leaves what is known of the others. */
function whereItStands(trace: Trace, facts: ReceiptFacts, carried: Receipt | null, ended: Receipt['ended']): Standings {
  const own = standingOf(trace, facts);
  if (carried === null || carried.job !== null || carried.targets.length === 0)
    return { ...own, backend: trace.report.backend, targets: trace.targets.map((target) => targetOf(target, facts)) };
  const { backend, host, job, state, mayHaveLanded, unfinished, targets } = carried;
  return {
    ...{ backend, host, job, state, mayHaveLanded, unfinished },
    targets: targets.map((target) => (target.job?.ref === own.job?.ref ? { ...target, ...own, ended } : target)),
  };
}

function targetOf(trace: Trace, facts: ReceiptFacts): Receipt['targets'][number] {
  const { end } = trace;
  const ended = end === undefined ? null : { exitCode: end?.exitCode ?? 0, errorClass: end?.class ?? null };
  return { ...standingOf(trace, facts), backend: trace.report.backend ?? '', ended };
}

function standingOf({ report, leftovers }: Trace, facts: ReceiptFacts): Omit<Standings, 'backend' | 'targets'> {
  const { backend, job, state } = report;
  const { session, mayHaveLanded } = leftovers;
  return {
    host: backend === null ? null : facts.hostOf(backend),
    job,
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
