import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Env } from '../../contract/env.ts';
import {
  asBranch,
  asCommit,
  asMessage,
  asName,
  asPullRequest,
  asRepositoryUrl,
  asTag,
  asTimeMs,
  asWebAddress,
} from './field-values.ts';
import { PROVIDERS, type ProvidedField } from './providers.ts';

/** What the CI's own variables say. */
export function metadataFromEnvironment(environment: Env): BuildMetadata {
  const provider = PROVIDERS.find(({ marker }) => isOn(environment[marker]));
  const first = <T>(field: ProvidedField, read: (text: string) => T | null): T | null => {
    for (const source of provider?.fields[field] ?? []) {
      const text = filledIn(source, environment);
      const value = text === null ? null : read(text);
      if (value !== null) return value;
    }
    return null;
  };
  const tag = first('tag', asTag);
  const branch = first('branch', asBranch);
  return {
    isCi: provider !== undefined || isOn(environment.CI),
    provider: provider === undefined ? null : { id: provider.id, name: provider.name },
    commit: first('commit', asCommit),
    commitMessage: first('commitMessage', asMessage),
    // Some providers name the tag in both.
    branch: branch === tag ? null : branch,
    tag,
    pullRequest: first('pullRequest', asPullRequest),
    buildNumber: first('buildNumber', asName),
    buildUrl: first('buildUrl', asWebAddress),
    ciUrl: first('ciUrl', asWebAddress),
    repositoryUrl: first('repositoryUrl', asRepositoryUrl),
    triggeredAtMs: first('triggeredAtMs', asTimeMs),
  };
}

function isOn(value: string | undefined): boolean {
  return !/^(|0|false)$/i.test(value?.trim() ?? '');
}

/** The text with its variables replaced; `null` when one of them is not set. */
function filledIn(source: string, environment: Env): string | null {
  let isComplete = true;
  const text = source.replace(/\$([A-Z][A-Z0-9_]*)/g, (_, variable: string) => {
    const value = environment[variable] ?? '';
    if (value.trim() === '') isComplete = false;
    return value;
  });
  return isComplete ? text : null;
}
