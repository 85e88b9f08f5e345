import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';

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

/** What holds builds apart that go through one slot; the same in every pipeline. */
export function laneName(lane: number): string {
  return `apptool-fleet-${lane}`;
}

/** What a generated file begins with. */
export function headline({ cells, slots }: FleetPlan): string {
  const lanes = new Set(cells.map(({ lane }) => lane)).size;
  return `# apptool fleet: ${cells.length} cells in ${lanes} of ${slots} lanes. It was generated: change the fleet, not this file.`;
}
