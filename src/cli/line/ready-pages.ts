import { VERSION } from '../process/version.ts';
import type { CommandSpec } from './command.ts';
import { parseCommandLine } from './program.ts';
import type { SettingTexts } from './setting-text.ts';

/** What `--version` and each command's `--help` print where no terminal has a width of its own, by the name of the file that the build puts it into. */
export function readyPages(specs: readonly CommandSpec[], texts: SettingTexts): Readonly<Record<string, string>> {
  const names = new Set(
    specs.flatMap(({ name }) => name.split(' ').map((_, index, all) => all.slice(0, index + 1).join(' '))),
  );
  const pages = ['', ...names].map((name) => {
    const words = name === '' ? [] : name.split(' ');
    const parsed = parseCommandLine([...words, '--help'], specs, VERSION, texts);
    if (parsed.type !== 'help') throw new Error(`no help page of ${name}`);
    return [pageName(words), parsed.text] as const;
  });
  return Object.fromEntries([['version.txt', `${VERSION}\n`], ...pages]);
}

function pageName(words: readonly string[]): string {
  return ['help', ...words, 'txt'].join('.');
}
