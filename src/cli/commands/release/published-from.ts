import { LocalIoError, UsageError } from '../../../contract/errors.ts';
import { checkSameHosts } from '../../../run/journal/same-hosts.ts';
import { sha256At } from '../../../run/release/file-at.ts';
import { readReceipt } from '../../receipt/receipt-file.ts';
import type { Session } from '../../session/session.ts';
import { stageWord } from '../../settings/config/releases.ts';

/**
 * `--from <receipt>`: the file has to be what the receipt says that protection gave back, and protected for production, or for the
 * environment that is allowed. Throws `UsageError` and `LocalIoError`; makes no request.
 */
export async function checkFrom({ invocation, ctx, hostOf }: Session, targets: readonly string[]): Promise<void> {
  const { from, 'allow-environment': allowed } = invocation.flags;
  if (typeof from !== 'string') {
    if (allowed !== undefined) throw new UsageError('--allow-environment needs --from');
    return;
  }
  const [path = ''] = invocation.operands;
  const allowedStage = typeof allowed === 'string' ? stageWord.safeParse(allowed) : null;
  if (allowedStage?.success === false) throw new UsageError('--allow-environment must be dev, staging or prod');
  const receipt = readReceipt(from);
  const { output, steps } = receipt;
  checkSameHosts(
    { path: from, receipt },
    targets.map((id) => ({ id, host: hostOf(id) })),
  );
  if (output === null) throw new UsageError(`the receipt ${from} has no protected file`);
  const sha256 = await sha256At(path, ctx.signal);
  if (sha256 === null) return;
  if (sha256 !== output.sha256)
    throw new LocalIoError(`${path} is not the protected file of ${from}: that has the SHA-256 ${output.sha256}`, {
      hint: 'nothing was sent; check which file and which receipt were named',
    });
  const stage = steps.find(({ action }) => action === 'protect')?.stage ?? null;
  if (stage === 'production' || stage === allowedStage?.data) return;
  throw new UsageError(
    stage === null
      ? `the receipt ${from} does not say what ${path} was protected for`
      : `${path} was protected for ${stage}`,
    {
      hint: 'publish a file that was protected for production, or allow this environment',
      next: { do: 'set', setting: 'allow-environment' },
    },
  );
}
