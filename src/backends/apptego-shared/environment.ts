import type { Stage } from '../../contract/job.ts';

/** The spellings of AppTego's configuration versions, "case-insensitive": Automation API, "Request Body". */
const STAGES: ReadonlyMap<string, Stage> = new Map([
  ['dev', 'development'],
  ['development', 'development'],
  ['stg', 'staging'],
  ['staging', 'staging'],
  ['prod', 'production'],
  ['production', 'production'],
]);

/** The stage that an environment is for, by any of its spellings; `null` for a word that names no environment. */
export function stageNamed(environment: string): Stage | null {
  return STAGES.get(environment.toLowerCase()) ?? null;
}
