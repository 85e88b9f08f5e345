import type { JSX } from 'preact';
import type { Receipt, RunRecord, StepRecord } from '../../../contract/record/journal.ts';
import { formatElapsed } from '../../../contract/text/units.ts';
import { standingOf } from '../../../run/journal/standing.ts';
import { Time } from './time.tsx';

interface Bar {
  readonly kind: 'run' | 'upload' | 'job';
  readonly from: number;
  readonly to: number;
  readonly words: string;
  readonly isOpen: boolean;
}

interface Row {
  readonly label: string;
  readonly bars: readonly Bar[];
}

/** When each run and step worked, drawn to scale. A bar that would be narrower than its outline is drawn as a line. */
export function Timeline({ receipt }: { readonly receipt: Receipt }): JSX.Element | null {
  const rows = [...receipt.runs.map(runRow), ...receipt.steps.map(stepRow)].filter(({ bars }) => bars.length > 0);
  const bars = rows.flatMap((row) => row.bars);
  if (bars.length === 0) return null;
  const begin = Math.min(...bars.map(({ from }) => from));
  const end = Math.max(...bars.map(({ to }) => to));
  const span = Math.max(1, end - begin);
  const at = (time: number): string => `${((100 * (time - begin)) / span).toFixed(3)}%`;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * span);
  return (
    <section>
      <h3>Timeline</h3>
      <p class="note">
        To scale, from <Time at={new Date(begin).toISOString()} /> to <Time at={new Date(end).toISOString()} />
        {`: ${formatElapsed(end - begin)}.`}
      </p>
      <ul class="legend">
        <li class="run">apptool ran</li>
        <li class="upload">upload</li>
        <li class="job">job at the backend</li>
      </ul>
      <div class="timeline">
        {rows.map(({ label, bars: own }) => (
          <div class="lane" key={label}>
            <span class="label">{label}</span>
            <svg
              role="img"
              aria-label={`${label}: ${own.map(({ words }) => words).join('; ')}`}
              width="100%"
              height="18"
            >
              <line x1="0" x2="100%" y1="9" y2="9" class="track" />
              {own.map(({ kind, from, to, isOpen, words }) => (
                <rect
                  key={words}
                  class={isOpen ? `${kind} open` : kind}
                  x={at(from)}
                  y="3"
                  width={`${((100 * (to - from)) / span).toFixed(3)}%`}
                  height="12"
                >
                  <title>{words}</title>
                </rect>
              ))}
            </svg>
            <span class="took">{own.map(({ words }) => words).join('; ')}</span>
          </div>
        ))}
        <div class="lane axis" aria-hidden="true">
          <span class="label" />
          <div class="ticks">
            {ticks.map((ms) => (
              <span key={ms}>{ms === 0 ? '0' : `+${formatElapsed(ms)}`}</span>
            ))}
          </div>
          <span class="took" />
        </div>
      </div>
    </section>
  );
}

function runRow({ command, startedAt, updatedAt, ended }: RunRecord, index: number): Row {
  const [from, to] = [Date.parse(startedAt), Date.parse(updatedAt)];
  const how = ended === null ? 'did not record how it ended' : `exit code ${ended.exitCode}`;
  return {
    label: `${index + 1}. ${command}`,
    bars: barOf('run', from, to, `${formatElapsed(to - from)}, ${how}`, ended === null),
  };
}

function stepRow(step: StepRecord): Row {
  const { id, startedAt, acceptedAt, settledAt, updatedAt, state } = step;
  if (startedAt === null) return { label: id, bars: [] };
  const from = Date.parse(startedAt);
  const accepted = acceptedAt === null ? null : Date.parse(acceptedAt);
  const last = Date.parse(settledAt ?? updatedAt ?? acceptedAt ?? startedAt);
  const uploadEnd = accepted ?? (state === null ? last : null);
  const upload =
    uploadEnd === null
      ? []
      : barOf('upload', from, uploadEnd, `upload ${formatElapsed(uploadEnd - from)}`, accepted === null);
  const jobFrom = accepted ?? from;
  const isRunning = standingOf(step) === 'running';
  const words = `job ${formatElapsed(last - jobFrom)}${isRunning ? ' so far' : ''}`;
  return { label: id, bars: [...upload, ...(state === null ? [] : barOf('job', jobFrom, last, words, isRunning))] };
}

/** None for times that cannot be: a machine's clock may have been set back between two stages. */
function barOf(kind: Bar['kind'], from: number, to: number, words: string, isOpen: boolean): readonly Bar[] {
  return to < from ? [] : [{ kind, from, to, words, isOpen }];
}
