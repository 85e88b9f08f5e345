import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { AuthError } from '../../../contract/errors.ts';
import { type Check, mostTelling } from '../../../run/checks/check.ts';
import { examine } from '../../../run/checks/doctor.ts';
import type { ProxySettings } from '../../../transfer/http/connection/proxy-choice.ts';
import type { CommandResult } from '../../line/command.ts';
import type { DoctorData } from '../../output/doctor-data.ts';
import { hintOf } from '../../output/next-words.ts';
import { examineBackend, examineMachine, isConfigured } from '../../session/doctor-subject.ts';
import type { Session } from '../../session/session.ts';
import { namedBackends } from '../../settings/named-backends.ts';

/** Where the words of a row begin, and how wide they are. */
const INDENT = 26;
const WIDTH = 74;

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
  const text = [
    tableOf('this machine', machine.checks),
    ...backends.filter(({ checks }) => checks !== null).map(asTable),
    ...unchecked(backends),
  ].join('\n\n');
  const data: DoctorData = { machine: machine.checks.map(asRow), backends: backends.map(asData) };
  return failure === null ? { text, data } : { text, data, failure };
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

function asTable({ backend, checks }: Examined): string {
  const { id, title, otherHosts } = backend;
  const besides = otherHosts === undefined ? [] : rowLines('', 'besides', [otherHosts]);
  return [tableOf(`${id}  ${title}`, checks ?? []), ...besides].join('\n');
}

const HOST_CHECKS: ReadonlySet<Check['check']> = new Set(['proxy', 'dns', 'tls', 'answer', 'clock']);

/** A row for each check; those of a host stand below its name. */
function tableOf(title: string, checks: readonly Check[]): string {
  const lines: string[] = [];
  let host: string | null = null;
  for (const { check, subject, result, message, error } of checks) {
    const isOfHost = HOST_CHECKS.has(check);
    if (isOfHost && subject !== host) lines.push(`  host ${subject}`);
    host = isOfHost ? subject : null;
    const about = isOfHost || subject === null || message.includes(subject) ? '' : `${subject}: `;
    const mark = result === 'failed' ? 'FAILED' : result;
    lines.push(...rowLines(mark, `${isOfHost ? '  ' : ''}${check}`, [`${about}${message}`, ...hintLines(error)]));
  }
  return [title, ...lines].join('\n');
}

function hintLines(error: Check['error']): string[] {
  const hint = error === null ? null : hintOf(error);
  return hint === null ? [] : [`hint: ${hint}`];
}

function rowLines(mark: string, name: string, texts: readonly string[]): string[] {
  const head = `  ${mark.padEnd(9)}${name}`.padEnd(INDENT);
  return texts.flatMap(wrapped).map((words, index) => (index === 0 ? head : ' '.repeat(INDENT)) + words);
}

/** In lines of a table's width; a word that is longer stays whole. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function unchecked(backends: readonly Examined[]): string[] {
  const named = (configured: boolean): string[] =>
    backends
      .filter(({ checks, isConfigured: is }) => checks === null && is === configured)
      .map(({ backend }) => backend.id);
  return [
    ...(named(true).length === 0 ? [] : [`not asked for: ${named(true).join(', ')}`]),
    ...(named(false).length === 0 ? [] : [`not configured: ${named(false).join(', ')}`]),
  ];
}
