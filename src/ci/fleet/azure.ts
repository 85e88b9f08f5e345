import { createHash } from 'node:crypto';
import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';
import { outputsOf } from './jobs.ts';

const LONGEST_NAME = 90;

/**
 * Logging commands that set output variables of the step: matrices for `strategy: matrix: $[ … ]`, whose names are letters, digits and underscores
 * (https://learn.microsoft.com/en-us/azure/devops/pipelines/yaml-schema/jobs-job-strategy). Nothing in them but ids and numbers.
 */
export function azureVariables(plan: FleetPlan): string {
  return outputsOf(plan, matrixOf)
    .map(([name, value]) => `##vso[task.setvariable variable=${name};isOutput=true]${value}\n`)
    .join('');
}

function matrixOf(cells: readonly FleetCell[]): string {
  const legs = cells.map(({ id, lane }) => [legName(id), { FLEET_ID: id, FLEET_LANE: String(lane) }]);
  return JSON.stringify(Object.fromEntries(legs));
}

/** An id that has other characters is told from its likes by its hash. */
function legName(id: string): string {
  const plain = `app_${id.replace(/[^A-Za-z0-9]/g, '_')}`.slice(0, LONGEST_NAME);
  return /^[A-Za-z0-9]+$/.test(id) ? plain : `${plain}_${createHash('sha256').update(id).digest('hex').slice(0, 8)}`;
}
