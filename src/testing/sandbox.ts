import { backends } from '../backends/index.ts';
import type { BackendDefinition } from '../contract/backend/definition.ts';
import type { SandboxOptions } from '../contract/backend/sandbox.ts';
import { SANDBOX_DEFAULTS } from '../sandbox/part.ts';
import { type Sandbox, startSandbox } from '../sandbox/server.ts';
import { atEnd } from './cleanup.ts';

/** Quick enough for tests, and a tenant without a default key, so that what is signed was asked for; all else as users get it. */
const QUICK: SandboxOptions = { ...SANDBOX_DEFAULTS, processingMs: 50, appearMs: 20, hasDefaultKey: false };

/** A sandbox of its own for one test, in this process: real sockets, real files. Serves `definition` alone where one is given. */
export async function sandbox(
  options: Partial<SandboxOptions> = {},
  definition: BackendDefinition | null = null,
): Promise<Sandbox> {
  const sources = definition === null ? backends : [definition];
  const started = await startSandbox(sources, { ...QUICK, ...options });
  atEnd(() => started.close());
  return started;
}
