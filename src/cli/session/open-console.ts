import { metadataFromEnvironment } from '../../ci/build/metadata-from-environment.ts';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Listener, RunEnd } from '../../contract/record/listener.ts';
import { safeLine, safeLines } from '../../contract/text/safe-text.ts';
import { endingLines } from '../output/ending/run-ending.ts';
import { createRenderer } from '../output/render/renderer.ts';
import type { Room } from '../output/render/step-list.ts';
import type { TextStream } from '../output/streams.ts';
import { lookOf, PLAIN_LOOK } from '../output/terminal/look.ts';
import type { SettingValues } from '../settings/settings.ts';
import type { Shell } from './shell.ts';

/** Where a person reads along. */
export interface OpenConsole {
  readonly listener: Listener;
  /** Colours a finished line, where the terminal shows colours. */
  readonly paint: (line: string) => string;
  /** The same for lines of the result, on stdout. */
  readonly paintResult: (line: string) => string;
  /** Writes text on stderr beside the lines, as it is. */
  readonly write: (text: string) => void;
}

/**
 * A live line, or a list of the steps, and colours on a terminal that can show them; plain lines, without an escape code, elsewhere. Where colour is unwanted, the live
 * line has none (https://no-color.org). A run that `begins` a release ends with what it leaves. Events on stderr leave it to warnings and errors: they say the same.
 */
export async function openConsole(
  settings: SettingValues,
  { begins, backends }: { readonly begins: boolean; readonly backends: readonly BackendDefinition[] },
  { process: { env }, clock, redactor, stdout, stderr }: Shell,
): Promise<OpenConsole> {
  const { isCi } = metadataFromEnvironment(env);
  const wantsProgress = settings.noProgress !== true;
  const isQuiet = settings.quiet === true || settings.events === '-';
  // A terminal that says it has no columns would make the live line wrap for ever.
  const isFitFor = ({ isTerminal, raw }: TextStream): boolean =>
    isTerminal && raw.columns > 0 && env.TERM !== 'dumb' && !isCi;
  const isFit = isFitFor(stderr);
  const wantsColor = settings.noColor !== true && (env.NO_COLOR ?? '') === '';
  const canPaint = isFit && wantsColor;
  const live =
    isFit && wantsProgress && !isQuiet
      ? (await import('../output/render/live-line.ts')).createLiveLine(stderr.raw, canPaint)
      : null;
  const { paintLine, paintResult: paintRow } = wantsColor
    ? await import('../output/render/paint.ts')
    : { paintLine: null, paintResult: null };
  const paint = isFit ? lookOf(env, paintLine) : PLAIN_LOOK;
  const paintResult = isFitFor(stdout) ? lookOf(env, paintRow) : PLAIN_LOOK;
  const safe = (text: string) => safeLine(text, redactor);
  const out = {
    live,
    safe,
    paint,
    hasMarks: isFit,
    writeLine: (text: string) => stderr.write(`${paint(safe(text))}\n`),
  };
  const options = { quiet: isQuiet, verbose: settings.verbose === true, progress: wantsProgress };
  const linkCodes = async () => {
    const { linkCode } = await import('../output/terminal/link-code.ts');
    const handsOut = (id: string): boolean =>
      backends.some((one) => one.id === id && one.capabilities.accepts.includes('publishLink'));
    return (end: RunEnd, room: Room) => linkCode(end, room, { handsOut, env, hasColor: canPaint, safe });
  };
  const { event, changed, close } = createRenderer(out, options, clock.now);
  const codeOf = isFit && !isQuiet && settings.json !== true ? await linkCodes() : () => [];
  return {
    listener: {
      name: 'stderr',
      event,
      changed,
      closed: (end) => {
        close();
        const { columns, rows } = stderr.raw;
        const ending = isQuiet || !begins ? [] : endingLines(end.document, isFit ? columns : null);
        // As one text: a secret may go over lines that were wrapped.
        if (ending.length > 0)
          for (const line of safeLines(ending.join('\n'), redactor)) stderr.write(`${paint(line)}\n`);
        // What it is made of is no text: it was checked before it was drawn.
        for (const line of codeOf(end, { columns, rows })) stderr.write(`${line}\n`);
      },
    },
    paint,
    paintResult,
    write: (text) => (live === null ? stderr.write(text) : live.interrupt(() => stderr.write(text))),
  };
}
