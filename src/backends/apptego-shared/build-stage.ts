import type { Phase } from '../../contract/job.ts';

/** What a build that is not over is busy with: "Queued" is the first stage in the examples of the Automation API ("Check Job Status"). */
export function phaseOfStage(stage: string | null): Extract<Phase, 'queued' | 'running'> {
  return stage?.trim().toLowerCase() === 'queued' ? 'queued' : 'running';
}
