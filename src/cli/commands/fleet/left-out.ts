import type { Context } from '../../../contract/context.ts';
import type { AppToolError } from '../../../contract/errors.ts';
import { counted } from '../../../contract/text/units.ts';

/** Of files that are left out for one kind of reason, so many are named: a folder may hold thousands. */
const MOST_NAMED = 5;

/** Says why files of the folder of receipts are left out, and how many more there are like them. */
export function tellLeftOut(code: string, problems: readonly AppToolError[], { emit }: Pick<Context, 'emit'>): void {
  const told = problems.slice(0, MOST_NAMED).map(({ message }) => message);
  const more = problems.length - told.length;
  for (const why of more > 0 ? [...told, `${counted(more, 'more file')} like these`] : told)
    emit({ type: 'warning', code, message: `left out: ${why}` });
}
