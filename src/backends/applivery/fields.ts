import { readFileSync, statSync } from 'node:fs';
import type { UploadOptions } from '../../contract/adapter.ts';
import type { BuildMetadata } from '../../contract/build-metadata.ts';
import { LocalIoError, UsageError } from '../../contract/errors.ts';
import { fileProblem } from '../../contract/text/file-problem.ts';
import type { FormAttachment, FormField } from '../../transfer/http/form.ts';
import type { Settings } from './settings.ts';

const LARGEST_ICON = 5 * 1024 * 1024;

/** The fields of an upload, without those of the deployer. The notifications are always sent: what the server does without is not documented. */
export function buildFields(settings: Settings, options: UploadOptions): FormField[] {
  const { notifyCollaborators, notifyEmployees, filter = [] } = settings;
  return present({
    buildPlatform: settings.buildPlatform,
    packageName: settings.packageName,
    packageVersion: settings.packageVersion,
    versionName: settings.versionName,
    tags: tagsField(options.tags ?? settings.tags),
    changelog: options.releaseNotes ?? settings.changelog,
    notifyCollaborators: String(notifyCollaborators),
    notifyEmployees: String(notifyEmployees),
    notifyMessage: settings.notifyMessage,
    notifyLanguage: settings.notifyLanguage,
    ...Object.fromEntries(
      filter.flatMap((group, or) => group.map((name, and) => [`filter[${or}][${and}]`, name] as const)),
    ),
  });
}

/** "Comma-separated list of tags": a comma in a tag would make two of it. Throws `UsageError` for that. */
function tagsField(tags: readonly string[] | undefined): string | undefined {
  if (tags?.some((tag) => tag.includes(',')) === true)
    throw new UsageError('tags: a tag contains a comma, and Applivery would read it as two tags');
  return tags?.join(',');
}

/** "CI/CD deployer information", in milliseconds where it is a time. */
export function deployerFields(settings: Settings, build: BuildMetadata): FormField[] {
  const { commitMessage, commit, branch, tag, triggeredAtMs, buildUrl, ciUrl, repositoryUrl, buildNumber } = build;
  return present({
    'deployer.name': settings.deployerName ?? build.provider?.name ?? 'apptool',
    'deployer.info.commitMessage': commitMessage,
    'deployer.info.commit': commit,
    'deployer.info.branch': branch,
    'deployer.info.tag': tag,
    'deployer.info.triggerTimestamp': triggeredAtMs?.toString(),
    'deployer.info.buildUrl': buildUrl,
    'deployer.info.ciUrl': ciUrl,
    'deployer.info.repositoryUrl': repositoryUrl,
    'deployer.info.buildNumber': buildNumber,
  });
}

function present(fields: Readonly<Record<string, string | null | undefined>>): FormField[] {
  return Object.entries(fields).flatMap(([name, value]) => (value == null ? [] : [{ name, value }]));
}

/** "Must be .png or .jpeg." Throws `LocalIoError` for a file that cannot be read, `UsageError` for one that is no such image. */
export function iconAttachments({ packageIcon: path }: Settings): FormAttachment[] {
  if (path === undefined) return [];
  const bytes = readIcon(path);
  const type = ['png', 'jpeg'].find((name) =>
    bytes
      .subarray(0, 4)
      .toString('latin1')
      .startsWith(MAGIC[name] ?? ''),
  );
  if (type === undefined) throw new UsageError(`packageIcon: ${path} is neither PNG nor JPEG`);
  return [{ name: 'packageIcon', fileName: `icon.${type}`, contentType: `image/${type}`, bytes }];
}

const MAGIC: Readonly<Record<string, string>> = { png: '\x89PNG', jpeg: '\xff\xd8\xff' };

function readIcon(path: string): Buffer {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new UsageError(`packageIcon: ${path} is not a regular file`);
    if (stats.size > LARGEST_ICON) throw new UsageError(`packageIcon: ${path} is larger than 5 MiB`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new LocalIoError(`cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
}
