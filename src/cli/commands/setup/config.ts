import type { CommandResult } from '../../line/command.ts';
import type { ConfigSchema, ConfigShow } from '../../output/command-data.ts';
import { padded, widthOf } from '../../output/render/cells.ts';
import { renderRows, wrapped } from '../../output/render/rows.ts';
import type { Session } from '../../session/session.ts';
import { addressProblem, settingsProblem } from '../../session/settings-problem.ts';
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
  const shown = session.invocation.flags.all === true ? rows : rows.filter(({ source }) => source !== 'default');
  const layOut = (columns: number | null): string => asTable(shown, rows.length, config, columns);
  const shownResult = { text: layOut(null), layOut, data: { config, settings: rows } };
  const failure = settingsProblem(session) ?? addressProblem(session);
  return failure === null ? shownResult : { ...shownResult, failure };
}

/** Credentials by where they are set; their values are never read for this. */
function credentialRows(session: Session): Row[] {
  const names = session.backends.flatMap((backend) => backend.credentials.flatMap(variablesOf));
  return names
    .filter((name) => (session.environment[name] ?? '') !== '')
    .map((name) => ({ key: name, value: '[secret]', source: 'environment' }));
}

/** What was set, or all there is. A row is cut into name and the rest where the terminal is narrow. */
function asTable(rows: readonly Row[], count: number, config: string | null, columns: number | null): string {
  const width = Math.max(0, ...rows.map(({ value }) => widthOf(asText(value))));
  const isWide =
    columns === null ||
    rows.every(({ key, value, source }) => widthOf(`${key}${asText(value)}${source}`) + width < columns);
  const lines = renderRows(
    rows.map(({ key, value, source }) => ({
      name: key,
      texts: isWide ? [`${padded(asText(value), width)}  ${source}`] : [asText(value), `  from ${source}`],
    })),
    columns,
  );
  const rest = count - rows.length;
  const ends = (text: string) => wrapped(text, columns ?? Number.POSITIVE_INFINITY);
  const more = rest === 0 ? [] : ends(`${rest} settings have their default; --all shows them`);
  return [...ends(`config file: ${config ?? 'none'}`), ...lines, ...more].join('\n');
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
