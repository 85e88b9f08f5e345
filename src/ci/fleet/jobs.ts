import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';
import { counted } from '../../contract/text/units.ts';

/** What the formats need besides the plan: where it is kept. */
export interface PlanPlace {
  readonly planPath: string;
}

/** Whether a job has to protect before something can be published; what is protected already, or by nothing, is only published. */
export function protects({ steps }: FleetCell): boolean {
  return steps.some((id) => id.startsWith('protect:'));
}

export function publishes({ steps }: FleetCell): boolean {
  return steps.some((id) => id.startsWith('publish:'));
}

export function canariesOf({ cells }: FleetPlan): readonly FleetCell[] {
  return cells.filter(({ canary }) => canary);
}

export function othersOf({ cells }: FleetPlan): readonly FleetCell[] {
  return cells.filter(({ canary }) => !canary);
}

/** The matrices of an engine that asks for one before it makes jobs: the canaries, the others, and all that publish. */
export function matricesOf(plan: FleetPlan): readonly (readonly [name: string, cells: readonly FleetCell[]])[] {
  return [
    ['canary', canariesOf(plan)],
    ['matrix', othersOf(plan)],
    ['publish', plan.cells.filter(publishes)],
  ];
}

/** What the later jobs of such an engine read: each matrix in its words, and beside it whether it is empty. */
export function outputsOf(
  plan: FleetPlan,
  matrixOf: (cells: readonly FleetCell[]) => string,
): readonly (readonly [name: string, value: string])[] {
  return [
    ...matricesOf(plan).flatMap(([name, cells]): [string, string][] => [
      [name, matrixOf(cells)],
      [`${name}_empty`, String(cells.length === 0)],
    ]),
    ['slots', String(plan.slots)],
    ['empty', String(plan.cells.length === 0)],
  ];
}

/** What holds builds apart that go through one slot; the same in every pipeline. */
export function laneName(lane: number): string {
  return `apptool-fleet-${lane}`;
}

/** What a generated file begins with. */
export function headline({ cells, slots }: FleetPlan): string {
  const lanes = new Set(cells.map(({ lane }) => lane)).size;
  return `# apptool fleet: ${counted(cells.length, 'cell')} in ${lanes} of ${counted(slots, 'lane')}. It was generated: change the fleet, not this file.`;
}
