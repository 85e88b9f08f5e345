import { backends } from '../../src/backends/index.ts';
import type { SandboxPart } from '../../src/contract/backend/sandbox.ts';
import { SANDBOX_DEFAULTS } from '../../src/sandbox/part.ts';
import { type Sandbox, type SandboxPartSource, startSandbox } from '../../src/sandbox/server.ts';
import { atEnd } from '../../src/testing/cleanup.ts';
import { sha256Of } from '../../src/testing/files.ts';

/** A file that a backend has taken: it made a build of it. */
export interface Landed {
  readonly backend: string;
  readonly sha256: string;
}

/** A sandbox that keeps a list of every build that was made, with the hash of its file, whatever its API would tell. */
export async function observedSandbox(): Promise<{ readonly box: Sandbox; landed(): Promise<readonly Landed[]> }> {
  const forms: Landed[] = [];
  const sources = backends.map(
    (backend): SandboxPartSource => ({
      id: backend.id,
      sandbox: async (tools) => observed(backend.id, (await backend.sandbox?.(tools)) as SandboxPart, forms),
    }),
  );
  const box = await startSandbox(sources, {
    ...SANDBOX_DEFAULTS,
    processingMs: 50,
    appearMs: 20,
    hasDefaultKey: false,
  });
  atEnd(() => box.close());
  const objects = async () =>
    await Promise.all(
      box.store.stored().map(async ({ path }) => ({ backend: 'apptego', sha256: await sha256Of(path) })),
    );
  return { box, landed: async () => [...(await objects()), ...forms] };
}

function observed(backend: string, part: SandboxPart, landed: Landed[]): SandboxPart {
  return {
    ...part,
    handle: async (request) => {
      const files: string[] = [];
      const answer = await part.handle({
        ...request,
        form: async () => {
          const form = await request.form();
          files.push(...form.files.map(({ path }) => path));
          return form;
        },
      });
      if (answer.status < 300) for (const path of files) landed.push({ backend, sha256: await sha256Of(path) });
      return answer;
    },
  };
}
