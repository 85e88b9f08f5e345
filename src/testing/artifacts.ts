import { readAppIdentity } from '../archive/app-identity.ts';
import { openAppArchive } from '../archive/archive-kind.ts';
import type { Artifact } from '../contract/artifact.ts';
import { openArtifact } from '../transfer/artifact.ts';
import { atEnd } from './cleanup.ts';

/** An artifact as the run layer opens it, without a backend's limits; closed when the test is over. */
export async function artifactAt(path: string): Promise<Artifact> {
  const artifact = await openArtifact(path, {
    judge: async (file) => {
      const archive = await openAppArchive(file);
      return { kind: archive.kind, identity: await readAppIdentity(archive, []) };
    },
    checkSize: () => {},
  });
  atEnd(() => artifact.close().catch(() => {}));
  return artifact;
}
