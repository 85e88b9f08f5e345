import { platform } from 'node:process';
import type { Env } from '../../../contract/env.ts';
import { showsUnicode, withPlainMark } from './glyphs.ts';
import { supportsHyperlinks, withHyperlinks } from './hyperlinks.ts';

/** How finished lines look at a terminal. */
export type Look = (line: string) => string;

/** Nothing is added for a file or a pipe. */
export const PLAIN_LOOK: Look = (line) => line;

/** Colours where they are wanted, links where the terminal makes them, and marks that it shows. */
export function lookOf(env: Env, paint: Look | null): Look {
  const hasMarks = showsUnicode(env, platform);
  const hasLinks = (paint !== null || (env.FORCE_HYPERLINK ?? '') !== '') && supportsHyperlinks(env, platform);
  return (line) => {
    const painted = paint === null ? line : paint(line);
    const marked = hasMarks ? painted : withPlainMark(painted);
    return hasLinks ? withHyperlinks(marked) : marked;
  };
}
