import { backends } from '../../src/backends/index.ts';
import { SANDBOX_DEFAULTS, type SandboxOptions } from '../../src/sandbox/part.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { atEnd } from './cleanup.ts';

/** Quick enough for tests; everything else as users get it. */
const QUICK: SandboxOptions = { ...SANDBOX_DEFAULTS, processingMs: 50, appearMs: 20 };

/** A sandbox of its own for one test, in this process: real sockets, real files. */
export async function sandbox(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const started = await startSandbox(backends, { ...QUICK, ...options });
  atEnd(() => started.close());
  return started;
}
