import { UsageError } from '../../../contract/errors.ts';
import type { CommandSpec } from '../command.ts';
import { FLAGS } from '../flags.ts';
import { tryHelpOf } from './commands.ts';
import { shownOperand } from './shown.ts';
import { tokensOf } from './tokens.ts';

/** More or fewer operands than the command takes. Names those that are harmless, and says what the others may have been meant for. */
export function countMismatch(spec: CommandSpec, operands: readonly string[], argv: readonly string[]): UsageError {
  const hint = operands.length > spec.operands.length ? whyTooMany(spec, operands, argv) : null;
  return new UsageError(messageOf(spec, operands), { hint: hint ?? tryHelpOf(spec.name) });
}

function messageOf({ name, operands: wanted }: CommandSpec, operands: readonly string[]): string {
  const [what = 'argument', ...more] = wanted;
  const got = `got ${operands.length}${named(operands)}`;
  if (more.length > 0)
    return `${name} needs ${wanted.map((operand) => `<${operand}>`).join(' ')}, got ${operands.length} of them${named(operands)}`;
  if (wanted.length === 0) return `${name} takes no argument, ${got}`;
  return operands.length === 0
    ? `${name} needs ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}`
    : `one ${what} expected, ${got}`;
}

function named(operands: readonly string[]): string {
  if (operands.length === 0) return '';
  return `: ${operands
    .slice(0, 6)
    .map((operand) => shownOperand(operand) ?? '…')
    .join(', ')}`;
}

function whyTooMany(spec: CommandSpec, operands: readonly string[], argv: readonly string[]): string | null {
  const { operands: wanted } = spec;
  const assigned = operands.map((operand) => /^([A-Za-z][\w-]*)=/.exec(operand)?.[1] ?? '').find((name) => name !== '');
  const flag = FLAGS.find(({ name }) => name === assigned?.toLowerCase());
  if (flag !== undefined) return `an option begins with two hyphens: --${flag.name}=${flag.value ?? ''}`;
  if (assigned !== undefined && /^[A-Z][A-Z0-9_]+$/.test(assigned))
    return `set a variable before the command: ${assigned}=… apptool …`;
  const [what] = wanted;
  const files = operands.filter((operand) => /\.(?:apk|aab|ipa)$/i.test(operand));
  const others = operands.filter((operand) => !files.includes(operand));
  if (what === 'file' && files.length === 1 && others.length === 1)
    return ofValueBefore(argv) ?? optionFor(spec, others[0] ?? '') ?? asOneValue(operands, argv);
  const areFiles = what === 'file' && others.length === 0;
  if (areFiles) return 'apptool takes one file at a time: name it, or let the pattern match one file only';
  return asOneValue(operands, argv);
}

function asOneValue(operands: readonly string[], argv: readonly string[]): string | null {
  const hasSpace = operands.some((operand) => operand.includes(' '));
  return ofValueBefore(argv) ?? (hasSpace ? null : 'put a path with a space in quotes');
}

/** A word beside the file that reads like the value of an option: an environment, or else what a command that sends is to send to. */
function optionFor({ flags }: CommandSpec, word: string): string | null {
  if (!/^[a-z][a-z,-]*$/i.test(word)) return null;
  const takes = (name: string): boolean => flags.includes(name);
  if (takes('environment') && /^(?:dev|development|stg|staging|prod|production)$/i.test(word))
    return `write the environment as an option: --environment ${word}`;
  const option = takes('to') ? 'to' : takes('backend') ? 'backend' : null;
  return option === null ? null : `write the backend as an option: --${option} ${word}`;
}

/** What an operand right behind an option's value was most likely a part of. */
function ofValueBefore(argv: readonly string[]): string | null {
  const tokens = tokensOf(argv);
  const at = tokens.findIndex((token, index) => token.is === 'operand' && tokens[index - 1]?.is === 'value');
  const before = tokens[at - 1];
  if (before?.is !== 'value') return null;
  const { name, value = '' } = before.flag;
  // The file may stand behind the options: then it is where it belongs.
  if (tokens.filter(({ is }) => is === 'operand').length < 2) return null;
  if (value === '<duration>') return `write a duration as one word: --${name} 5m`;
  if (name === 'to' || name === 'tags') return `separate several by commas, without spaces: --${name} a,b`;
  return `if the words after --${name} are one value, put them in quotes`;
}
