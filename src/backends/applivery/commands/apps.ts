import type { CommandInput, CommandOutput } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { createAccess } from '../access.ts';
import { firstRows } from '../pages.ts';
import type { Settings } from '../settings.ts';
import { AppRecord } from '../wire.ts';
import type { Apps } from './command-data.ts';

/** `apptool applivery apps list` */
export async function listApps(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<Apps>> {
  const { api: reads, path } = createAccess(input).apps();
  const apps = await firstRows({ reads, what: 'list the apps', path, item: AppRecord }, input.limit, ctx);
  const rows = apps.map(({ id, name, slug, createdAt }) => [id, name ?? '-', slug ?? '-', createdAt ?? '-']);
  return { table: { columns: ['app', 'name', 'slug', 'created'], rows }, data: { apps: [...apps] } };
}
