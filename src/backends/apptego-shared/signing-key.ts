import type { Context } from '../../contract/context.ts';
import { JobFailedError } from '../../contract/errors.ts';
import type { SignedUploadProtocol, UploadTicket } from '../../transfer/upload/signed-protocol.ts';

/** "Set none to skip signing-key metadata". */
const NO_KEY = 'none';

/** Whether a key that the server names is another than the one that was asked for. Where it names no key at all, or nobody asked, it is not. */
export function isOtherKey(asked: string | undefined, given: string | null | undefined): boolean {
  return asked !== undefined && given !== undefined && keyOf(asked) !== keyOf(given ?? NO_KEY);
}

function keyOf(key: string): string {
  return key === '' || key.toLowerCase() === NO_KEY ? NO_KEY : key;
}

/** "the key would be k1", for messages. */
function describeKey(given: string | null | undefined): string {
  const key = keyOf(given ?? NO_KEY);
  return key === NO_KEY ? 'no key' : `key ${key}`;
}

/**
 * Compares the key in the response to the upload request with the one that was asked for, before a byte is sent and before a build is used.
 * A multipart upload that was begun is aborted. Throws `JobFailedError` for another key.
 */
export async function demandKey(
  asked: string | undefined,
  ticket: Pick<UploadTicket, 'target'> & { readonly signingKey: string | null | undefined },
  abort: SignedUploadProtocol['abort'],
  ctx: Context,
): Promise<void> {
  const { signingKey, target } = ticket;
  if (!isOtherKey(asked, signingKey)) return;
  if (target.type === 'parts') {
    ctx.record({ type: 'multipart-open', session: target.session });
    await abort(target.session, ctx);
    ctx.record({ type: 'multipart-closed' });
  }
  throw new JobFailedError(
    `signing key ${asked} was given, but AppTego would sign with ${describeKey(signingKey)}: nothing was sent`,
    {
      hint: 'check the id of the key, and that it is a key of this platform and tenant',
      next: { do: 'list', backend: 'apptego-management', command: 'keys list' },
    },
  );
}
