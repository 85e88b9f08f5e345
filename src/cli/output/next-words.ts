import type { AppToolError } from '../../contract/errors.ts';
import type { Next } from '../../contract/next.ts';
import type { NextRecord } from '../../contract/result-document.ts';
import { shellOperand, shellWord } from '../../contract/text/shell-word.ts';
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
      return commandLine('download', shellOperand(next.job), option('-o', next.path));
    case 'abort':
      return commandLine('abort', shellOperand(next.receipt));
    case 'resume':
      return wholeLine(next);
    case 'resend':
      return wholeLine(next, '--again', next.step);
    case 'plan':
      return commandLine('fleet plan', option('--resume', next.receipts));
    case 'list':
      return commandLine(next.backend, next.command);
    case 'call':
      return commandLine(next.backend, next.command, ...next.operands.map(shellOperand));
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
      return `to download its output: ${commandFor(next)}`;
    case 'abort':
      return `to remove them: ${commandFor(next)}`;
    case 'resume':
      return `to continue with what is missing: ${commandFor(next) ?? `--resume ${shellOperand(next.receipt)}`}`;
    case 'plan':
      return `to continue: ${commandFor(next)}`;
    case 'resend':
      return `to send it anyway: ${commandFor(next) ?? `--again ${next.step}`}`;
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
      return commandLine(next.backend, next.command, ...next.operands.map(shellOperand));
  }
}

function waitLine({ job, step, until, set }: Extract<Next, { do: 'wait' }>): string {
  return commandLine('wait', shellOperand(job), option('--step', step), option('--until', until), option('--set', set));
}

function commandLine(...words: readonly string[]): string {
  return ['apptool', ...words.filter((word) => word !== '')].join(' ');
}

/** A line to be pasted into a shell. */
function wholeLine({ command }: { readonly command?: readonly string[] }, ...more: readonly string[]): string | null {
  return command === undefined ? null : commandLine(...[...command, ...more].map(shellWord));
}

function option(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name} ${shellOperand(value)}`;
}

function setting({ setting: key, backend, value }: Extract<Next, { do: 'set' }>): string {
  if (backend !== undefined) return `--set ${backend}.${key}=${value ?? '…'}`;
  const flag = FLAGS.find((candidate) => candidate.key === key || candidate.name === key);
  return `--${flag?.name ?? key}${value === undefined ? '' : ` ${value}`}`;
}
