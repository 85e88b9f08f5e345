import type { AppArchive } from '../archive-kind.ts';
import { LEAST_DEMANDS, type SigningDemands, signingDemandsOf } from '../signature/signing-demands.ts';
import { ArchiveProblem, UnreadablePart } from '../zip/archive-file.ts';
import { type AndroidLooks, type AndroidManifest, readAndroidLooks, readAndroidManifest } from './android-manifest.ts';
import { readBinaryXml } from './binary-xml.ts';
import { readProtoManifest } from './proto-manifest.ts';
import { readProtoResources } from './proto-resources.ts';
import { readResourceTable } from './resource-table.ts';
import type { ResourceCandidate, ResourceLookup } from './resources.ts';
import type { XmlElement } from './xml-element.ts';

/** Where an APK and a bundle keep what describes them, and in which format. */
const PARTS = {
  apk: {
    manifest: 'AndroidManifest.xml',
    readManifest: readBinaryXml,
    folder: '',
    resources: 'resources.arsc',
    readResources: readResourceTable,
  },
  aab: {
    manifest: 'base/manifest/AndroidManifest.xml',
    readManifest: readProtoManifest,
    folder: 'base/',
    resources: 'base/resources.pb',
    readResources: readProtoResources,
  },
} as const;

/** An app's manifest; what it leaves to the resources is looked up in them, and they are read when something asks for them. */
export interface AndroidApp {
  readonly manifest: AndroidManifest;
  looks(): Promise<AndroidLooks>;
}

/**
 * Reads the manifest of an APK or a bundle; `null` where it cannot be read, with the reason in `problems`. Rejects with
 * `ArchiveProblem` for a manifest that no honest build makes.
 */
export async function readAndroidApp(archive: AppArchive, problems: string[]): Promise<AndroidApp | null> {
  const parts = PARTS[archive.kind === 'aab' ? 'aab' : 'apk'];
  const root = await readRoot(archive, parts, problems);
  if (root === null) return null;
  const lookup = resourcesOf(archive, parts, problems);
  return {
    manifest: await readAndroidManifest(root, lookup, problems),
    looks: async () => {
      const { label, icon } = await readAndroidLooks(root, lookup);
      return { label, icon: icon === null ? null : `${parts.folder}${icon}` };
    },
  };
}

/** What the manifest of an APK decides about its signatures. */
export async function readSigningDemands(archive: AppArchive): Promise<SigningDemands> {
  try {
    const root = await readRoot(archive, PARTS.apk, []);
    return root === null ? LEAST_DEMANDS : signingDemandsOf(root);
  } catch (cause) {
    if (!(cause instanceof ArchiveProblem)) throw cause;
    return LEAST_DEMANDS;
  }
}

type Parts = (typeof PARTS)[keyof typeof PARTS];

async function readRoot(
  { zip }: AppArchive,
  { manifest, readManifest }: Parts,
  problems: string[],
): Promise<XmlElement | null> {
  try {
    const bytes = await zip.read(manifest);
    if (bytes === null) throw new UnreadablePart('is not there', { isHostile: false });
    return readManifest(bytes);
  } catch (cause) {
    if (!(cause instanceof UnreadablePart)) throw cause;
    const problem = `cannot read ${manifest}: the manifest ${cause.message}`;
    if (cause.isHostile) throw new ArchiveProblem(problem, { cause });
    problems.push(problem);
    return null;
  }
}

/** A lookup that reads the resource table once, when it is first asked. One that cannot be read has no resources. */
function resourcesOf(
  { zip, budget }: AppArchive,
  { resources, readResources }: Parts,
  problems: string[],
): ResourceLookup {
  let table: Promise<((id: number) => ResourceCandidate[]) | null> | null = null;
  const read = async () => {
    const bytes = await zip.read(resources);
    return bytes === null ? null : readResources(bytes);
  };
  const known = new Map<number, ResourceCandidate[]>();
  return async (id) => {
    table ??= read();
    try {
      // Spent before anything is looked up, so that an archive that has used up its budget costs nothing more.
      budget.spend(1 + (known.get(id)?.length ?? 0));
      const candidates = known.get(id) ?? (await table)?.(id) ?? [];
      if (!known.has(id)) budget.spend(candidates.length);
      known.set(id, candidates);
      return candidates;
    } catch (cause) {
      if (!(cause instanceof UnreadablePart)) throw cause;
      const problem = `cannot read ${resources}: it ${cause.message}`;
      if (!problems.includes(problem)) problems.push(problem);
      return [];
    }
  };
}
