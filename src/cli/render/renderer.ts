import type { AppEvent } from '../../events.ts';
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

/** Turns events into lines, and what goes on into a live line (terminal) or a sign of life now and then (elsewhere). */
export function createRenderer(out: Console, options: RendererOptions, now: () => number): Renderer {
  const activity = createActivity();
  const wantsProgress = options.progress && !options.quiet;
  const { live } = out;
  let lastLineAt = now();
  const say = (line: Line): void => {
    lastLineAt = now();
    if (live === null) out.writeLine(line.text);
    else live.interrupt(() => out.writeLine(line.text));
  };
  const ticker = wantsProgress ? startTicker(out, activity, live, now, () => now() - lastLineAt, say) : null;
  return {
    event(event) {
      activity.observe(event, now());
      const line = formatEvent(event);
      if (line !== null && isWanted(line, options)) say(line);
    },
    close() {
      if (ticker !== null) clearInterval(ticker);
      live?.close();
    },
  };
}

function isWanted(line: Line, options: RendererOptions): boolean {
  if (line.level === 'warning') return true;
  if (options.quiet) return false;
  return line.level === 'info' || options.verbose;
}

function startTicker(
  out: Console,
  activity: Activity,
  live: LiveLine | null,
  now: () => number,
  quietMs: () => number,
  say: (line: Line) => void,
): NodeJS.Timeout {
  const tick = (): void => {
    const words = activity.describe(now());
    if (live !== null) live.show(words === null ? null : out.safe(words));
    else if (words !== null && quietMs() >= SIGN_OF_LIFE_MS) say({ level: 'info', text: words });
  };
  return setInterval(tick, live === null ? TICK_MS : LIVE_TICK_MS).unref();
}
