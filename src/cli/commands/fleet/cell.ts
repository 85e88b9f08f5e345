import { dirname } from 'node:path';
import { makeFolder } from '../../../ci/files/make-folder.ts';
import { LocalIoError, UsageError } from '../../../contract/errors.ts';
import type { FleetCell } from '../../../contract/record/fleet-plan.ts';
import { fileProblem } from '../../../contract/text/file-problem.ts';
import { nearest } from '../../../contract/text/suggest.ts';
import type { Asked, Invocation } from '../../line/command.ts';
import { configFor } from './app-release.ts';
import { DEFAULT_PLAN, readPlan } from './plan-file.ts';
import { suffixedVariables } from './suffixed.ts';

/** The cell that is meant, and what holds for all. Throws `UsageError` for one that is not in the plan, with the reason where the plan says it. */
export function cellOf({ operands, flags }: Invocation): { readonly cell: FleetCell; readonly slots: number } {
  const [id = ''] = operands;
  const path = typeof flags.plan === 'string' ? flags.plan : DEFAULT_PLAN;
  const { cells, deferred, look, done, slots } = readPlan(path);
  const cell = cells.find((one) => one.id === id);
  if (cell !== undefined) return { cell, slots };
  const refuse = (why: string, hint: string | null = null) =>
    new UsageError(`${path} has no cell ${id}: ${why}`, { hint });
  const later = deferred.find((one) => one.id === id);
  if (later !== undefined) throw refuse(`this week has no build left for it before ${later.from}`, 'plan again then');
  const lost = look.find((one) => one.id === id);
  if (lost !== undefined) throw refuse(`${lost.why} (${lost.at.join(', ')})`, 'look there before you send it again');
  if (done.some((one) => one.id === id)) throw refuse('it is done');
  const near = nearest(
    id,
    cells.map((one) => one.id),
  );
  throw refuse('it is not planned', near === null ? null : `did you mean ${near}?`);
}

/** A cell as the release that it is: its flags, the variables of its app, and a config with its release alone. */
export async function releaseOfCell(asked: Asked): Promise<Asked> {
  const { invocation, backends, config } = asked;
  const { cell } = cellOf(invocation);
  // Where a later job keeps its receipt apart, it goes on from the planned one all the same.
  const written = typeof invocation.flags.receipt === 'string' ? invocation.flags.receipt : cell.receipt;
  for (const path of [written, cell.junit, cell.output]) if (path !== null) makeFolderOf(path);
  const { environment, output, package: name, receipt, junit, credentials } = cell;
  return {
    ...asked,
    invocation: {
      ...invocation,
      flags: {
        ...invocation.flags,
        resume: receipt,
        receipt: written,
        junit,
        'junit-suite': `apptool.${cell.id}`,
        'expect-package': name,
        ...(environment === null ? {} : { environment }),
        // What an earlier wave has left in the folder of the fleet gives way.
        ...(output === null ? {} : { output, force: true }),
      },
    },
    env: credentials === null ? asked.env : suffixedVariables(asked.env, credentials, backends).env,
    config: configFor(config, cell),
  };
}

function makeFolderOf(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (cause) {
    throw new LocalIoError(`cannot make the folder of ${path}: ${fileProblem(cause)}`, { cause });
  }
}
