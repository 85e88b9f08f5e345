import type { FleetCell, FleetPlan } from '../../contract/record/fleet-plan.ts';
import { shellWord } from '../../contract/text/shell-word.ts';
import { canariesOf, headline, othersOf, type PlanPlace } from './jobs.ts';

/**
 * A script for POSIX shells with an xargs that knows `-P` (GNU, BSD, busybox): a line of ids per lane, the lanes side by side, and the status of all
 * at the end, whose exit code it ends with.
 */
export function shellScript(plan: FleetPlan, { planPath }: PlanPlace): string {
  const canaries = canariesOf(plan);
  const others = othersOf(plan);
  const waves = [
    ...(canaries.length === 0 ? [] : [`${wave(canaries)} || status`]),
    ...(others.length === 0 ? [] : [wave(others)]),
    'status',
  ];
  return `#!/bin/sh
${headline(plan)}
# The program is the one that APPTOOL names, or else the apptool of PATH.
set -u
export APPTOOL="\${APPTOOL:-apptool}"

# Each line is a lane, whose apps go one after the other; what fails stops no other app.
lanes() {
  xargs -P ${plan.slots} -L 1 sh -c '
    code=0
    for id do "$APPTOOL" fleet run "$id" --plan "$0" || code=1; done
    exit $code
  ' ${shellWord(planPath)}
}

status() {
  exec "$APPTOOL" fleet status ${shellWord(plan.receipts)} --plan ${shellWord(planPath)}
}

${waves.join('\n')}
`;
}

function wave(cells: readonly FleetCell[]): string {
  const lanes = [...new Set(cells.map(({ lane }) => lane))].sort((one, other) => one - other);
  const lines = lanes.map((lane) =>
    cells
      .filter((cell) => cell.lane === lane)
      .map(({ id }) => id)
      .join(' '),
  );
  return `printf '%s\\n' ${lines.map(shellWord).join(' ')} | lanes`;
}
