/** The newest Node.js that these flags were tried on: V8 complains on stderr of a flag that it no longer has. */
const NEWEST_TRIED = 26;

const FLAGS = [
  // undici parses answers in WebAssembly, which V8 would compile a second time with its optimising compiler: 35 MB and 50 ms of every run.
  '--liftoff-only',
  // The garbage of a transfer is many small objects that die at once; V8 would let them pile up to 16 MB before it looks.
  '--semi-space-growth-factor=1',
];

/** Sets the JavaScript engine for short runs that stay small; the figures are in docs/performance.md. To be called before undici is loaded. */
export function setEngineFlags(): void {
  if (Number.parseInt(process.versions.node, 10) > NEWEST_TRIED) return;
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  for (const flag of FLAGS) setFlagsFromString(flag);
}
