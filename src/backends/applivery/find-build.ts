import * as z from 'zod';
import type { LostUpload } from '../../contract/adapter.ts';
import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Context } from '../../contract/context.ts';
import type { Builds } from './access.ts';
import { rowsWhile } from './pages.ts';
import { BuildRecord } from './wire.ts';

/** A wrong clock here may differ from the server's by so much (ms). */
const CLOCK_SKEW_MS = 10 * 60_000;

interface Sent {
  readonly lost: LostUpload;
  /** The label that was sent. */
  readonly versionName: string | undefined;
  /** Another platform than the file's kind says. */
  readonly buildPlatform: string | undefined;
  /** What was sent of the build that runs apptool; `null` where nothing was. */
  readonly deployer: Pick<BuildMetadata, 'commit' | 'branch' | 'buildNumber'> | null;
}

/**
 * The builds that a lost upload can be: made since then, with nothing in their record that differs from what was sent, and with something
 * that was sent and not many builds have: the label, the commit, the CI's build number, or the version code that the file holds.
 * The list is "ordered by creation date descending", so older pages are left out.
 */
export async function buildsLikeSent(
  { reads, path }: Pick<Builds, 'reads' | 'path'>,
  sent: Sent,
  since: Date,
  ctx: Context,
): Promise<readonly string[]> {
  const fromMs = since.getTime() - CLOCK_SKEW_MS;
  // Without a time nobody can say whether it is a new one.
  const isNew = ({ createdAt }: BuildRecord): boolean => Date.parse(createdAt ?? '') >= fromMs;
  const listing = { reads, what: 'look for the build', path, item: BuildRecord };
  const rows = await rowsWhile(listing, isNew, ctx);
  return rows.filter((record) => canBe(record, sent)).map(({ id }) => id);
}

const Recorded = z.object({
  buildPlatform: z.string().nullish().catch(null),
  deployer: z
    .object({ info: z.record(z.string(), z.unknown()).nullish().catch(null) })
    .nullish()
    .catch(null),
});

function canBe(record: BuildRecord, { lost, versionName, buildPlatform, deployer }: Sent): boolean {
  const recorded = Recorded.parse(record);
  const info = recorded.deployer?.info ?? {};
  const platform = buildPlatform?.toLowerCase() ?? (lost.platform === 'other' ? null : lost.platform);
  const pairs = {
    platform: [platform, (record.os ?? recorded.buildPlatform)?.toLowerCase()],
    branch: [deployer?.branch, info.branch],
    versionName: [versionName, record.versionName],
    commit: [deployer?.commit, info.commit],
    buildNumber: [deployer?.buildNumber, info.buildNumber],
    versionCode: [lost.identity?.versionCode?.toString(), record.versionCode],
  };
  const known = Object.entries(pairs).filter(([, pair]) => pair.every((value) => value != null && value !== ''));
  const telling = known.filter(([name]) => name !== 'platform' && name !== 'branch');
  return telling.length > 0 && known.every(([, [ours, theirs]]) => ours === theirs);
}
