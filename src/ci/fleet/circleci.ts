import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';
import { canariesOf, headline, laneName, type PlanPlace, protects, publishes } from './jobs.ts';
import { yamlText } from './yaml-text.ts';

/**
 * The workflow of a dynamic config, to be put behind the file that has the jobs `fleet-cell` and `fleet-status`. `serial-group` lets one job of a
 * lane run at a time, and skips those of an older pipeline where a newer one waits: the next plan has them again
 * (https://circleci.com/docs/guides/orchestrate/controlling-serial-execution-across-your-organization/).
 */
export function circleciWorkflow(plan: FleetPlan, { planPath }: PlanPlace): string {
  const canaries = canariesOf(plan);
  const isGated = plan.gate && plan.cells.some(publishes);
  const common = ({ id, receipt, junit }: FleetCell) => ({ id, plan: planPath, receipt, junit });
  const first = (verb: string, cell: FleetCell, isIn: (one: FleetCell) => boolean) =>
    cell.canary ? [] : canaries.filter(isIn).map((one) => `${verb} ${one.id}`);
  const jobs = plan.cells.flatMap((cell): { name: string; job: object }[] => {
    const lane = { 'serial-group': `apptool/${laneName(cell.lane)}` };
    if (!isGated) {
      const requires = first('release', cell, () => true);
      return [{ name: `release ${cell.id}`, job: { ...common(cell), stage: '', ...lane, requires } }];
    }
    const before = protects(cell) ? [`protect ${cell.id}`] : [];
    return [
      ...before.map((name) => ({
        name,
        job: { ...common(cell), stage: '--until protected', ...lane, requires: first('protect', cell, protects) },
      })),
      ...(publishes(cell)
        ? [
            {
              name: `publish ${cell.id}`,
              job: {
                ...common(cell),
                stage: '--from publish',
                requires: [...before, 'gate', ...first('publish', cell, publishes)],
              },
            },
          ]
        : []),
    ];
  });
  const steps = [
    ...(isGated ? [{ gate: { type: 'approval' } }] : []),
    ...jobs.map(({ name, job }) => ({ 'fleet-cell': { name, ...job } })),
    {
      'fleet-status': {
        receipts: plan.receipts,
        plan: planPath,
        // Whatever became of them.
        requires: jobs.map(({ name }) => ({ [name]: 'terminal' })),
      },
    },
  ];
  // Flow lines below a key of a block have to be indented.
  const workflows = yamlText({ fleet: { jobs: steps } }).replaceAll('\n', '\n  ');
  return `${headline(plan)}\nworkflows: ${workflows}\n`;
}
