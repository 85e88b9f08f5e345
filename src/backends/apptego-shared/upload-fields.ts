import type { UploadOptions } from '../../contract/adapter.ts';
import type { Artifact } from '../../contract/artifact.ts';
import { UsageError } from '../../contract/errors.ts';
import { stageNamed } from './environment.ts';

/**
 * What both AppTego APIs are told before an upload. `file_size` is always sent: without it "the API cannot preflight size or switch to
 * multipart upload". Throws `UsageError` for what they are known to refuse.
 */
export function uploadFields(
  artifact: Pick<Artifact, 'name' | 'platform' | 'sizeBytes'>,
  options: Pick<UploadOptions, 'environment' | 'signingKey'>,
): Record<string, string | number> {
  if (!/\.(apk|aab|ipa)$/.test(artifact.name)) {
    const lower = artifact.name.replace(/\.[^.]*$/, (extension) => extension.toLowerCase());
    throw new UsageError(`AppTego needs a lowercase extension; rename to ${lower}`);
  }
  const { environment, signingKey } = options;
  if (environment === undefined) {
    throw new UsageError('AppTego needs an environment', {
      hint: 'give dev, staging or prod',
      next: { do: 'set', setting: 'environment' },
    });
  }
  if (stageNamed(environment) === null) {
    throw new UsageError('environment must be dev, staging or prod (aliases: development, stg, production)');
  }
  return {
    file_name: artifact.name,
    platform: artifact.platform,
    version: environment.toLowerCase(),
    file_size: artifact.sizeBytes,
    ...(signingKey === undefined ? {} : { signing_key_id: signingKey }),
  };
}
