import type { SettingValues } from '../../cli/settings/settings.ts';
import type { AppEvent } from '../../contract/events.ts';

export interface Step {
  readonly name: string;
  readonly beganAtMs: number;
  endedAtMs: number | null;
  /** What it was for is reached: what fails after it is the next step's. */
  isDone: boolean;
}

/** The steps of the commands that have several; any other command is one step of its own name. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  protect: ['check', 'upload', 'wait', 'download'],
  upload: ['check', 'upload'],
  publish: ['check', 'upload', 'wait'],
};

/** The steps that a run would take, if all went well. */
export function stepsOf(
  command: string,
  { dryRun, detach }: Pick<SettingValues, 'dryRun' | 'detach'>,
): readonly string[] {
  const [first = command, ...others] = STEPS[command] ?? [];
  if (dryRun === true) return [first];
  return [first, ...(detach === true ? others.filter((step) => step === 'upload') : others)];
}

const BEGINS: Readonly<Partial<Record<AppEvent['type'], string>>> = {
  'upload.start': 'upload',
  'wait.start': 'wait',
  'download.start': 'download',
};

/** What the steps of a run and of its targets took, read from its events. The first begins at once; the run's own target is `''`. */
export interface RunSteps {
  event(event: AppEvent): void;
  of(target: string): readonly Step[];
}

export function createRunSteps(first: string, now: () => number): RunSteps {
  const known = new Map<string, Step[]>([['', [newStep(first, now())]]]);
  const of = (target: string): Step[] => known.get(target) ?? [];
  const end = (step: Step | undefined, isDone: boolean): void => {
    if (step === undefined || step.endedAtMs !== null) return;
    step.endedAtMs = now();
    step.isDone = isDone;
  };
  return {
    of,
    event(event) {
      const target = event.target ?? '';
      const last = of(target).at(-1);
      const next = BEGINS[event.type];
      if (next !== undefined && next !== last?.name) {
        end(last, true);
        // What is checked once for all targets is done when the first of them begins.
        end(of('').at(-1), true);
        known.set(target, [...of(target), newStep(next, now())]);
      } else if (isEndOf(last, event)) end(last, true);
      else if (event.type === 'target.done') end(last, event.errorClass === null);
    },
  };
}

function isEndOf(step: Step | undefined, event: AppEvent): boolean {
  if (event.type === 'upload.done') return step?.name === 'upload';
  return event.type === 'job.state' && event.phase === 'succeeded' && step?.name === 'wait';
}

function newStep(name: string, nowMs: number): Step {
  return { name, beganAtMs: nowMs, endedAtMs: null, isDone: false };
}
