import { randomBytes } from 'node:crypto';
import type { SettingValues } from '../../cli/settings/settings.ts';
import type { Clock } from '../../contract/context.ts';
import type { Env } from '../../contract/env.ts';
import { LocalIoError } from '../../contract/errors.ts';
import type { Listener } from '../../contract/record/listener.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { safeLine } from '../../contract/text/safe-text.ts';
import { type AppendedFile, openAppended } from '../files/appended-file.ts';
import { assertDistinct, type NamedFile } from '../files/distinct-files.ts';
import { cannotWrite } from '../files/refusal.ts';
import { openReplaced, removeEarlier } from '../files/replaced-file.ts';
import { createArtifactLinks } from './artifact-links.ts';
import { createEventsReport } from './events-report.ts';
import { createGithubAnnotations } from './github/annotations.ts';
import { createGithubOutputs } from './github/outputs.ts';
import { createGithubSummary } from './github/summary.ts';
import { createJUnitReport, JUNIT_HEAD } from './junit-report.ts';
import { createKeyValueReport, DOTENV, type KeyValueFormat, PROPERTIES } from './key-value-report.ts';
import { createRunSteps, stepsOf } from './run-steps.ts';

export interface ReportsInput {
  readonly command: string;
  /** Whether the command does something for a release: only then there is something for the CI to know. */
  readonly isForRelease: boolean;
  readonly settings: SettingValues;
  /** What the run reads and writes besides its reports, as far as that is known. */
  readonly files: {
    readonly operands: readonly string[];
    readonly output: string | undefined;
    readonly receipt: string | undefined;
  };
  readonly environment: Env;
  /** The CI that it runs in. */
  readonly provider: string | null;
  readonly redactor: Redactor;
  readonly clock: Pick<Clock, 'now' | 'date'>;
  readonly writeStderr: (text: string) => void;
  readonly warn: (code: string, message: string) => void;
}

/**
 * The reports that are wanted of this run, those that other machines act upon last. Throws `UsageError` for two of the run's files that are
 * one, `LocalIoError` for a report that cannot be written. What earlier runs left goes when nothing more can be refused.
 */
export function openReports(input: ReportsInput): readonly Listener[] {
  const { settings, isForRelease } = input;
  const replaced = isForRelease ? replacedFiles(settings) : [];
  assertNoneTwice(input, replaced);
  const opened = [
    ...eventsReport(input),
    ...(isForRelease ? [...junitReport(input), ...keyValueReports(input), ...githubReports(input)] : []),
    ...(isForRelease ? artifactLinks(input) : []),
  ];
  for (const [name, path] of replaced) removeEarlier(name, path);
  return opened;
}

/** Throws `UsageError` where a file of the run has two uses, one of which would undo the other. */
function assertNoneTwice(input: ReportsInput, replaced: readonly NamedFile[]): void {
  const { settings, files, environment } = input;
  const github = named(GITHUB_FILES.map((name) => [name, environment[name]]));
  const own = [...named([['--events', settings.events === '-' ? undefined : settings.events]]), ...replaced];
  const results = named([
    ['--receipt', files.receipt],
    ['the output', files.output],
  ]);
  assertDistinct([...own, ...(isForGithub(input) ? github : []), ...results]);
  // What is only read, or not written by this run, may be there twice.
  for (const other of [...github, ...files.operands.map((path): NamedFile => ['the input', path])])
    assertDistinct([...own, other]);
}

/** Says which of GitHub's variables are missing where nobody has asked for what is written there. */
export function warnOfMissing(input: ReportsInput): void {
  if (!isForGithub(input)) return;
  for (const variable of GITHUB_FILES.filter((name) => (input.environment[name] ?? '') === ''))
    input.warn('report-missing', `${variable} is not set, so nothing is written there`);
}

const GITHUB_FILES = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'] as const;

/** In GitHub Actions by itself; where it was asked for, what it writes to has to be there. */
function isForGithub({ isForRelease, settings, provider }: ReportsInput): boolean {
  return isForRelease && (settings.github ?? provider === 'github');
}

function replacedFiles({ junit, gitlabDotenv, jenkinsProperties }: SettingValues): NamedFile[] {
  return named([
    ['--junit', junit],
    ['--gitlab-dotenv', gitlabDotenv],
    ['--jenkins-properties', jenkinsProperties],
  ]);
}

/** Those that are wanted. */
function named(files: readonly (readonly [string, string | undefined])[]): NamedFile[] {
  return files.flatMap(([name, path = '']): NamedFile[] => (path === '' ? [] : [[name, path]]));
}

function eventsReport({ settings: { events, verbose }, redactor, clock, writeStderr }: ReportsInput): Listener[] {
  if (events === undefined) return [];
  const append = events === '-' ? writeStderr : openEvents(events).append;
  return [createEventsReport({ name: '--events', redactor, append, now: clock.date, verbose: verbose === true })];
}

function openEvents(path: string): AppendedFile {
  try {
    return openAppended('--events', path, 'lines');
  } catch (error) {
    // `/dev/stderr`, and what a shell makes of `>(…)`, are links to what is open already.
    if (!(error instanceof LocalIoError && /^\/(?:dev|proc)\//.test(path))) throw error;
    throw error.with({ hint: '--events - writes them to stderr, wherever that leads' });
  }
}

function junitReport({ command, settings, redactor, clock }: ReportsInput): Listener[] {
  if (settings.junit === undefined) return [];
  const expected = stepsOf(command, settings);
  return [
    createJUnitReport({
      redactor,
      write: openReplaced('--junit', settings.junit, JUNIT_HEAD),
      steps: createRunSteps(expected[0] ?? command, clock.now),
      expected,
      now: clock.now,
      startedAt: clock.date(),
    }),
  ];
}

function keyValueReports({ settings, redactor, warn }: ReportsInput): Listener[] {
  const files: readonly (readonly [string, string | undefined, KeyValueFormat])[] = [
    ['--gitlab-dotenv', settings.gitlabDotenv, DOTENV],
    ['--jenkins-properties', settings.jenkinsProperties, PROPERTIES],
  ];
  return files.flatMap(([name, path, format]) => {
    if (path === undefined) return [];
    const write = openReplaced(name, path, format.head);
    const common = { redactor, warnLeftOut: warnerOf(warn) };
    return [createKeyValueReport({ name, format, write, ...common })];
  });
}

function githubReports(input: ReportsInput): Listener[] {
  if (!isForGithub(input)) return [];
  const { command, redactor, clock, writeStderr, warn } = input;
  const delimiter = () => `apptool-${randomBytes(16).toString('hex')}`;
  const steps = createRunSteps(command, clock.now);
  const durationMsOf = (target: string) =>
    steps.of(target).reduce((sum, { beganAtMs, endedAtMs }) => sum + (endedAtMs ?? clock.now()) - beganAtMs, 0);
  const outputs = appendTo('GITHUB_OUTPUT', input);
  const summary = appendTo('GITHUB_STEP_SUMMARY', input);
  return [
    ...(outputs === null
      ? []
      : [createGithubOutputs({ redactor, append: outputs, delimiter, warnLeftOut: warnerOf(warn) })]),
    ...(summary === null
      ? []
      : [{ ...createGithubSummary({ redactor, append: summary, durationMsOf }), event: steps.event }]),
    createGithubAnnotations(redactor, writeStderr),
  ];
}

/** The file that a variable of GitHub's names; `null` where there is none and nobody has asked for it. */
function appendTo(
  variable: (typeof GITHUB_FILES)[number],
  { settings, environment }: ReportsInput,
): ((text: string) => void) | null {
  const path = environment[variable] ?? '';
  if (path !== '') return openAppended(variable, path, 'existing').append;
  if (settings.github === true) throw cannotWrite(variable, 'the variable is not set');
  return null;
}

function artifactLinks({ settings, environment, provider, redactor, writeStderr }: ReportsInput): Listener[] {
  if (provider !== 'gitlab' || settings.quiet === true) return [];
  const writeLine = (line: string) => writeStderr(`${safeLine(line, redactor)}\n`);
  return [createArtifactLinks({ environment, junit: settings.junit, writeLine })];
}

function warnerOf(warn: ReportsInput['warn']): (where: string, names: readonly string[]) => void {
  return (where, names) => {
    if (names.length === 0) return;
    const what = names.join(', ');
    warn('value-left-out', `left out of ${where}, in a form that is not safe to pass on or too much for it: ${what}`);
  };
}
