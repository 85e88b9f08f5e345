import type { CommandResult } from '../../line/command.ts';
import type { ConfigSchema, ConfigShow } from '../../output/command-data.ts';
import type { Session } from '../../session/session.ts';
import { configJsonSchema } from '../../settings/config/config-schema.ts';
import { variablesOf } from '../../settings/credentials.ts';
import { formatDuration } from '../../settings/durations.ts';
import { sourceText } from '../../settings/source.ts';

const DURATIONS = new Set(['timeout', 'pollInterval', 'stallTimeout', 'appearTimeout', 'capacityWait']);

type Row = ConfigShow['settings'][number];

/** `apptool config show` */
export async function configShowCommand(session: Session): Promise<CommandResult<ConfigShow>> {
  const { settings } = session;
  const rows: Row[] = Object.entries(settings.sources).map(([key, from]) => {
    const source = sourceText(from);
    const value = settings.values[key as keyof typeof settings.values] ?? null;
    return { key, value: DURATIONS.has(key) ? formatDuration(Number(value)) : value, source };
  });
  for (const [id, { values, sources }] of Object.entries(settings.backends)) {
    for (const [key, from] of Object.entries(sources))
      rows.push({ key: `${id}.${key}`, value: values[key] ?? null, source: sourceText(from) });
  }
  rows.push(...credentialRows(session));
  const config = session.config?.name ?? null;
  return { text: asTable(rows, config), data: { config, settings: rows } };
}

/** Credentials by where they are set; their values are never read for this. */
function credentialRows(session: Session): Row[] {
  const names = session.backends.flatMap((backend) => backend.credentials.flatMap(variablesOf));
  return names
    .filter((name) => (session.environment[name] ?? '') !== '')
    .map((name) => ({ key: name, value: '[secret]', source: 'environment' }));
}

function asTable(rows: readonly Row[], config: string | null): string {
  const shown = rows.map(({ key, value, source }) => [key, asText(value), source] as const);
  const width = (column: 0 | 1) => Math.max(...shown.map((row) => row[column].length));
  const lines = shown.map(([key, value, source]) => `${key.padEnd(width(0))}  ${value.padEnd(width(1))}  ${source}`);
  return [`config file: ${config ?? 'none'}`, ...lines].join('\n');
}

function asText(value: unknown): string {
  if (value === null) return '-';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `apptool config schema` */
export async function configSchemaCommand(session: Session): Promise<CommandResult<ConfigSchema>> {
  const schema = configJsonSchema(session.backends);
  return { text: JSON.stringify(schema, null, 2), data: { schema: { ...schema } } };
}
