import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { openAppArchive } from '../archive/archive-kind.ts';
import { type AppFacts, type Inspection, identityOf, inspectArchive } from '../archive/inspect.ts';
import { readV4Signature } from '../archive/signature/apk-v4.ts';
import type { SignatureScheme } from '../archive/signature/signature-scheme.ts';
import type { ArchiveFile } from '../archive/zip/archive-file.ts';
import { type Judgement, openArtifact } from '../transfer/artifact.ts';
import { readInput, warnOf, warnOfRemarks } from './artifact.ts';
import { inputRecord } from './journal/files.ts';
import type { RunContext } from './journal/journal.ts';

/** What comes before the hash tree in a v4 signature file is far smaller. */
const IDSIG_HEAD_BYTES = 64 * 1024;

/**
 * `apptool inspect`: what is inside an app archive, with its signatures checked. The report gets the artifact and its SHA-256. What could
 * not be read, and a signature that does not verify, are warnings.
 */
export async function inspect(path: string, ctx: RunContext): Promise<AppFacts> {
  const { artifact, inspection } = await openInspected(path, ctx);
  try {
    ctx.journal.note({ artifact: inputRecord(artifact, null, inspection) });
    const [checked, sha256] = await Promise.all([inspection.verify(ctx.signal), artifact.sha256(ctx.signal)]);
    await artifact.assertUnchanged();
    ctx.journal.note({ artifact: inputRecord(artifact, sha256, inspection) });
    const facts = checked.kind === 'apk' ? withV4(checked, await readIdsig(`${path}.idsig`)) : checked;
    warnOf(facts.problems, ctx);
    for (const { scheme, reason } of facts.kind === 'ipa' ? [] : facts.signatures.filter(isUntrue)) {
      const message = `the ${scheme} signature does not verify: ${reason}`;
      ctx.emit({ type: 'warning', code: 'invalid-signature', message });
    }
    return facts;
  } finally {
    await artifact.close();
  }
}

async function openInspected(path: string, ctx: RunContext) {
  let inspection: Inspection | undefined;
  const judge = async (file: ArchiveFile): Promise<Judgement> =>
    await readInput(path, async () => {
      const archive = await openAppArchive({ ...file, isReadBeside: true });
      inspection = await inspectArchive(archive);
      await warnOfRemarks(archive, path, ctx);
      return { kind: archive.kind, identity: identityOf(inspection.facts) };
    });
  const artifact = await openArtifact(path, { judge, checkSize: () => {} });
  // Opening has judged it, so the inspection is there.
  return { artifact, inspection: inspection as Inspection };
}

function isUntrue({ verified }: SignatureScheme): boolean {
  return verified === false;
}

function withV4<T extends { readonly signatures: readonly SignatureScheme[] }>(
  facts: T,
  v4: SignatureScheme | null,
): T {
  return v4 === null ? facts : { ...facts, signatures: [...facts.signatures, v4] };
}

/** The v4 signature in the file beside an APK; `null` where there is no such file, or something else. */
async function readIdsig(path: string): Promise<SignatureScheme | null> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (handle === null) return null;
  try {
    const head = Buffer.alloc(IDSIG_HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return readV4Signature(head.subarray(0, bytesRead));
  } catch {
    // A folder, or what cannot be read: a v4 signature is an extra that says nothing of the APK itself.
    return null;
  } finally {
    await handle.close();
  }
}
