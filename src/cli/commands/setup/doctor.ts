import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { AuthError } from '../../../contract/errors.ts';
import { type Check, mostTelling } from '../../../run/checks/check.ts';
import { examine } from '../../../run/checks/doctor.ts';
import type { ProxySettings } from '../../../transfer/http/connection/proxy-choice.ts';
import type { CommandResult } from '../../line/command.ts';
import type { DoctorData } from '../../output/doctor-data.ts';
import { hintOf } from '../../output/next-words.ts';
import { type Row, renderRows, wrapped } from '../../output/render/rows.ts';
import { examineBackend, examineMachine, isConfigured } from '../../session/doctor-subject.ts';
import type { Session } from '../../session/session.ts';
import { namedBackends } from '../../settings/named-backends.ts';

/** How wide the table is where no terminal says it. */
const WIDTH = 100;

interface Examined {
  readonly backend: BackendDefinition;
  readonly isConfigured: boolean;
  /** `null` for one that is not checked. */
  readonly checks: readonly Check[] | null;
}

/** `apptool doctor`: everything that can be known before an upload, without one. */
export async function doctorCommand(session: Session): Promise<CommandResult<DoctorData>> {
  const wanted = wantedBackends(session);
  const machine = examineMachine(session);
  const backends = await Promise.all(
    session.backends.map(async (backend): Promise<Examined> => {
      const checks = wanted.includes(backend) ? await checksOf(session, backend, machine.ready) : null;
      return { backend, isConfigured: isConfigured(backend, session), checks };
    }),
  );
  const all = [...machine.checks, ...backends.flatMap(({ checks }) => checks ?? [])];
  const failure = mostTelling(all) ?? (wanted.length === 0 ? nothingConfigured(session) : null);
  const layOut = (columns: number): string =>
    [
      tableOf('this machine', machine.checks, [], columns),
      ...backends.filter(({ checks }) => checks !== null).map((one) => asTable(one, columns)),
      verdict(backends, columns),
    ].join('\n\n');
  const shown = { text: layOut(WIDTH), layOut };
  const data: DoctorData = { machine: machine.checks.map(asRow), backends: backends.map(asData) };
  return failure === null ? { ...shown, data } : { ...shown, data, failure };
}

/** Those that `--to` names, or else those that are configured. Throws `UsageError` for one that there is not. */
function wantedBackends(session: Session): readonly BackendDefinition[] {
  const { values, sources } = session.settings;
  // Where a config publishes to is not all that it needs.
  if (values.to !== undefined && sources.to?.from !== 'config') return namedBackends(values.to, session);
  const { backend: protecting } = session.settings.values;
  if (protecting !== undefined) session.definition(protecting);
  return session.backends.filter((backend) => isConfigured(backend, session));
}

async function checksOf(
  session: Session,
  backend: BackendDefinition,
  proxies: ProxySettings | null,
): Promise<readonly Check[]> {
  const { checks, ready } = await examineBackend(session, backend, proxies);
  return ready === null ? checks : [...checks, ...(await examine(ready, session.ctx))];
}

function nothingConfigured({ backends }: Session): AuthError {
  const variables = backends.map(({ credentials }) => credentials[0]?.variable ?? '');
  return new AuthError('no backend is configured: there is nothing to check', {
    hint: `set the credentials of one, for example ${variables.join(', ')}; apptool backends lists them all`,
  });
}

function asData({ backend, isConfigured: configured, checks }: Examined): DoctorData['backends'][number] {
  return {
    id: backend.id,
    isConfigured: configured,
    ok: checks === null ? null : checks.every(({ result }) => result !== 'failed'),
    checks: (checks ?? []).map(asRow),
    otherHosts: backend.otherHosts ?? null,
  };
}

function asRow({ check, subject, result, message, error }: Check): DoctorData['machine'][number] {
  return {
    check,
    subject,
    result,
    message,
    hint: error === null ? null : hintOf(error),
    errorClass: error?.class ?? null,
  };
}

function asTable({ backend, checks }: Examined, columns: number): string {
  const { id, title, otherHosts } = backend;
  const besides = otherHosts === undefined ? [] : [{ name: `${' '.repeat(MARK)}also allow`, texts: [otherHosts] }];
  return tableOf(`${id}  ${title}`, checks ?? [], besides, columns);
}

const HOST_CHECKS: ReadonlySet<Check['check']> = new Set(['proxy', 'dns', 'tls', 'answer', 'clock']);
/** Room for a mark and the spaces behind it. */
const MARK = 9;

/** A row for each check; those of a host stand below its name. */
function tableOf(title: string, checks: readonly Check[], more: readonly Row[], columns: number): string {
  const rows: Row[] = [];
  let host: string | null = null;
  for (const { check, subject, result, message, error } of checks) {
    const isOfHost = HOST_CHECKS.has(check);
    if (isOfHost && subject !== host) rows.push({ name: `host ${subject}`, texts: [''] });
    host = isOfHost ? subject : null;
    const about = isOfHost || subject === null || message.includes(subject) ? '' : `${subject}: `;
    const mark = (result === 'failed' ? 'FAILED' : result).padEnd(MARK);
    rows.push({ name: `${mark}${isOfHost ? '  ' : ''}${check}`, texts: [`${about}${message}`, ...hintLines(error)] });
  }
  return [...wrapped(title, columns), ...renderRows([...rows, ...more], columns, 2)].join('\n');
}

function hintLines(error: Check['error']): string[] {
  const hint = error === null ? null : hintOf(error);
  return hint === null ? [] : [`hint: ${hint}`];
}

/** Each backend in a line: whether an upload can be tried. */
function verdict(backends: readonly Examined[], columns: number): string {
  const rows = backends.map(({ backend, isConfigured: configured, checks }) => ({
    name: backend.id,
    texts: [checks === null ? (configured ? 'skipped' : 'not configured') : verdictOf(checks)],
  }));
  return renderRows(rows, columns).join('\n');
}

function verdictOf(checks: readonly Check[]): string {
  const failed = checks.filter(({ result }) => result === 'failed').map(({ check }) => check);
  if (failed.length > 0) return `NOT READY: ${[...new Set(failed)].join(', ')}`;
  const warned = checks.filter(({ result }) => result === 'warning').map(({ check }) => check);
  return warned.length > 0 ? `ready, with warnings: ${[...new Set(warned)].join(', ')}` : 'ready';
}
