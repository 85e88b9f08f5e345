import { existsSync, readFileSync, statSync } from 'node:fs';
import { UsageError } from '../../../contract/errors.ts';
import { FleetPlan } from '../../../contract/record/fleet-plan.ts';
import { fileProblem } from '../../../contract/text/file-problem.ts';

export const DEFAULT_PLAN = 'plan.json';
const LARGEST_PLAN = 64 * 1024 * 1024;

/** Reads a plan. Throws `UsageError` for anything else; never quotes it. */
export function readPlan(path: string): FleetPlan {
  const hint = 'name the file that fleet plan has written';
  let text: string;
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > LARGEST_PLAN) throw new UsageError(`${path} is not a plan`, { hint });
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`cannot read the plan ${path}: ${fileProblem(cause)}`, { cause, hint });
  }
  const parsed = FleetPlan.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${path} is not a plan of a fleet, or one of another version`, { hint });
}

/** The plan that is there; `null` where none is, or something else. */
export function planAt(path: string): FleetPlan | null {
  if (!existsSync(path)) return null;
  try {
    return readPlan(path);
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text; what it is not is said by the caller.
    return null;
  }
}
