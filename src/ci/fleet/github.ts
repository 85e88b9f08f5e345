import { UsageError } from '../../contract/errors.ts';
import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';
import { matricesOf, outputsOf } from './jobs.ts';

/**
 * "A matrix will generate a maximum of 256 jobs per workflow run":
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategymatrix
 */
const MOST_CELLS = 256;

/**
 * Lines for `$GITHUB_OUTPUT`: matrices for `fromJSON`. A matrix without a cell is refused there, so whether one is empty is told beside it.
 * Ids and numbers alone: a cell finds all else in the plan.
 */
export function githubOutputs(plan: FleetPlan): string {
  const most = Math.max(...matricesOf(plan).map(([, cells]) => cells.length));
  if (most > MOST_CELLS)
    throw new UsageError(`GitHub takes ${MOST_CELLS} cells of a matrix, and there are ${most}`, {
      hint: 'plan a part of the fleet',
      next: { do: 'set', setting: 'only', value: '<id,id>' },
    });
  return outputsOf(plan, matrixOf)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function matrixOf(cells: readonly FleetCell[]): string {
  return JSON.stringify({ include: cells.map(({ id, lane }) => ({ id, lane })) });
}
