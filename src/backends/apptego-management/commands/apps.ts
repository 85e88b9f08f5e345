import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { ApiClient } from '../../../contract/backend/http.ts';
import type { Context } from '../../../contract/context.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { cutRows } from '../../rows.ts';
import { type ManagementSettings, openManagementApi } from '../api.ts';
import { ApplicationsReply } from '../wire.ts';
import { destroy, planOf } from './changes.ts';
import type { Applications, DeletedApplication } from './command-data.ts';

/** `apps list` */
export async function listApps(
  input: CommandInput<ManagementSettings>,
  ctx: Context,
): Promise<CommandOutput<Applications>> {
  const applications = cutRows(await readApps(openManagementApi(input), ctx), input.limit, ctx);
  const rows = applications.map(({ id, name, platform, version, createdAt }) =>
    [id, name, platform, version, createdAt].map((value) => value ?? '-'),
  );
  return {
    table: { columns: ['application', 'name', 'platform', 'version', 'created'], rows },
    data: { applications },
  };
}

/** `apps delete <application>` */
export async function deleteApp(
  input: CommandInput<ManagementSettings>,
  ctx: Context,
): Promise<CommandOutput<DeletedApplication | Planned>> {
  const [application = ''] = input.operands;
  const api = openManagementApi(input);
  const change = {
    what: `delete application ${application}`,
    path: '/delete_application',
    json: { application_id: application },
    shownBy: 'apps list',
  };
  if (input.dryRun) return { text: `would delete application ${application}`, data: planOf(api, change) };
  await destroy(api, change, async (asking) => (await readApps(api, asking)).some(({ id }) => id === application), ctx);
  return { text: `deleted application ${application}`, data: { application } };
}

async function readApps(api: ApiClient, ctx: Context) {
  const call = {
    what: 'list the applications',
    method: 'POST',
    path: '/get_applications',
    json: {},
    policy: CALL_POLICIES.read,
    answer: ApplicationsReply,
  } as const;
  return (await api.call(call, ctx)).applications;
}
