import { randomBytes } from 'node:crypto';
import type { Redactor } from '../../redact.ts';
import type { Clock } from '../../types.ts';
import type { Environment } from '../config/resolve-settings.ts';
import { safeLine } from '../render/safe-text.ts';
import type { SettingValues } from '../settings.ts';
import { openAppended } from './appended-file.ts';
import { createArtifactLinks } from './artifact-links.ts';
import { createEventsReport } from './events-report.ts';
import { createGithubAnnotations } from './github-annotations.ts';
import { createGithubOutputs } from './github-outputs.ts';
import { createGithubSummary } from './github-summary.ts';
import { createJUnitReport, JUNIT_HEAD } from './junit-report.ts';
import { createKeyValueReport, DOTENV, type KeyValueFormat, PROPERTIES } from './key-value-report.ts';
import { cannotWrite } from './refusal.ts';
import { openReplaced } from './replaced-file.ts';
import type { Report } from './report.ts';
import { createRunSteps, stepsOf } from './run-steps.ts';

export interface ReportsInput {
  readonly command: string;
  /** Whether the command does something for a release: only then there is something for the CI to know. */
  readonly isForRelease: boolean;
  readonly settings: SettingValues;
  readonly environment: Environment;
  /** The CI that it runs in. */
  readonly provider: string | null;
  readonly redactor: Redactor;
  readonly clock: Pick<Clock, 'now' | 'date'>;
  readonly writeStderr: (text: string) => void;
  readonly warn: (code: string, message: string) => void;
}

/** The reports that are wanted of this run, those that other machines act upon last. Throws `LocalIoError` for one that cannot be written. */
export function openReports(input: ReportsInput): readonly Report[] {
  return [
    ...eventsReport(input),
    ...(input.isForRelease ? [...junitReport(input), ...keyValueReports(input), ...githubReports(input)] : []),
    ...(input.isForRelease ? artifactLinks(input) : []),
  ];
}

function eventsReport({ settings: { events, verbose }, redactor, clock, writeStderr }: ReportsInput): Report[] {
  if (events === undefined) return [];
  const append = events === '-' ? writeStderr : openAppended('--events', events, 'any').append;
  return [createEventsReport({ name: '--events', redactor, append, now: clock.date, verbose: verbose === true })];
}

function junitReport({ command, settings, redactor, clock }: ReportsInput): Report[] {
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

function keyValueReports({ settings, redactor, warn }: ReportsInput): Report[] {
  const files: readonly (readonly [string, string | undefined, KeyValueFormat])[] = [
    ['--gitlab-dotenv', settings.gitlabDotenv, DOTENV],
    ['--jenkins-properties', settings.jenkinsProperties, PROPERTIES],
  ];
  return files.flatMap(([name, path, format]) => {
    if (path === undefined) return [];
    const write = openReplaced(name, path, format.head);
    return [createKeyValueReport({ name, format, redactor, write, warnLeftOut: warnerOf(warn) })];
  });
}

/** In GitHub Actions by itself; where it was asked for, what it writes to has to be there. */
function githubReports(input: ReportsInput): Report[] {
  const { command, settings, provider, redactor, clock, writeStderr, warn } = input;
  if (!(settings.github ?? provider === 'github')) return [];
  const delimiter = () => `apptool-${randomBytes(16).toString('hex')}`;
  const steps = createRunSteps(command, clock.now);
  const durationMsOf = (target: string) =>
    steps.of(target).reduce((sum, { beganAtMs, endedAtMs }) => sum + (endedAtMs ?? clock.now()) - beganAtMs, 0);
  const remarks = [...(settings.dryRun === true ? ['dry run'] : []), ...(settings.sandbox === true ? ['sandbox'] : [])];
  const outputs = appendTo('GITHUB_OUTPUT', input);
  const summary = appendTo('GITHUB_STEP_SUMMARY', input);
  return [
    ...(outputs === null
      ? []
      : [createGithubOutputs({ redactor, append: outputs, delimiter, warnLeftOut: warnerOf(warn) })]),
    ...(summary === null
      ? []
      : [{ ...createGithubSummary({ redactor, append: summary, durationMsOf, remarks }), event: steps.event }]),
    createGithubAnnotations(redactor, writeStderr),
  ];
}

/** The file that a variable of GitHub's names; `null` where there is none and nobody has asked for it. */
function appendTo(variable: string, { settings, environment, warn }: ReportsInput): ((text: string) => void) | null {
  const path = environment[variable] ?? '';
  if (path !== '') return openAppended(variable, path, 'existing').append;
  if (settings.github === true) throw cannotWrite(variable, 'the variable is not set');
  warn('report-missing', `${variable} is not set, so nothing is written there`);
  return null;
}

function artifactLinks({ settings, environment, provider, redactor, writeStderr }: ReportsInput): Report[] {
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
