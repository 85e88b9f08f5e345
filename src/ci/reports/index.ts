import type { Listener } from '../../contract/record/listener.ts';
import { assertDistinct, type NamedFile } from '../files/distinct-files.ts';
import { removeEarlier } from '../files/replaced-file.ts';
import { AZURE } from './azure/index.ts';
import { BITRISE } from './bitrise/index.ts';
import { EVENTS } from './events-report.ts';
import { GITHUB } from './github/index.ts';
import { ARTIFACT_LINKS } from './gitlab/artifact-links.ts';
import { JUNIT } from './junit/junit-report.ts';
import { ENV_OUT } from './key-values/env-out.ts';
import { GITLAB_DOTENV } from './key-values/gitlab-dotenv.ts';
import { JENKINS_PROPERTIES } from './key-values/jenkins-properties.ts';
import type { ReportFile, ReportKind, ReportsInput } from './report-kind.ts';
import { SUMMARY } from './summary-file.ts';

export type { ReportsInput } from './report-kind.ts';

/** Every report there is, in the order in which they are written: those that other machines act upon last. */
const KINDS: readonly ReportKind[] = [
  EVENTS,
  JUNIT,
  SUMMARY,
  GITLAB_DOTENV,
  JENKINS_PROPERTIES,
  ENV_OUT,
  BITRISE,
  GITHUB,
  AZURE,
  ARTIFACT_LINKS,
];

/**
 * The reports that are wanted of this run. Throws `UsageError` for two of the run's files that are one, `LocalIoError` for a report that cannot
 * be written. What earlier runs left goes when nothing more can be refused.
 */
export function openReports(input: ReportsInput): readonly Listener[] {
  const kinds = kindsOf(input);
  const files = kinds.flatMap((kind) => kind.files?.(input) ?? []);
  assertNoneTwice(input, files);
  const opened = kinds.flatMap((kind) => kind.open(input));
  for (const { file, use } of files) if (use === 'replaced') removeEarlier(...file);
  return opened;
}

/** Warns of what a report that turned itself on has to do without. */
export function warnOfMissing(input: ReportsInput): void {
  for (const what of kindsOf(input).flatMap((kind) => kind.lacks?.(input) ?? [])) input.warn('report-missing', what);
}

function kindsOf({ isForRelease }: ReportsInput): readonly ReportKind[] {
  return KINDS.filter(({ isOfEveryCommand }) => isForRelease || isOfEveryCommand === true);
}

/** Throws `UsageError` where a file of the run has two uses, one of which would undo the other. */
function assertNoneTwice({ files: { operands, output, receipt } }: ReportsInput, files: readonly ReportFile[]): void {
  const own = files.filter(({ use }) => use !== 'runner').map(({ file }) => file);
  const ofRunner = files.filter(({ use }) => use === 'runner');
  const results: (readonly [string, string | undefined])[] = [
    ['--receipt', receipt],
    ['the output', output],
  ];
  assertDistinct([
    ...own,
    ...ofRunner.filter(({ isWritten }) => isWritten).map(({ file }) => file),
    ...results.flatMap(([name, path = '']): NamedFile[] => (path === '' ? [] : [[name, path]])),
  ]);
  // What is only read, or not written by this run, may be there twice.
  const others = [...ofRunner.map(({ file }) => file), ...operands.map((path): NamedFile => ['the input', path])];
  for (const other of others) assertDistinct([...own, other]);
}
