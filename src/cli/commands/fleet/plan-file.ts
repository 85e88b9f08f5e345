import { existsSync } from 'node:fs';
import { UsageError } from '../../../contract/errors.ts';
import { FleetPlan } from '../../../contract/record/fleet-plan.ts';
import { type RecordKind, readRecord } from '../../receipt/read-record.ts';

export const DEFAULT_PLAN = 'plan.json';
const PLAN: RecordKind = {
  name: 'plan',
  largestBytes: 64 * 1024 * 1024,
  hint: 'name the file that fleet plan has written',
};

/** Reads a plan. Throws `UsageError` for anything else; never quotes it. */
export function readPlan(path: string): FleetPlan {
  const parsed = FleetPlan.safeParse(readRecord(path, PLAN));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${path} is not a plan of a fleet, or one of another version`, { hint: PLAN.hint });
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
