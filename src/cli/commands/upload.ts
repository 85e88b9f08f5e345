import type { UploadOptions } from '../../contract/adapter.ts';
import { UsageError } from '../../contract/errors.ts';
import type { PlannedRequest } from '../../contract/planned-request.ts';
import type { StepAction } from '../../contract/record/journal.ts';
import { wantsLink } from '../../run/after-upload/publish-link.ts';
import type { UploadInput } from '../../run/artifact.ts';
import { checkInputName, withArtifact } from '../../run/artifact.ts';
import type { OpenBackend } from '../../run/backend.ts';
import { newStep } from '../../run/journal/step.ts';
import { upload } from '../../run/upload.ts';
import type { CommandResult } from '../line/command.ts';
import type { Planned } from '../output/command-data.ts';
import { expectations, type Session, uploadOptions } from '../session/session.ts';
import { sourceText } from '../settings/source.ts';

/** `apptool upload <file> --to <backend>` */
export async function uploadCommand(session: Session): Promise<CommandResult<Planned>> {
  const { values, sources } = session.settings;
  const { to } = values;
  if (to === undefined) throw new UsageError('upload needs --to <backend>', { hint: 'apptool backends lists them' });
  if (to.includes(',') && sources.to?.from === 'config')
    throw new UsageError(`upload sends to one backend, and ${sourceText(sources.to)} names several`, {
      hint: `give one of ${to}`,
      next: { do: 'set', setting: 'to' },
    });
  const input = await uploadInput(session, to);
  if (session.settings.values.dryRun === true) return await rehearse(session, 'upload', input, []);
  return { text: (await upload(input, session.ctx)).text };
}

/** The file of the command line on its way to a backend. */
export async function uploadInput(session: Session, backendId: string): Promise<UploadInput> {
  const definition = session.definition(backendId);
  const [path = ''] = session.invocation.operands;
  checkInputName({ id: backendId, ...definition.capabilities }, path);
  const options = await uploadOptions(session, [definition]);
  const backend = await session.open(backendId);
  const { platform } = session.settings.values;
  return { backend, path, platform, options, expected: expectations(session) };
}

/** `--dry-run`: every check that needs no request, and what would be sent first. */
export async function rehearse(
  session: Session,
  action: StepAction,
  input: UploadInput,
  then: readonly string[],
): Promise<CommandResult<Planned>> {
  const { backend, options } = input;
  session.ctx.journal.draft(newStep(action, backend, options), false);
  return await withArtifact(input, session.ctx, async ({ sizeBytes, name }, plan) => ({
    text: [
      describePlan(plan),
      ...(plan.carriesFile === true
        ? []
        : [`then send the ${sizeBytes} bytes of ${name} to the address that it answers`]),
      ...then,
      ...thenLink(backend, options),
    ].join('\n'),
    data: { plan },
  }));
}

/** What a rehearsal says of the link that an upload would get. */
export function thenLink(backend: OpenBackend, options: UploadOptions): string[] {
  return wantsLink(backend, options)
    ? [`then make the link ${options.publishLink}, or find the one that is there`]
    : [];
}

export function describePlan(plan: PlannedRequest): string {
  const fields = Object.entries(plan.fields).map(([name, value]) => `  ${name}: ${value}`);
  return [`would send ${plan.method} ${plan.url}`, ...fields].join('\n');
}
