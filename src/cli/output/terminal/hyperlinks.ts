import type { Env } from '../../../contract/env.ts';

/**
 * Whether a terminal makes a link of the sequence OSC 8 (https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda); one that does not
 * may show it. The rules are those of supports-hyperlinks 4.6, for a terminal that shows colours.
 */
export function supportsHyperlinks(env: Env, platform: NodeJS.Platform): boolean {
  const forced = env.FORCE_HYPERLINK ?? '';
  if (forced !== '') return Number.parseInt(forced, 10) !== 0;
  if (env.WT_SESSION !== undefined) return true;
  if (platform === 'win32' || (env.TEAMCITY_VERSION ?? '') !== '') return false;
  return byProgram(env) ?? byLibrary(env) ?? (env.TERM === 'alacritty' || env.TERM === 'xterm-kitty');
}

const ALWAYS: ReadonlySet<string> = new Set(['ghostty', 'zed', 'WarpTerminal']);

function byProgram({ TERM_PROGRAM = '', TERM_PROGRAM_VERSION = '', CURSOR_TRACE_ID }: Env): boolean | null {
  const [major = 0, minor = 0] = TERM_PROGRAM_VERSION.split('.').map(Number);
  if (ALWAYS.has(TERM_PROGRAM)) return true;
  if (TERM_PROGRAM === 'iTerm.app') return major > 3 || (major === 3 && minor >= 1);
  // Its versions are dates; Nix packages it as 0-unstable-2024-02-03.
  if (TERM_PROGRAM === 'WezTerm')
    return Number(TERM_PROGRAM_VERSION.replace(/^0-unstable-|-/g, '').slice(0, 8)) >= 20_200_620;
  // Cursor is a fork of VS Code that counts from 0.
  if (TERM_PROGRAM === 'vscode') return CURSOR_TRACE_ID !== undefined || major > 1 || (major === 1 && minor >= 72);
  return null;
}

/** GNOME's terminal and its relatives: `7402` is 0.74.2. 0.50.0 crashes. */
function byLibrary({ VTE_VERSION = '' }: Env): boolean | null {
  if (VTE_VERSION === '') return null;
  if (/^\d{3,4}$/.test(VTE_VERSION)) return Number(VTE_VERSION) >= 5000 && VTE_VERSION !== '5000';
  const [major = 0, minor = 0] = VTE_VERSION.split('.').map(Number);
  return VTE_VERSION !== '0.50.0' && (major > 0 || minor >= 50);
}

/** Printable ASCII but quotes and brackets; what ends a sentence ends no address. */
const ADDRESS = /https?:\/\/[!#-&*-;=?-Z_a-z~%]+(?<![.,:;!?])/g;

/** A finished line with its addresses as links. Each leads where it says: the text is the address. */
export function withHyperlinks(line: string): string {
  return line.replace(ADDRESS, (url) => `\u001b]8;;${url}\u001b\\${url}\u001b]8;;\u001b\\`);
}
