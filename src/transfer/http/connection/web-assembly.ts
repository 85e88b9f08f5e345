import { LocalIoError } from '../../../contract/errors.ts';

/** One more than the HTTP parser needs at once. Each reserves several GB of addresses, which cost no memory. */
const MEMORIES = 3;

/** The part of the global that is used: Node.js has it, but its types do not, without those of browsers. */
interface WebAssemblyLike {
  readonly Memory: new (size: { readonly initial: number }) => object;
}

function webAssembly(): WebAssemblyLike | undefined {
  return (globalThis as { readonly WebAssembly?: WebAssemblyLike }).WebAssembly;
}

/** The HTTP client's parser is WebAssembly, which Node.js lacks with `--jitless`. Throws `LocalIoError` then. */
export function assertWebAssembly(): void {
  if (webAssembly() !== undefined) return;
  throw new LocalIoError('cannot open connections: Node.js runs without WebAssembly, which its HTTP client needs', {
    hint: 'remove --jitless from NODE_OPTIONS and from the command',
  });
}

/**
 * What to say where an error means that a limit on address space (`ulimit -v`) kept the HTTP client's parser from starting
 * (nodejs/node#56596); `null` for any other error. The error has no code, so WebAssembly itself is tried.
 */
export function addressSpaceProblem(error: unknown, host: string): LocalIoError | null {
  if (!(error instanceof RangeError) || hasAddressSpace()) return null;
  return new LocalIoError(`cannot open a connection to ${host}: the limit on address space leaves Node.js too little`, {
    cause: error,
    hint: 'raise or remove the limit (ulimit -v unlimited); it counts addresses, not memory',
  });
}

function hasAddressSpace(): boolean {
  const Memory = webAssembly()?.Memory;
  if (Memory === undefined) return false;
  try {
    return Array.from({ length: MEMORIES }, () => new Memory({ initial: 1 })).length === MEMORIES;
  } catch {
    return false;
  }
}
