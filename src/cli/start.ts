import { fstatSync, readFileSync, writeSync } from 'node:fs';
import { enableCompileCache } from './process/compile-cache.ts';

const STDOUT = 1;

/**
 * The program of this process. A page that the build has made, in a folder of `dist`, is printed without loading anything; all else is loaded from
 * here, so that the code cache holds it. Resolves with the exit code.
 */
export async function start(process: NodeJS.Process, dist: string): Promise<number> {
  if (printPage(process.argv.slice(2), dist)) return 0;
  enableCompileCache(process);
  const { main } = await import('./main.ts');
  return await main(process);
}

/** Prints what the line asks for, where that is a page; false where it is none, or cannot be written just so: then the program itself has to. */
function printPage(argv: readonly string[], dist: string): boolean {
  const name = pageOf(argv);
  if (name === null) return false;
  try {
    // A terminal has a width, by which help is laid out.
    if (fstatSync(STDOUT).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(STDOUT)) return false;
    const page = readFileSync(`${dist}/pages/${name}`);
    const written = writeSync(STDOUT, page);
    if (written < page.length) process.stdout.write(page.subarray(written));
    return true;
  } catch {
    return false;
  }
}

/** The page's file; that of a command that there is not is not there. */
function pageOf(argv: readonly string[]): string | null {
  const [line, last] = [argv.join(' '), argv.at(-1)];
  if (line === '--version' || line === '-V' || line === '-v' || line === 'version') return 'version.txt';
  const isHelp = last === '--help' || last === '-h';
  if (!isHelp && argv[0] !== 'help') return null;
  const words = isHelp ? argv.slice(0, -1) : argv.slice(1);
  return words.every((word) => /^[a-z-]+$/.test(word)) ? ['help', ...words, 'txt'].join('.') : null;
}
