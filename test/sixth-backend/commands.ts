import * as z from 'zod';
import { cutRows } from '../../src/backends/rows.ts';
import type { CommandInput, CommandOutput, Planned } from '../../src/contract/backend/definition.ts';
import type { Context } from '../../src/contract/context.ts';
import { RejectedError } from '../../src/contract/errors.ts';
import { CALL_POLICIES } from '../../src/transfer/call-policy.ts';
import { type DepotSettings, openDepot } from './adapter.ts';

export const Shelves = z.object({ shelves: z.array(z.object({ name: z.string(), files: z.int() })) });
export const DeletedShelf = z.strictObject({ shelf: z.string() });

export async function listShelves(
  input: CommandInput<DepotSettings>,
  ctx: Context,
): Promise<CommandOutput<z.infer<typeof Shelves>>> {
  const call = {
    what: 'list the shelves',
    method: 'GET',
    path: '/shelves',
    policy: CALL_POLICIES.read,
    answer: Shelves,
  } as const;
  const shelves = cutRows((await openDepot(input).call(call, ctx)).shelves, input.limit, ctx);
  return {
    table: { columns: ['name', 'files'], rows: shelves.map(({ name, files }) => [name, String(files)]) },
    data: { shelves },
  };
}

export async function deleteShelf(
  input: CommandInput<DepotSettings>,
  ctx: Context,
): Promise<CommandOutput<z.infer<typeof DeletedShelf> | Planned>> {
  const [shelf = ''] = input.operands;
  const path = `/shelves/${encodeURIComponent(shelf)}`;
  const call = {
    what: `delete shelf ${shelf}`,
    method: 'DELETE',
    path,
    policy: CALL_POLICIES.destroy,
    answer: z.unknown(),
  } as const;
  if (input.dryRun) {
    const plan = { method: 'DELETE', url: `${input.settings.apiUrl}${path}`, fields: {} };
    return { text: `would delete shelf ${shelf}`, data: { plan } };
  }
  try {
    await openDepot(input).call(call, ctx);
  } catch (error) {
    const isGone = error instanceof RejectedError && error.httpStatus === 404 && error.afterLostAnswer;
    if (!isGone) throw error;
  }
  return { text: `deleted shelf ${shelf}`, data: { shelf } };
}
