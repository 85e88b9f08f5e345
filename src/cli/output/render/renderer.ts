import type { AppEvent } from '../../../contract/events.ts';
import { type Activity, createActivity } from './activity.ts';
import { formatEvent, type Line } from './format.ts';
import type { LiveLine } from './live-line.ts';

/** Where a renderer writes: lines for people, never the result. Text that comes in is made safe there. */
export interface Console {
  /** The one line that changes in place; `null` where there is no terminal for it. */
  readonly live: LiveLine | null;
  writeLine(text: string): void;
  /** Text made fit to be shown, for what is not a whole line. */
  safe(text: string): string;
}

export interface Renderer {
  event(event: AppEvent): void;
  close(): void;
}

export interface RendererOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly progress: boolean;
}

/** A CI job that says nothing looks dead, so something is said at least this often (ms): well within 30 s. */
const SIGN_OF_LIFE_MS = 25_000;
const TICK_MS = 1_000;
const LIVE_TICK_MS = 120;

/** Turns events into lines, and what goes on into live lines, one for each target (terminal) or a sign of life now and then (elsewhere). */
export function createRenderer(out: Console, options: RendererOptions, now: () => number): Renderer {
  const activities = new Map<string, Activity>();
  const wantsProgress = options.progress && !options.quiet;
  const { live } = out;
  let lastLineAt = now();
  const say = (line: Line): void => {
    lastLineAt = now();
    if (live === null) out.writeLine(line.text);
    else live.interrupt(() => out.writeLine(line.text));
  };
  const ticker = wantsProgress ? startTicker(out, activities, live, now, () => now() - lastLineAt, say) : null;
  return {
    event(event) {
      const target = event.target ?? '';
      const activity = activities.get(target) ?? createActivity();
      activities.set(target, activity);
      activity.observe(event, now());
      const line = formatEvent(event);
      if (line !== null && isWanted(line, options)) say({ ...line, text: prefixed(target, line.text) });
    },
    close() {
      if (ticker !== null) clearInterval(ticker);
      live?.close();
    },
  };
}

/** A text with its target before it. A job reference begins with that already. */
function prefixed(target: string, text: string): string {
  return target === '' || text.startsWith(`${target}:`) ? text : `${target}: ${text}`;
}

function isWanted(line: Line, options: RendererOptions): boolean {
  if (line.level === 'warning') return true;
  if (options.quiet) return false;
  return line.level === 'info' || options.verbose;
}

function startTicker(
  out: Console,
  activities: ReadonlyMap<string, Activity>,
  live: LiveLine | null,
  now: () => number,
  quietMs: () => number,
  say: (line: Line) => void,
): NodeJS.Timeout {
  const tick = (): void => {
    const lines = [...activities].flatMap(([target, activity]) => {
      const words = activity.describe(now());
      return words === null ? [] : [prefixed(target, words)];
    });
    if (live !== null) live.show(lines.length === 0 ? null : lines.map(out.safe).join('\n'));
    else if (quietMs() >= SIGN_OF_LIFE_MS) for (const text of lines) say({ level: 'info', text });
  };
  return setInterval(tick, live === null ? TICK_MS : LIVE_TICK_MS).unref();
}
