import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';
import { canariesOf, othersOf, type PlanPlace, protects, publishes } from './jobs.ts';

/** Data for `readJSON`: the recipe makes a branch of `parallel` of each cell, behind `lock(label: …, quantity: 1)`. */
export function jenkinsData(plan: FleetPlan, { planPath }: PlanPlace): string {
  const cells = (some: readonly FleetCell[]) =>
    some.map((cell) => ({
      id: cell.id,
      lane: cell.lane,
      receipt: cell.receipt,
      junit: cell.junit,
      output: cell.output,
      protects: protects(cell),
      publishes: publishes(cell),
    }));
  const data = {
    fleet: plan.fleet,
    plan: planPath,
    receipts: plan.receipts,
    label: 'apptool-slot',
    slots: plan.slots,
    gate: plan.gate,
    empty: plan.cells.length === 0,
    canaries: cells(canariesOf(plan)),
    cells: cells(othersOf(plan)),
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}
