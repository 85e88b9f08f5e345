import type { CommandInput, CommandOutput } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { isNotFound } from '../../../contract/errors.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { openApi, readVersions, type Settings, type VersionReader } from '../api.ts';
import type { Release, Runs, Version } from './command-data.ts';

/** `validation <version>`: a row for each finding, and one for each run that found nothing. */
export async function validation(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<Runs>> {
  const runs = await read(input, (versions, id) => versions.validation(id, ctx));
  const rows = runs.flatMap(({ id, status, findings }) =>
    findings.length === 0
      ? [[id, status, '', '', '']]
      : findings.map(({ severity, code, message }) => [id, status, severity, code, message]),
  );
  return { table: { columns: ['run', 'status', 'severity', 'code', 'message'], rows }, data: { runs: [...runs] } };
}

/** `version <version>` */
export async function version(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<Version>> {
  const data = await read(input, (versions, id) => versions.version(id, ctx));
  const { id, versionCode, versionName, status, openIssues } = data;
  const columns = ['version', 'status', 'code', 'name', 'open issues'];
  const row = [id, status ?? '-', String(versionCode ?? '-'), versionName ?? '-', String(openIssues)];
  return { table: { columns, rows: [row] }, data: { version: { ...data, status: status ?? '' } } };
}

/** `release <version>` */
export async function release(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput<Release>> {
  const data = await read(input, (versions, id) => versions.release(id, ctx));
  const row = [data.live ? 'yes' : 'no', data.countries.join(' ') || '-', data.vehicleContexts.join(' ') || '-'];
  return { table: { columns: ['live', 'countries', 'vehicle contexts'], rows: [row] }, data: { release: data } };
}

/** Asks about the version that the command line names. */
async function read<T>(
  input: CommandInput<Settings>,
  ask: (versions: VersionReader, id: string) => Promise<T>,
): Promise<T> {
  const [id = ''] = input.operands;
  try {
    return await ask(readVersions(openApi(input), CALL_POLICIES.read), id);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw error.with({ hint: 'check the version id, and that the token belongs to its app' });
  }
}
