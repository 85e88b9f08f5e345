import { UsageError } from '../../../contract/errors.ts';
import { nearest } from '../../../contract/text/suggest.ts';
import type { CommandSpec } from '../command.ts';
import { isHarmless } from './shown.ts';
import { operandsOf } from './tokens.ts';

export const TRY_HELP = 'try "apptool --help"';
/** A hint names no more commands than this. */
const MOST_NAMED = 4;

const NO_LOGIN =
  'apptool needs no login: set the credentials of the backend as variables (apptool backends lists them), then check them with apptool doctor';

/** What other tools call what apptool does. */
const COMMANDS_ELSEWHERE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['login', 'logout', 'signin', 'auth', 'authenticate', 'whoami', 'account', 'token'].map((word) => [word, NO_LOGIN]),
  ),
  ...Object.fromEntries(
    ['deploy', 'distribute', 'submit', 'ship', 'send', 'push'].map((word) => [
      word,
      'to send an app to stores: apptool publish <file> --to <backend>',
    ]),
  ),
  ...Object.fromEntries(
    ['encrypt', 'shield', 'harden', 'obfuscate', 'secure'].map((word) => [
      word,
      'to protect an app: apptool protect <file>',
    ]),
  ),
  ...Object.fromEntries(
    ['get', 'fetch', 'pull'].map((word) => [word, 'to fetch the output of a job: apptool download <job>']),
  ),
  ...Object.fromEntries(
    ['poll', 'watch', 'follow', 'logs'].map((word) => [
      word,
      'to follow a job: apptool wait <job>; to look once: apptool status <job>',
    ]),
  ),
  ...Object.fromEntries(
    ['check', 'verify', 'validate', 'test', 'ping', 'diagnose'].map((word) => [
      word,
      'to check the setup: apptool doctor; to check a file: apptool inspect <file>',
    ]),
  ),
  ...Object.fromEntries(
    ['setup', 'configure', 'new', 'create'].map((word) => [word, 'to write a first config: apptool init']),
  ),
  ...Object.fromEntries(
    ['info', 'dump', 'describe', 'analyze'].map((word) => [word, 'to see what is in a file: apptool inspect <file>']),
  ),
  ...Object.fromEntries(
    ['cancel', 'stop', 'kill'].map((word) => [
      word,
      'a job on a server cannot be stopped; apptool abort <receipt> removes the parts of an unfinished upload',
    ]),
  ),
  ...Object.fromEntries(
    ['update', 'upgrade', 'install', 'uninstall'].map((word) => [
      word,
      'install the package of the new version as you installed this one (README, "Install")',
    ]),
  ),
  sign: 'to have the output signed: apptool protect <file> --signing-key <id>',
  resume: 'to resume a release: apptool release --resume <receipt>',
  retry: 'to send what is missing: apptool release --resume <receipt>',
  env: 'to see the variables: apptool backends; to see the settings: apptool config show',
};

/** The words of the group or command that the line names, as far as they are known, and the first that is not. */
function walk(
  argv: readonly string[],
  specs: readonly CommandSpec[],
): { readonly path: string; readonly word: string } {
  let path = '';
  for (const word of operandsOf(argv)) {
    const longer = path === '' ? word : `${path} ${word}`;
    if (!specs.some(({ name }) => name === longer || name.startsWith(`${longer} `))) return { path, word };
    path = longer;
  }
  return { path, word: '' };
}

/** Whether the line names a command or a group of commands at all. */
export function namesCommand(argv: readonly string[], specs: readonly CommandSpec[]): boolean {
  const { path, word } = walk(argv, specs);
  return path !== '' || word === '';
}

/** A word where a command belongs, which is none. Whether it is a backend is for the one to say who knows them. */
export class UnknownCommand extends UsageError {
  /** As it was given; empty where it stands below a group. */
  readonly word: string;

  constructor({ message, hint }: UsageError, word: string) {
    super(message, { hint });
    this.word = word;
  }
}

/** The word is named where it is harmless, with the command that may be meant. */
export function unknownCommand(argv: readonly string[], specs: readonly CommandSpec[]): UnknownCommand {
  const { path, word } = walk(argv, specs);
  return new UnknownCommand(explain(path, word, specs), path === '' ? word : '');
}

function explain(path: string, word: string, specs: readonly CommandSpec[]): UsageError {
  const below = path === '' ? '' : `${path} `;
  const known = [
    ...new Set(
      specs.flatMap(({ name }) => (name.startsWith(below) ? (name.slice(below.length).split(' ')[0] ?? '') : [])),
    ),
  ];
  if (/\.(?:apk|aab|ipa)$/i.test(word))
    return new UsageError('expected a command, got a file', {
      hint: 'name the command first, such as apptool protect <file> or apptool publish <file> --to <backend>',
    });
  const shown = isHarmless(word) ? ` "${word}"` : '';
  const near = nearest(word.toLowerCase(), known);
  const what = `unknown command${shown}`;
  const elsewhere = COMMANDS_ELSEWHERE[word.toLowerCase()];
  const longer = specs.flatMap(({ name }) =>
    partsOf(name).includes(word.replace(/s?$/, 's')) ? `apptool ${name}` : [],
  );
  // One letter off is a slip; a whole word of another tool is not.
  if (near !== null && elsewhere === undefined)
    return new UsageError(`${what}; did you mean "${near}"?`, { hint: path === '' ? TRY_HELP : tryHelpOf(path) });
  if (path === '' && elsewhere !== undefined) return new UsageError(what, { hint: elsewhere });
  if (longer.length > 0) {
    const more = longer.length > MOST_NAMED ? ' …' : '';
    return new UsageError(what, { hint: `"${word}" is part of ${longer.slice(0, MOST_NAMED).join(', ')}${more}` });
  }
  return new UsageError(what, { hint: path === '' ? TRY_HELP : `${path} has: ${known.join(', ')}` });
}

/** The words of a command below its group, each as one of several. */
function partsOf(name: string): readonly string[] {
  return name
    .split(' ')
    .slice(1)
    .map((word) => word.replace(/s?$/, 's'));
}

export function noCommand(argv: readonly string[], specs: readonly CommandSpec[]): UsageError {
  const { path } = walk(argv, specs);
  if (path === '') return new UsageError(`no command given; ${TRY_HELP}`);
  return new UsageError(`no ${path} command given; ${tryHelpOf(path)}`);
}

export function tryHelpOf(path: string): string {
  return `try "apptool ${path} --help"`;
}
