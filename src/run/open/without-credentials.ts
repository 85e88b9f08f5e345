import type { Adapter } from '../../contract/adapter.ts';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { AuthError } from '../../contract/errors.ts';

/**
 * The same backend for a run that is not to need it and has no credentials for it: what is known without a request stays, and every call
 * rejects. One that protects and cannot be made without them rejects as it is opened: the others need nothing of it but its capabilities.
 */
export function withoutCredentials(definition: BackendDefinition): BackendDefinition {
  const variables = definition.credentials.map(({ variable }) => variable).join(', ');
  const hint = `this run needs them after all: set ${variables}`;
  const missing = new AuthError(`no credentials for ${definition.id}`, { hint });
  return {
    ...definition,
    async create(input) {
      try {
        return asksNothing(await definition.create(input), missing);
      } catch (error) {
        if (!(error instanceof AuthError) || definition.capabilities.protects) throw error;
        const rejects = async () => await Promise.reject(error);
        return { plan: rejects, upload: rejects, poll: rejects };
      }
    },
  };
}

function asksNothing({ quota: _, ...adapter }: Adapter, missing: AuthError): Adapter {
  const rejects = async () => await Promise.reject(missing);
  const { find, abort, outputName, download, publishLink, proveCredentials } = adapter;
  return {
    ...adapter,
    upload: rejects,
    poll: rejects,
    ...(find === undefined ? {} : { find: rejects }),
    ...(abort === undefined ? {} : { abort: rejects }),
    ...(outputName === undefined ? {} : { outputName: rejects }),
    ...(download === undefined ? {} : { download: rejects }),
    ...(publishLink === undefined ? {} : { publishLink: rejects }),
    ...(proveCredentials === undefined ? {} : { proveCredentials: rejects }),
  };
}
