import type { Adapter } from '../../contract/adapter.ts';
import { AuthError } from '../../contract/errors.ts';

/** What `call` does, but that a refusal of the credentials says `hint` where it says nothing of its own. */
export async function withHintIfRefused<T>(hint: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof AuthError && error.hint === null ? error.with({ hint }) : error;
  }
}

/** An adapter whose every call says what to do when the credentials are refused: where they came from is not for the adapter to know. */
export function withHints(adapter: Adapter, hint: string): Adapter {
  const { upload, poll, find, abort, download, proveCredentials } = adapter;
  const explained =
    <Values extends readonly unknown[], Result>(call: (...values: Values) => Promise<Result>) =>
    (...values: Values): Promise<Result> =>
      withHintIfRefused(hint, () => call(...values));
  return {
    ...adapter,
    upload: explained(upload),
    poll: explained(poll),
    ...(find === undefined ? {} : { find: explained(find) }),
    ...(abort === undefined ? {} : { abort: explained(abort) }),
    ...(download === undefined ? {} : { download: explained(download) }),
    ...(proveCredentials === undefined ? {} : { proveCredentials: explained(proveCredentials) }),
  };
}
