import { UsageError } from '../../contract/errors.ts';
import { checkInputName } from '../../run/artifact.ts';
import { assertProtects } from '../../run/backend.ts';
import { checkProtectOutput, protect, protectedPath } from '../../run/protect.ts';
import type { CommandResult } from '../line/command.ts';
import type { Planned } from '../output/command-data.ts';
import type { Session } from '../session/session.ts';
import { isFlag } from '../settings/source.ts';

import { rehearse, uploadInput } from './upload.ts';
import { waiting } from './waiting.ts';

/** Which backend protects where nobody says so: the first of the list that can. */
function protector({ backends }: Session): string {
  return backends.find(({ capabilities }) => capabilities.protects)?.id ?? '';
}

/** `apptool protect <file>` */
export async function protectCommand(session: Session): Promise<CommandResult<Planned>> {
  const { values, sources } = session.settings;
  const detach = values.detach === true;
  // One in a config is for the runs that have an output.
  if (detach && (isFlag(sources.output) || sources.output?.from === 'variable'))
    throw new UsageError('--detach ends before there is an output', { hint: 'leave --output out' });
  const { id: backendId, capabilities } = session.definition(values.backend ?? protector(session));
  assertProtects({ id: backendId, protects: capabilities.protects });
  const input = await uploadInput(session, backendId);
  const run = {
    ...input,
    output: values.output,
    force: values.force === true,
    detach,
    waiting: waiting(session, input.backend),
  };
  if (values.dryRun === true) {
    checkInputName(input.backend, input.path);
    const output = values.output ?? protectedPath(input.path);
    if (!detach) await checkProtectOutput(run);
    return await rehearse(session, 'protect', input, detach ? [] : ['then wait for the job', `then write ${output}`]);
  }
  const { job, output } = await protect(run, session.ctx);
  return output === null ? { text: job.text } : { text: null, path: output };
}
