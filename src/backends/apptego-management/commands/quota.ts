import type { CommandInput, CommandOutput } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { stageNamed } from '../../apptego-shared/environment.ts';
import type { ManagementSettings } from '../api.ts';
import { type Quota, readQuotas } from '../quota.ts';
import { VERSIONS } from './builds.ts';
import type { Quotas } from './command-data.ts';

/** `quota`: how many builds of the week are left, of the environment that is given, else of all three. */
export async function showQuota(input: CommandInput<ManagementSettings>, ctx: Context): Promise<CommandOutput<Quotas>> {
  const { environment } = input.flags;
  const asked = typeof environment === 'string' ? stageNamed(environment) : null;
  const quotas: Quotas['quotas'] = [];
  for (const version of asked === null ? VERSIONS : [asked])
    quotas.push(...(await readQuotas(input, version, ctx)).map(describe));
  const rows = quotas.map(({ version, platform, used, limit, left, freeAt, stillWaiting }) =>
    [
      version,
      platform,
      used,
      limit ?? 'none known',
      left,
      freeAt,
      stillWaiting === null ? null : stillWaiting ? 'yes' : 'no',
    ].map((value) => String(value ?? '-')),
  );
  const columns = ['environment', 'platform', 'used', 'limit', 'left', 'next free', 'waiting'];
  return { table: { columns, rows }, data: { quotas } };
}

function describe({ version, platform, used, limit, freeAt, stillWaiting }: Quota): Quotas['quotas'][number] {
  const left = used === null || limit === null ? null : Math.max(0, limit - used);
  return { version, platform, used, limit, left, freeAt: freeAt?.toISOString() ?? null, stillWaiting };
}
