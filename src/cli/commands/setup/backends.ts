import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import type { CommandResult } from '../../line/command.ts';
import type { Backends } from '../../output/command-data.ts';
import { renderRows, wrapped } from '../../output/render/rows.ts';
import type { Session } from '../../session/session.ts';
import { variablesOf } from '../../settings/credentials.ts';

type Described = Backends['backends'][number];

/** `apptool backends` */
export async function backendsCommand(session: Session): Promise<CommandResult<Backends>> {
  const data = session.backends.map(describe);
  const layOut = (columns: number | null): string => data.map((one) => asText(one, columns)).join('\n\n');
  return { text: layOut(null), layOut, data: { backends: data } };
}

function describe(backend: BackendDefinition): Described {
  const { files, otherFiles = [], limit, download, protects, milestones } = backend.capabilities;
  return {
    id: backend.id,
    title: backend.title,
    docs: backend.docsUrl,
    files: [...files],
    otherFiles: [...otherFiles],
    limitBytes: limit?.bytes ?? null,
    download,
    protects,
    milestones: milestones.map(({ name }) => name),
    settings: Object.entries(backend.settings.shape).map(([key, schema]) => ({
      key: `${backend.id}.${key}`,
      variable: backend.variables[key] ?? null,
      description: (schema as { description?: string }).description ?? '',
    })),
    credentials: backend.credentials.map((spec) => ({
      label: spec.label,
      variables: [...variablesOf(spec)],
      isOptional: spec.isOptional === true,
    })),
  };
}

function asText(backend: Described, columns: number | null): string {
  const rows: [string, string][] = [
    ['files', backend.files.map((kind) => `.${kind}`).join(' ')],
    ...(backend.otherFiles.length === 0
      ? []
      : [['as they are', backend.otherFiles.map((ending) => `.${ending}`).join(' ')] satisfies [string, string]]),
    ['limit', backend.limitBytes === null ? 'not documented' : `${backend.limitBytes} bytes`],
    ['download', backend.download ? 'yes' : 'no'],
    ['protects', backend.protects ? 'yes' : 'no'],
    ['milestones', backend.milestones.join(' ') || 'one end'],
    ...backend.credentials.map(({ variables, isOptional }): [string, string] => [
      'credential',
      `${variables.join(' or ')}${isOptional ? ' (one of these is enough)' : ''}`,
    ]),
    ...backend.settings.map(({ key, variable, description }): [string, string] => [
      'setting',
      `${key}${variable === null ? '' : ` (${variable})`}: ${description}`,
    ]),
    ['docs', backend.docs],
  ];
  const lines = renderRows(
    rows.map(([name, text]) => ({ name, texts: [text] })),
    columns,
    2,
  );
  const title = wrapped(`${backend.id}  ${backend.title}`, columns ?? Number.POSITIVE_INFINITY);
  return [...title, ...lines].join('\n');
}
