import { type CiVariables, recipe } from '../ci-shell.ts';
import { runAzure } from './azure.ts';
import { runBitrise } from './bitrise.ts';
import { runBuildkite } from './buildkite.ts';
import { runCircle } from './circleci.ts';
import { runCodemagic } from './codemagic.ts';
import { type JobResult, receiptLine } from './machine.ts';
import { runTeamcity } from './teamcity.ts';

/** The jobs of a recipe in their order, and what they keep. */
type Jobs = Readonly<Record<string, JobResult>>;

export const AZURE = recipe('azure/azure-pipelines.yml');
const BITRISE = recipe('bitrise/bitrise.yml');
export const BUILDKITE = recipe('buildkite/pipeline.yml');
export const CIRCLECI = recipe('circleci/config.yml');
const CODEMAGIC = recipe('codemagic/codemagic.yaml');
const TEAMCITY = recipe('teamcity/settings.kts');

/** Each recipe from a tag to the store, by what its engine does. */
export const FLOWS = {
  azure: (ci: CiVariables) => runAzure(AZURE, ci),
  bitrise: (ci: CiVariables) =>
    byHand((name, line) => runBitrise(BITRISE, name, line === '' ? {} : { RECEIPT: line }, ci)),
  buildkite: (ci: CiVariables) => runBuildkite(BUILDKITE, ci),
  circleci: (ci: CiVariables) => runCircle(CIRCLECI, ci),
  codemagic: (ci: CiVariables) => byHand((name, receipt) => runCodemagic(CODEMAGIC, name, { receipt }, ci)),
  teamcity: (ci: CiVariables) => runTeamcity(TEAMCITY, ci),
} as const satisfies Record<string, (ci: CiVariables) => Promise<Jobs>>;

/** Two builds, with a person between them who copies a line. */
async function byHand(run: (name: string, receipt: string) => Promise<JobResult>): Promise<Jobs> {
  const protect = await run('protect', '');
  if (protect.code !== 0) return { protect };
  return { protect, publish: await run('publish', receiptLine(protect.log)) };
}
