import type { Next } from '../../../contract/next.ts';
import { FLAGS, type Flag, REPORT_FLAGS } from '../../line/flags.ts';
import type { Session } from '../../session/session.ts';

/** What a run that goes on is told anew. What only shows how a run goes is left out too. */
const LEFT_OUT = ['receipt', 'resume', 'again', 'force', 'detach', ...REPORT_FLAGS];

type Resume = Extract<Next, { do: 'resume' }>;

/** The line that goes on past the place where a run was told to stop. */
export function withoutStop({ command, ...resume }: Resume): Resume {
  if (command === undefined) return resume;
  const at = command.findIndex((word, index) => word === '--until' && command[index + 1] === 'protected');
  return { ...resume, command: at < 0 ? command : [...command.slice(0, at), ...command.slice(at + 2)] };
}

/** The line that goes on with a release: the one that was given, with the receipt. `null` where its backends end with it. */
export function lineToGoOn(
  { invocation: { command, operands, flags }, settings }: Session,
  receipt: string,
): Resume | null {
  if (settings.values.sandbox === true) return null;
  const isKept = ({ name, isGlobal }: Flag) => !LEFT_OUT.includes(name) && (isGlobal !== true || name === 'config');
  const given = FLAGS.filter(isKept).flatMap(({ name }) => {
    const value = flags[name];
    if (value === undefined) return [];
    return value === true ? [`--${name}`] : [value].flat().flatMap((one) => [`--${name}`, one]);
  });
  return { do: 'resume', receipt, command: [command, ...operands, '--resume', receipt, ...given] };
}
