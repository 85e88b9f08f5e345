import type { AppEvent } from '../../../contract/events.ts';
import type { JournalFacts } from '../../../contract/record/journal.ts';
import { type Activity, createActivity } from './activity.ts';
import { formatEvent, type Line } from './format.ts';
import type { LiveLine } from './live-line.ts';
import { isListed, type Room, stepList } from './step-list.ts';

/** Where a renderer writes: lines for people, never the result. Text that comes in is made safe there. */
export interface Console {
  /** What changes in place; `null` where there is no terminal for it. */
  readonly live: LiveLine | null;
  writeLine(text: string): void;
  /** Colours a line, where the terminal shows colours. */
  paint(line: string): string;
  /** True at a terminal: then a line may begin with a mark. */
  readonly hasMarks?: boolean;
  /** Text made fit to be shown, for what is not a whole line. */
  safe(text: string): string;
}

export interface Renderer {
  event(event: AppEvent): void;
  changed(journal: JournalFacts): void;
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

/** What the list of the steps tells: as lines above it the same would stand there twice. */
const IN_LIST: ReadonlySet<AppEvent['type']> = new Set([
  'upload.start',
  'upload.plan',
  'upload.done',
  'capacity.wait',
  'wait.start',
  'job.state',
  'download.start',
  'http.retry',
]);

interface Going {
  readonly target: string;
  readonly activity: Activity;
}

/**
 * Turns events into lines, and what goes on into what changes in place on a terminal: a list of the steps where there are several, else a line. Elsewhere
 * a sign of life is given now and then.
 */
export function createRenderer(out: Console, options: RendererOptions, now: () => number): Renderer {
  /** By step; the run's own is `''`. */
  const going = new Map<string, Going>();
  const wantsProgress = options.progress && !options.quiet;
  const { live } = out;
  const startedAt = now();
  let lastLineAt = startedAt;
  let command = '';
  let journal: JournalFacts | null = null;
  const say = (line: Line): void => {
    lastLineAt = now();
    if (live === null) out.writeLine(line.text);
    else live.interrupt(() => out.writeLine(line.text));
  };
  const listed = (): JournalFacts | null => (live !== null && journal !== null && isListed(journal) ? journal : null);
  const liveText = (room: Room): string | null => {
    const list = listed();
    if (list === null) return textOrNull(activityLines(going, now()).map(out.safe));
    const doing = (id: string) => going.get(id)?.activity.parts(now())?.map(out.safe) ?? null;
    const lines = stepList(list, { command, elapsedMs: now() - startedAt, doing }, room);
    return lines.map((line) => out.paint(out.safe(line))).join('\n');
  };
  const tick = (): void => {
    if (live !== null) live.show(liveText(live.size()));
    else if (now() - lastLineAt >= SIGN_OF_LIFE_MS)
      for (const text of activityLines(going, now())) say({ level: 'info', text });
  };
  const ticker = wantsProgress ? setInterval(tick, live === null ? TICK_MS : LIVE_TICK_MS).unref() : null;
  return {
    event(event) {
      const { target = '', step = '' } = event;
      if (event.type === 'run.start') command = event.command;
      const { activity } = going.get(step) ?? { activity: createActivity() };
      going.set(step, { target, activity });
      activity.observe(event, now());
      const line = formatEvent(event);
      if (line === null || !isWanted(line, options)) return;
      const isInList = IN_LIST.has(event.type) && listed() !== null;
      if (!isInList || options.verbose) {
        const mark = out.hasMarks === true && line.mark !== undefined ? `${line.mark} ` : '';
        say({ ...line, text: `${mark}${prefixed(target, line.text)}` });
      }
    },
    changed(facts) {
      journal = facts;
    },
    close() {
      if (ticker !== null) clearInterval(ticker);
      live?.close();
    },
  };
}

function activityLines(going: ReadonlyMap<string, Going>, nowMs: number): readonly string[] {
  return [...going.values()].flatMap(({ target, activity }) => {
    const words = activity.describe(nowMs);
    return words === null ? [] : [prefixed(target, words)];
  });
}

function textOrNull(lines: readonly string[]): string | null {
  return lines.length === 0 ? null : lines.join('\n');
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
