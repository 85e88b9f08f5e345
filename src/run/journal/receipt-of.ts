import type { BuildMetadata } from '../../contract/build-metadata.ts';
import { type JournalFacts, Receipt, type RunRecord } from '../../contract/record/journal.ts';
import { stepRecord } from './step.ts';

const MOST_RUNS = 100;

/** What a receipt says besides the journal. */
export interface ReceiptFacts {
  readonly version: string;
  /** What is known of the build that runs this; the one that began the release stands in the journal. */
  readonly build: BuildMetadata;
  readonly run: RunRecord;
}

/** A journal as it is written down: what was sent, from which build and for which environment, stays as its first run said it. */
export function receiptOf(journal: JournalFacts, { version, build, run }: ReceiptFacts): Receipt {
  const { environment, release, input, output, steps, runs } = journal;
  // The schema leaves out what is not written down, such as paths.
  return Receipt.parse({
    receiptVersion: 2,
    tool: { name: 'apptool', version },
    updatedAt: run.updatedAt,
    environment,
    build: journal.build?.commit == null ? buildOf(build) : journal.build,
    release,
    input,
    output,
    steps: steps.map(stepRecord),
    runs: [...runs, run].slice(-MOST_RUNS),
  });
}

function buildOf({ provider, ...build }: BuildMetadata): Receipt['build'] {
  const { commit, branch, tag, pullRequest, buildNumber, buildUrl, repositoryUrl } = build;
  return { provider: provider?.id ?? null, commit, branch, tag, pullRequest, buildNumber, buildUrl, repositoryUrl };
}
