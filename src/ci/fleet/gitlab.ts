import { posix } from 'node:path';
import { UsageError } from '../../contract/errors.ts';
import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';
import { shellWord } from '../../contract/text/shell-word.ts';
import { canariesOf, headline, laneName, type PlanPlace, protects, publishes } from './jobs.ts';
import { yamlText } from './yaml-text.ts';

/** "The maximum number of jobs that a single job can have in the `needs` array" is 50: https://docs.gitlab.com/ci/yaml/#needs */
const MOST_NEEDS = 50;
const OF_EACH_JOB = 4;
/** The jobs of the parent pipeline that keep the plan with the receipts, and the apps. */
const PLAN = { pipeline: '$PARENT_PIPELINE_ID', job: 'plan' };
const BUILD = { pipeline: '$PARENT_PIPELINE_ID', job: 'build' };

/**
 * A child pipeline: for each app a job that protects, in the resource group of its lane, and a job that publishes. One manual job stands before
 * all that publish. What the jobs run on, and with which variables, say the hidden jobs that they extend.
 */
export function gitlabPipeline(plan: FleetPlan, { planPath }: PlanPlace): string {
  const canaries = canariesOf(plan);
  if (canaries.length + OF_EACH_JOB > MOST_NEEDS)
    throw new UsageError(`GitLab takes ${MOST_NEEDS} needs of a job, and there are ${canaries.length} canaries`, {
      hint: 'let fewer apps be canaries',
    });
  const isGated = plan.gate && plan.cells.some(publishes);
  const jobs = plan.cells.flatMap((cell) => jobsOf(cell, { plan, planPath, canaries, isGated }));
  const gate = { extends: '.apptool-fleet-gate', stage: 'gate', needs: [], when: 'manual', allow_failure: false };
  const status = {
    extends: '.apptool-fleet-status',
    stage: 'status',
    when: 'always',
    // Without needs it has the artifacts of all jobs before it; they hold the plan too.
    ...(plan.cells.length === 0 ? { needs: [PLAN] } : {}),
    script: [
      `exec node "$apptool" fleet status ${shellWord(plan.receipts)} --plan ${shellWord(planPath)} --summary fleet.md --junit fleet.xml`,
    ],
    artifacts: { when: 'always', paths: ['fleet.md', plan.receipts], reports: { junit: 'fleet.xml' } },
  };
  const pipeline = {
    stages: ['protect', 'gate', 'publish', 'status'],
    ...Object.fromEntries(jobs),
    ...(isGated ? { gate } : {}),
    status,
  };
  return `${headline(plan)}\n${yamlText(pipeline)}\n`;
}

interface Around extends PlanPlace {
  readonly plan: FleetPlan;
  readonly canaries: readonly FleetCell[];
  readonly isGated: boolean;
}

function jobsOf(cell: FleetCell, around: Around): [string, unknown][] {
  const { isGated } = around;
  if (!isGated) return [[nameOf('release', cell), protectJob(cell, '', around)]];
  return [
    ...(protects(cell)
      ? [[nameOf('protect', cell), protectJob(cell, ' --until protected', around)] satisfies [string, unknown]]
      : []),
    ...(publishes(cell) ? [[nameOf('publish', cell), publishJob(cell, around)] satisfies [string, unknown]] : []),
  ];
}

function nameOf(verb: string, { id }: FleetCell): string {
  return `${verb} ${id}`;
}

function protectJob(cell: FleetCell, more: string, { planPath, canaries, isGated }: Around) {
  const first = cell.canary ? [] : canaries.filter((one) => !isGated || protects(one));
  return {
    extends: '.apptool-fleet-protect',
    stage: 'protect',
    // One job for both: GitLab gives a retry of it no receipt, and it would protect a second time.
    ...(!isGated && protects(cell) && publishes(cell) ? { retry: 0 } : {}),
    resource_group: laneName(cell.lane),
    needs: [
      PLAN,
      BUILD,
      ...first.map((one) => ({ job: nameOf(isGated ? 'protect' : 'release', one), artifacts: false })),
    ],
    script: [`exec node "$apptool" fleet run ${shellWord(cell.id)} --plan ${shellWord(planPath)}${more}`],
    artifacts: artifactsOf(cell, [cell.receipt, planPath]),
  };
}

/**
 * Goes on from the artifacts of the job that has protected. Its receipt is kept in a folder of its own: where two jobs keep one path, it is not
 * said which of them a later job gets.
 */
function publishJob(cell: FleetCell, { plan, planPath, canaries }: Around) {
  const receipt = posix.join(plan.receipts, 'published', posix.basename(cell.receipt));
  const first = cell.canary ? [] : canaries.filter(publishes);
  return {
    extends: '.apptool-fleet-publish',
    stage: 'publish',
    needs: [
      PLAN,
      ...(cell.output === null ? [BUILD] : []),
      ...(protects(cell) ? [nameOf('protect', cell)] : []),
      { job: 'gate', artifacts: false },
      ...first.map((one) => ({ job: nameOf('publish', one), artifacts: false })),
    ],
    script: [
      `exec node "$apptool" fleet run ${shellWord(cell.id)} --plan ${shellWord(planPath)} --from publish --receipt ${shellWord(receipt)}`,
    ],
    artifacts: artifactsOf({ ...cell, output: null }, [receipt, planPath]),
  };
}

function artifactsOf({ output, junit }: FleetCell, paths: readonly string[]) {
  return { when: 'always', paths: [...paths, ...(output === null ? [] : [output])], reports: { junit } };
}
