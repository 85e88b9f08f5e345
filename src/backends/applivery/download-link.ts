import type { NotReady } from '../../contract/adapter.ts';
import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { Context } from '../../contract/context.ts';
import { RejectedError, UsageError } from '../../contract/errors.ts';
import type { DownloadLink } from '../../contract/job.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import type { Builds } from './access.ts';
import type { Settings } from './settings.ts';
import { DownloadTokenReply } from './wire.ts';

/** "Build Not Processed": of a token that is asked for too early. */
export const NOT_PROCESSED = '5014';

/** Throws `UsageError` where the API of these builds gives nothing back. */
export function assertGivesBack({ api }: Pick<Builds, 'api'>): void {
  if (api === 'workspace') return;
  throw new UsageError('applivery builds are downloaded by the Workspace API; an App API token cannot do that', {
    hint: 'set APPLIVERY_SERVICE_TOKEN, APPLIVERY_ORGANIZATION_ID and APPLIVERY_APPLICATION_ID',
  });
}

/** A link for one download, by a token for one use: of the build, or of a file that is attached to it. */
export async function mintLink(
  { settings, conceal }: Pick<AdapterInput<Settings>, 'settings' | 'conceal'>,
  { builds, build }: { readonly builds: Builds; readonly build: string },
  { query, ...file }: Omit<DownloadLink, 'url' | 'isSingleUse'> & { readonly query: Readonly<Record<string, string>> },
  ctx: Context,
): Promise<DownloadLink | NotReady> {
  const path = `${builds.path}/${build}/downloadToken?${new URLSearchParams(query).toString()}`;
  const call = { what: 'get the download', method: 'GET', path, policy: CALL_POLICIES.read } as const;
  const answered = await builds.reads
    .call({ ...call, answer: DownloadTokenReply, isSecret: true }, ctx)
    .catch((error: unknown): NotReady => {
      if (error instanceof RejectedError && error.backendCode === NOT_PROCESSED) return { notReady: error };
      throw error;
    });
  if ('notReady' in answered) return answered;
  const { token } = answered.data;
  conceal(token);
  const url = `${settings.downloadUrl}/v1/download/${encodeURIComponent(token)}`;
  return { url, ...file, isSingleUse: true };
}
