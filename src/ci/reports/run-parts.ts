import type { SettingValues } from '../../cli/settings/settings.ts';
import type { AppEvent } from '../../contract/events.ts';
import type { StepResult } from '../../contract/result-document.ts';

/** A part of a run, or of one of its steps: the check, the upload, the wait, the download. */
export interface Part {
  readonly name: string;
  readonly beganAtMs: number;
  endedAtMs: number | null;
  /** What it was for is reached: what fails after it is the next part's. */
  isDone: boolean;
}

/** The parts of a step that sends a file. */
const OF_STEPS: Readonly<Record<StepResult['action'], readonly string[]>> = {
  protect: ['upload', 'wait', 'download'],
  upload: ['upload'],
  publish: ['upload', 'wait'],
};

/** The parts that a run would have, if all went well. */
export interface ExpectedParts {
  /** What is done once, for all steps. */
  readonly first: readonly string[];
  readonly ofStep: (action: StepResult['action']) => readonly string[];
}

/** A command that `begins` a release checks, then works on its steps; any other command is one part of its own name, for each step. */
export function expectedParts(
  { command, begins }: { readonly command: string; readonly begins: boolean },
  { dryRun, detach }: Pick<SettingValues, 'dryRun' | 'detach'>,
): ExpectedParts {
  if (!begins) return { first: [], ofStep: () => [command] };
  if (dryRun === true) return { first: ['check'], ofStep: () => [] };
  return {
    first: ['check'],
    ofStep: (action) => OF_STEPS[action].filter((part) => detach !== true || part === 'upload'),
  };
}

const BEGINS: Readonly<Partial<Record<AppEvent['type'], string>>> = {
  'upload.start': 'upload',
  'wait.start': 'wait',
  'download.start': 'download',
};

/** The parts of a run and of its steps, with their times, read from its events. The first begins at once; the run's own are those of `''`. */
export interface RunParts {
  event(event: AppEvent): void;
  of(step: string): readonly Part[];
}

export function createRunParts(first: string, now: () => number): RunParts {
  const known = new Map<string, Part[]>([['', [newPart(first, now())]]]);
  const of = (step: string): Part[] => known.get(step) ?? [];
  const end = (part: Part | undefined, isDone: boolean): void => {
    if (part === undefined || part.endedAtMs !== null) return;
    part.endedAtMs = now();
    part.isDone = isDone;
  };
  return {
    of,
    event(event) {
      const step = event.step ?? '';
      const last = of(step).at(-1);
      const next = BEGINS[event.type];
      if (next !== undefined && next !== last?.name) {
        end(last, true);
        // What is checked once for all steps is done when the first of them begins.
        end(of('').at(-1), true);
        known.set(step, [...of(step), newPart(next, now())]);
      } else if (isEndOf(last, event)) end(last, true);
      else if (event.type === 'target.done') end(last, event.errorClass === null);
    },
  };
}

function isEndOf(part: Part | undefined, event: AppEvent): boolean {
  if (event.type === 'upload.done') return part?.name === 'upload';
  if (event.type === 'download.done') return part?.name === 'download';
  return event.type === 'job.state' && event.phase === 'succeeded' && part?.name === 'wait';
}

function newPart(name: string, nowMs: number): Part {
  return { name, beganAtMs: nowMs, endedAtMs: null, isDone: false };
}
