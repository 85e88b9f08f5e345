import { UsageError } from '../../../contract/errors.ts';
import { withHintIfRefused } from '../../../run/open/refused-credentials.ts';
import type { CommandResult } from '../../line/command.ts';
import { type FlagValues, flagNamed } from '../../line/flags.ts';
import { nextWords } from '../../output/next-words.ts';
import { fitTable, renderTable } from '../../output/render/table.ts';
import { jobIdOperand } from '../../receipt/job-operand.ts';
import type { Session } from '../../session/session.ts';

const MOST_ROWS = 10_000;
const USUAL_ROWS = 50;

/** `apptool <backend> <command> …`: what only this backend can do. */
export async function backendCommand(session: Session, id: string): Promise<CommandResult> {
  const { operands: given, command: asked } = session.invocation;
  const command = session.definition(id).commands?.find(({ name }) => `${id} ${name}` === asked);
  if (command === undefined) throw new UsageError(`${id} has no such command`);
  const dryRun = session.settings.values.dryRun === true;
  const [first = '', ...rest] = given;
  const jobIdOf = (job: string): string => jobIdOperand(session, id, job);
  const operands = command.takesJob === true ? [jobIdOf(first), ...rest] : given;
  const limit = readLimit(session.invocation.flags.limit);
  if (command.destroys !== undefined && !dryRun) await demandConsent(session, command.destroys(operands));
  session.ctx.journal.calls(id);
  const { input, ifRefused } = await session.openFor(id, command.credentials ?? []);
  const flags = givenTo(session, command.flags);
  const { table, text, link, next, data } = await withHintIfRefused(ifRefused, () =>
    command.run({ ...input, operands, flags, jobIdOf, limit, dryRun }, session.ctx),
  );
  const ended = (shown: string | null) => (next === undefined ? shown : [shown, nextWords(next)].join('; '));
  const made = link === undefined ? {} : { link };
  if (text !== undefined || table === undefined) return { text: ended(text ?? null), ...made, data };
  const { columns, rows } = table;
  const layOut = (width: number): string => ended(fitTable(columns, rows, width)) ?? '';
  return { text: ended(renderTable(columns, rows)), layOut, data };
}

/** Nothing is deleted by a slip: a person is asked, a script says `--yes`. */
async function demandConsent(session: Session, what: string): Promise<void> {
  if (session.invocation.flags.yes === true) return;
  const answer = await session.confirm(`Delete ${what}?`);
  if (answer === null) throw new UsageError(`this deletes ${what}`, { hint: 'add --yes to confirm' });
  if (!answer) throw new UsageError('nothing was deleted');
}

function readLimit(given: FlagValues[string] | undefined): number {
  if (given === undefined) return USUAL_ROWS;
  const limit = /^\d{1,5}$/.test(String(given)) ? Number(given) : 0;
  if (limit < 1 || limit > MOST_ROWS) throw new UsageError(`--limit must be a whole number from 1 to ${MOST_ROWS}`);
  return limit;
}

/** The flags that the command takes, also where a variable or the config gives their setting. */
function givenTo(session: Session, names: readonly string[]): FlagValues {
  const given: Record<string, FlagValues[string]> = { ...session.invocation.flags };
  for (const name of names) {
    const key = flagNamed(name)?.key ?? null;
    const value = key === null ? undefined : session.settings.values[key];
    if (typeof value === 'string' || value === true) given[name] = value;
  }
  return given;
}
