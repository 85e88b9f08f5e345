import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { openBackend as openParts } from '../../run/open/open-backend.ts';
import type { Backend, OpenOptions } from './open-options.ts';
import { putBehind } from './opened.ts';
import { settle } from './settle.ts';

/**
 * Opens a backend: one that comes with apptool, by its id, or one of somebody else's. Makes no request. Rejects with `UsageError`,
 * `AuthError` or `PolicyError` for settings and credentials that cannot work.
 */
export async function openBackend(which: string | BackendDefinition, options: OpenOptions = {}): Promise<Backend> {
  const { definition, parts, redactor, close } = await settle(which, options);
  try {
    const backend = await openParts(definition, parts);
    const door: Backend = {
      id: definition.id,
      title: definition.title,
      host: backend.host,
      capabilities: definition.capabilities,
      close: async () => {
        await backend.close();
        await close();
      },
    };
    putBehind(door, { definition, backend, redactor });
    return door;
  } catch (error) {
    await close();
    throw error;
  }
}
