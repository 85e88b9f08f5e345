import { metadataFromEnvironment } from '../../ci/build/metadata-from-environment.ts';
import type { Listener } from '../../contract/record/listener.ts';
import { safeLine } from '../../contract/text/safe-text.ts';
import { endingLines } from '../output/ending/run-ending.ts';
import { createRenderer } from '../output/render/renderer.ts';
import type { TextStream } from '../output/streams.ts';
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
  { begins }: { readonly begins: boolean },
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
  const paint = canPaint ? (await import('../output/render/paint.ts')).paintLine : (line: string) => line;
  const paintResult =
    wantsColor && isFitFor(stdout) ? (await import('../output/render/paint.ts')).paintResult : (line: string) => line;
  const safe = (text: string) => safeLine(text, redactor);
  const out = { live, safe, paint, writeLine: (text: string) => stderr.write(`${paint(safe(text))}\n`) };
  const options = { quiet: isQuiet, verbose: settings.verbose === true, progress: wantsProgress };
  const { event, changed, close } = createRenderer(out, options, clock.now);
  return {
    listener: {
      name: 'stderr',
      event,
      changed,
      closed: ({ document }) => {
        close();
        if (isQuiet || !begins) return;
        const columns = isFit ? stderr.raw.columns : null;
        for (const line of endingLines(document, columns)) stderr.write(`${paint(safe(line))}\n`);
      },
    },
    paint,
    paintResult,
    write: (text) => (live === null ? stderr.write(text) : live.interrupt(() => stderr.write(text))),
  };
}
