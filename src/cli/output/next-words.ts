import type { AppToolError } from '../../contract/errors.ts';
import type { Next } from '../../contract/next.ts';
import type { NextRecord } from '../../contract/result-document.ts';
import { FLAGS } from '../line/flags.ts';

/** What to do about an error, as data with its words. */
export function nextOfError(error: Pick<AppToolError, 'hint' | 'next'>): NextRecord | null {
  const { hint, next } = error;
  if (next === null) return hint === null ? null : { do: 'fix', words: hint, command: null };
  const command = commandFor(next);
  return { do: next.do, words: command === null ? hintOf(error) : hint, command };
}

/** The command line for what to do next; `null` where it is no command by itself. */
export function commandFor(next: Next): string | null {
  switch (next.do) {
    case 'wait':
      return waitLine(next);
    case 'download':
      return commandLine('download', shellWord(next.job), option('-o', next.path));
    case 'abort':
      return commandLine('abort', shellWord(next.receipt));
    case 'list':
      return commandLine(next.backend, next.command);
    case 'call':
      return commandLine(next.backend, next.command, ...next.operands.map(shellWord));
    default:
      return null;
  }
}

/** What to do about an error, as one sentence for whoever uses the command line; `null` where nothing is known. */
export function hintOf({ hint, next }: Pick<AppToolError, 'hint' | 'next'>): string | null {
  if (next === null) return hint;
  const words = nextWords(next);
  if (hint === null) return next.do === 'list' ? `${words} shows them` : words;
  switch (next.do) {
    case 'set':
    case 'inspect':
    case 'list':
      return `${hint} (${words})`;
    case 'call':
      return `${hint}: ${words}`;
    case 'again':
      return `${hint}, then ${words}`;
    default:
      return `${hint}; ${words}`;
  }
}

/** The one place where what to do next is said in words of the command line. */
export function nextWords(next: Next): string {
  switch (next.do) {
    case 'again':
      return next.isLater === true ? 'run again later; nothing was left running' : 'run again';
    case 'wait':
      return `to keep waiting: ${waitLine(next)}`;
    case 'download':
      return `to fetch its output: ${commandFor(next)}`;
    case 'abort':
      return `to remove them: ${commandFor(next)}`;
    case 'resume':
      return `to continue with what is missing: ${wholeLine(next) ?? `--resume ${shellWord(next.receipt)}`}`;
    case 'plan':
      return `to continue: ${commandLine('fleet plan', option('--resume', next.receipts))}`;
    case 'resend':
      return `to send it anyway: ${wholeLine(next, '--again', next.step) ?? `--again ${next.step}`}`;
    case 'each':
      return next.steps
        .map((step) => `${step.backend}: ${hintOf(step) ?? 'fix that, then send it there again'}`)
        .join('; ');
    case 'look':
      return `look at ${next.where} before you send it again`;
    case 'set':
      return setting(next);
    case 'upload':
      return `to send a file there: ${commandLine('upload', '<file>', option('--to', next.backend))}`;
    case 'inspect':
      return commandLine('inspect');
    case 'list':
      return commandLine(next.backend, next.command);
    case 'call':
      return commandLine(next.backend, next.command, ...next.operands.map(shellWord));
  }
}

function waitLine({ job, step, until, set }: Extract<Next, { do: 'wait' }>): string {
  return commandLine('wait', shellWord(job), option('--step', step), option('--until', until), option('--set', set));
}

function commandLine(...words: readonly string[]): string {
  return ['apptool', ...words.filter((word) => word !== '')].join(' ');
}

/** A line to be pasted into a shell. */
function wholeLine({ command }: { readonly command?: readonly string[] }, ...more: readonly string[]): string | null {
  return command === undefined ? null : commandLine(...[...command, ...more].map(quoted));
}

function option(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name} ${shellWord(value)}`;
}

/** A file or a job, as a POSIX shell takes it for one word, and no command for a flag. */
function shellWord(word: string): string {
  return quoted(word.startsWith('-') ? `./${word}` : word);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function setting({ setting: key, backend, value }: Extract<Next, { do: 'set' }>): string {
  if (backend !== undefined) return `--set ${backend}.${key}=${value ?? '…'}`;
  const flag = FLAGS.find((candidate) => candidate.key === key || candidate.name === key);
  return `--${flag?.name ?? key}${value === undefined ? '' : ` ${value}`}`;
}
