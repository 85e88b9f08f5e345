import type { Body } from '../../../contract/artifact.ts';
import { LocalIoError, UsageError } from '../../../contract/errors.ts';
import { openRegularFile } from '../../../transfer/artifact.ts';
import { checkFileName } from '../../../transfer/artifact-name.ts';
import { bytesBody } from '../../../transfer/http/api.ts';

/** "Files over 10 MB are rejected": read as 10 MiB [assumed]: the server decides in between. */
const LARGEST_KEY_FILE = 10 * 1024 * 1024;

/** A keystore or certificate, whole in memory: one that changes while it is sent is sent as it was. Its name may be any. */
export async function readKeyFile(path: string): Promise<{ readonly name: string; readonly body: Body }> {
  const name = checkFileName(path);
  const handle = await openRegularFile(path);
  try {
    const { size } = await handle.stat();
    if (size > LARGEST_KEY_FILE) throw new UsageError(`${name}: file is larger than 10 MB, the limit of a signing key`);
    const bytes = await handle.readFile();
    if (bytes.length === 0) throw new LocalIoError(`cannot use ${path}: file is empty`);
    return { name, body: bytesBody(bytes) };
  } finally {
    await handle.close();
  }
}
