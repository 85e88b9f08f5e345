import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import type { PlannedRequest } from '../../contract/planned-request.ts';
import { didYouMean } from '../../contract/text/suggest.ts';
import { checkInputName, withArtifactFor } from '../../run/artifact.ts';
import type { OpenBackend } from '../../run/backend.ts';
import { type PublishInput, publish } from '../../run/publish.ts';
import type { CommandResult } from '../line/command.ts';
import type { PlannedForEach } from '../output/command-data.ts';
import { expectations, type Session, uploadOptions } from '../session/session.ts';
import { namedBackends } from '../settings/named-backends.ts';
import { stepLine } from './jobs.ts';
import { checkFrom } from './release/published-from.ts';
import { describePlan, thenLink } from './upload.ts';
import { ownUntil, waiting } from './waiting.ts';

/** `apptool publish <file> --to <backend>[,<backend>…]` */
export async function publishCommand(session: Session): Promise<CommandResult<PlannedForEach>> {
  const definitions = targetsOf(session);
  await checkFrom(
    session,
    definitions.map(({ id }) => id),
  );
  const [path = ''] = session.invocation.operands;
  for (const { id, capabilities } of definitions) checkInputName({ id, ...capabilities }, path);
  const { values } = session.settings;
  checkMilestone(values.until, definitions);
  const options = await uploadOptions(session, definitions);
  const backends = await Promise.all(definitions.map(({ id }) => session.open(id)));
  const input: PublishInput = {
    path,
    platform: values.platform,
    options,
    expected: expectations(session),
    detach: values.detach === true,
    failFast: values.failFast === true,
    targets: backends.map((backend) => ({ backend, waiting: waitingFor(session, backend) })),
  };
  if (values.dryRun === true) return await rehearsePublish(session, backends, input);
  const failure = await publish(input, session.ctx);
  const text = session.ctx.journal.current.map(stepLine).join('\n');
  return failure === null ? { text } : { text, failure };
}

/** Throws `UsageError` for a milestone that none of the targets has; needs no credentials. */
function checkMilestone(until: string | undefined, targets: readonly BackendDefinition[]): void {
  const known = [...new Set(targets.flatMap(({ capabilities }) => capabilities.milestones.map(({ name }) => name)))];
  if (until === undefined || known.includes(until)) return;
  const hint =
    known.length === 0 ? 'leave --until out: the targets have no milestones' : `they have ${known.join(', ')}`;
  throw new UsageError(`none of the targets has a milestone "${until}"${didYouMean(until, known)}`, { hint });
}

function targetsOf(session: Session): readonly BackendDefinition[] {
  const { to } = session.settings.values;
  if (to === undefined)
    throw new UsageError('publish needs --to <backend>[,<backend>…]', { hint: 'apptool backends lists them' });
  return namedBackends(to, session);
}

/** A milestone is for the targets that have it; the others go to their own end. */
function waitingFor(session: Session, backend: OpenBackend): PublishInput['targets'][number]['waiting'] {
  const own = waiting(session, backend);
  return { ...own, until: ownUntil(own.until, backend) };
}

async function rehearsePublish(
  session: Session,
  backends: readonly OpenBackend[],
  input: PublishInput,
): Promise<CommandResult<PlannedForEach>> {
  return await withArtifactFor(backends, input, session.ctx, async (_, plans) => ({
    text: plans
      .flatMap((plan, index) => [describePlan(plan), ...thenLink(backends[index] as OpenBackend, input.options)])
      .join('\n'),
    data: { plans: backends.map(({ id }, index) => ({ backend: id, ...(plans[index] as PlannedRequest) })) },
  }));
}
