import { UsageError } from '../../../contract/errors.ts';
import { nearest } from '../../../contract/text/suggest.ts';
import type { CommandSpec } from '../command.ts';
import { FLAGS, type Flag } from '../flags.ts';
import { tryHelpOf } from './commands.ts';
import { FLAGS_ELSEWHERE, NO_OPTIONS } from './names-elsewhere.ts';
import { operandsOf, tokensOf } from './tokens.ts';

const SOUNDS_SECRET = /key|token|secret|password|passphrase|credential/;
const SECRET_REFUSED = 'secrets are not accepted as arguments (visible in ps); set ';

/** A flag that sounds like a secret. Which variable is meant is for the one to say who knows the backends. */
export class SecretOnLine extends UsageError {
  constructor(message: string) {
    super(message, {
      hint: 'put credentials in variables, or in files that <VARIABLE>_FILE names; apptool backends lists them',
    });
  }

  /** The same, naming the variables that may be meant; an empty list leaves it at that. */
  naming(variables: readonly string[]): SecretOnLine {
    return variables.length === 0 ? this : new SecretOnLine(`${SECRET_REFUSED}${variables.join(' or ')}`);
  }
}

const NAMES = FLAGS.map(({ name }) => name);

/** Throws `UsageError` for an option that was spelt so that it would be read as something else. */
export function checkSpelling(argv: readonly string[]): void {
  for (const token of tokensOf(argv)) {
    if (token.is === 'value') continue;
    const dash = /^[\u2010-\u2015\u2212]+([a-z][a-z-]*)(?:=.*)?$/is.exec(token.text)?.[1]?.toLowerCase();
    const wronglyDashed = dash === undefined ? null : meant(dash);
    if (wronglyDashed !== null)
      throw new UsageError(`an option begins with a dash that is not a hyphen; did you mean --${wronglyDashed}?`, {
        hint: 'type the two hyphens again: some editors and documents join them into one dash',
      });
    const single = /^-([a-z][a-z-]+)(?:[=:].*)?$/is.exec(token.text)?.[1]?.toLowerCase();
    const long = single === undefined ? null : meant(single);
    if (long !== null) throw new UsageError(`unknown option -${single}; did you mean --${long}?`);
  }
}

/** The flag of this name, of one that begins so, or of what other tools call it. */
function meant(word: string): string | null {
  if (NAMES.includes(word)) return word;
  return FLAGS_ELSEWHERE[word] ?? (word.length < 3 ? null : (NAMES.find((name) => name.startsWith(word)) ?? null));
}

export function unknownOption(argv: readonly string[], specs: readonly CommandSpec[]): UsageError {
  const given = tokensOf(argv).find((token) => token.is === 'option' && token.flag === null && !isCluster(token.text));
  if (given === undefined) return unfitOption(argv, specs);
  const name = /^--?[A-Za-z][A-Za-z0-9_-]{0,40}(?=$|[=:])/.exec(given.text)?.[0] ?? '--…';
  if (SOUNDS_SECRET.test(name.toLowerCase())) return new SecretOnLine(`${SECRET_REFUSED}the variable of its backend`);
  const spec = commandOf(argv, specs);
  const hint = spec === undefined ? null : tryHelpOf(spec.name);
  const word = name.replace(/^-+/, '').toLowerCase();
  const advice = NO_OPTIONS[word];
  if (advice !== undefined) return new UsageError(`unknown option ${name}`, { hint: advice });
  const own = NAMES.filter((flag) => spec === undefined || spec.flags.includes(flag) || isGlobal(flag));
  const near = name.startsWith('--') ? (nearFlag(word, own) ?? nearFlag(word, NAMES)) : null;
  return new UsageError(`unknown option ${name}${near === null ? '' : `; did you mean --${near}?`}`, { hint });
}

/** Several flags of one letter in one word, such as `-qf`, all of them known. */
function isCluster(option: string): boolean {
  const letters = /^-([A-Za-z]{2,})$/.exec(option)?.[1];
  return letters !== undefined && [...letters].every((letter) => FLAGS.some(({ short }) => short === letter));
}

function nearFlag(word: string, names: readonly string[]): string | null {
  const same = FLAGS_ELSEWHERE[word];
  if (same !== undefined && names.includes(same)) return same;
  const near = nearest(
    `--${word}`,
    names.map((name) => `--${name}`),
  );
  if (near !== null) return near.slice(2);
  return word.length < 3
    ? null
    : (names.find((name) => name.startsWith(word) || name.split('-').includes(word)) ?? null);
}

function isGlobal(name: string): boolean {
  return FLAGS.some((flag) => flag.name === name && flag.isGlobal === true);
}

function commandOf<Spec extends CommandSpec>(argv: readonly string[], specs: readonly Spec[]): Spec | undefined {
  const line = `${operandsOf(argv).join(' ')} `;
  return specs.find(({ name }) => line.startsWith(`${name} `));
}

/** Where one command takes `--to`, another takes `--backend`. */
const TWIN: Readonly<Record<string, string>> = { to: 'backend', backend: 'to' };

/** A known flag at a command that does not take it. */
function unfitOption(argv: readonly string[], specs: readonly CommandSpec[]): UsageError {
  const spec = commandOf(argv, specs);
  const tokens = tokensOf(argv);
  const first = tokens.findIndex(({ is }) => is === 'operand');
  const early = tokens
    .slice(0, Math.max(first, 0))
    .find((token) => token.is === 'option' && token.flag?.isGlobal !== true);
  if (spec === undefined || early !== undefined)
    return new UsageError(
      `${early?.is === 'option' ? `--${early.flag?.name}` : 'an option'} stands before the command`,
      {
        hint: 'name the command first, then its options: apptool protect <file> --environment prod',
      },
    );
  const takes = ({ name, isGlobal }: Flag): boolean => isGlobal === true || spec.flags.includes(name);
  const unfit = tokens.find((token) => token.is === 'option' && token.flag !== null && !takes(token.flag));
  const flag = unfit?.is === 'option' ? unfit.flag : null;
  const what = flag === null ? 'one of the options given' : `--${flag.name}`;
  const twin = TWIN[flag?.name ?? ''];
  const hint = twin !== undefined && spec.flags.includes(twin) ? `${spec.name} takes --${twin}` : tryHelpOf(spec.name);
  return new UsageError(`${spec.name} does not take ${what}`, { hint });
}

/** Throws `UsageError` for a value that no option has: none, half an option, or one with a sign too many. */
export function checkValue(flag: Flag, given: string): void {
  if (given === '') throw new UsageError(`--${flag.name} is empty`, { hint: emptyHint(flag) });
  if (given.includes('\0')) throw new UsageError(`--${flag.name} contains a NUL character`);
  const isFlag = given.startsWith('--') && NAMES.includes(given.slice(2).split('=')[0] ?? '');
  if (isFlag)
    throw new UsageError(`--${flag.name} needs a value`, { hint: `it is followed by ${given.split('=')[0]}` });
  const quoted = /^(["'\u2018\u201c]).*(["'\u2019\u201d])$/s.test(given);
  if (quoted && flag.value !== '<text>')
    throw new UsageError(`the value of --${flag.name} is in quotes: remove them`, {
      hint: 'the shell removes straight quotes; it keeps curly quotes, and quotes inside other quotes',
    });
  checkWords(flag, given);
  // A text may begin with one.
  if (given.startsWith('=') && flag.value !== '<text>')
    throw new UsageError(`the value of --${flag.name} begins with "="`, {
      hint: `write --${flag.name} ${flag.value} or --${flag.name}=${flag.value}, with no space around the "="`,
    });
}

/** Throws `UsageError` for a value that was pasted, or belongs elsewhere. */
function checkWords(flag: Flag, given: string): void {
  if (/^<[^<>]*>$/.test(given) && flag.value !== '<text>')
    throw new UsageError(`--${flag.name} still has a placeholder as its value`, {
      hint: 'replace the placeholder and its angle brackets with your own value',
    });
  const isList = flag.name === 'to' || flag.name === 'only';
  if (isList && given.split(',').some((item) => item.trim() === ''))
    throw new UsageError(`--${flag.name} has an empty name in its list: remove the extra comma`);
  const isApp = /\.(?:apk|aab|ipa)$/i.test(given);
  if (isApp && (flag.name === 'environment' || flag.name === 'to' || flag.name === 'backend'))
    throw new UsageError(`--${flag.name} got the name of a file`, {
      hint: `write its value right after it: --${flag.name} ${flag.value}`,
    });
}

function emptyHint({ name, value }: Flag): string {
  return `the variable in it may be unset or empty; leave the option out, or give --${name} ${value}`;
}
