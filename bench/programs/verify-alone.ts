// The signatures of an app archive checked, and nothing else. Usage: <file>
import { open } from 'node:fs/promises';
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { inspectArchive } from '../../src/archive/inspect.ts';

const handle = await open(process.argv[2] ?? '');
const { size: sizeBytes } = await handle.stat();
const fill = async (buffer: Buffer, position: number): Promise<void> => {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
  if (bytesRead < buffer.length) throw new Error('the file ends before it should');
};
const { verify } = await inspectArchive(await openAppArchive({ sizeBytes, fd: handle.fd, fill }));
const facts = await verify(new AbortController().signal);
if (facts.kind === 'ipa' || facts.signatures.some(({ verified }) => verified !== true)) throw new Error('not verified');
await handle.close();
