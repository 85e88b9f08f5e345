import type { AppToolError } from '../../contract/errors.ts';
import type { Next } from '../../contract/next.ts';
import { FLAGS } from '../line/flags.ts';

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
      return `to fetch its output: ${commandLine('download', next.job, option('-o', next.path))}`;
    case 'abort':
      return `to remove them: ${commandLine('abort', next.receipt)}`;
    case 'resume':
      return `to continue with what is missing: ${wholeLine(next) ?? `--resume ${next.receipt}`}`;
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
      return commandLine(next.backend, next.command, ...next.operands);
  }
}

function waitLine({ job, step, until, set }: Extract<Next, { do: 'wait' }>): string {
  return commandLine('wait', job, option('--step', step), option('--until', until), option('--set', set));
}

function commandLine(...words: readonly string[]): string {
  return ['apptool', ...words.filter((word) => word !== '')].join(' ');
}

/** A line to be pasted into a shell. */
function wholeLine({ command }: { readonly command?: readonly string[] }, ...more: readonly string[]): string | null {
  return command === undefined ? null : commandLine(...[...command, ...more].map(quoted));
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function option(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name} ${value}`;
}

function setting({ setting: key, backend, value }: Extract<Next, { do: 'set' }>): string {
  if (backend !== undefined) return `--set ${backend}.${key}=${value ?? '…'}`;
  const flag = FLAGS.find((candidate) => candidate.key === key || candidate.name === key);
  return `--${flag?.name ?? key}${value === undefined ? '' : ` ${value}`}`;
}
