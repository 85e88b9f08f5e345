import type { AppToolError } from '../../contract/errors.ts';
import type { JobRef } from '../../contract/job.ts';
import type { JournalFacts, Step, StepFacts } from '../../contract/record/journal.ts';
import { NO_LINKS } from '../../contract/record/links.ts';
import type { Rehearsal, ResultDocument, TargetRecord } from '../../contract/result-document.ts';
import type { CommandResult } from '../line/command.ts';
import { errorRecord } from './ending/error-record.ts';
import { type Surroundings, stepResults } from './ending/step-results.ts';
import { hintOf } from './next-words.ts';

/** How a run ended, and all that is known of it. */
export interface Outcome {
  readonly command: string | null;
  readonly rehearsal: Rehearsal | null;
  readonly journal: JournalFacts;
  readonly around: Surroundings;
  readonly result: CommandResult | null;
  readonly error: AppToolError | null;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly durationMs: number;
}

export function documentOf(outcome: Outcome): ResultDocument {
  const { command, rehearsal, journal, around, result, error, warnings, durationMs } = outcome;
  const step = ownStep(journal);
  return {
    schemaVersion: 1,
    command,
    ok: error === null && (result?.exitCode ?? 0) === 0,
    exitCode: error?.exitCode ?? result?.exitCode ?? 0,
    rehearsal,
    backend: step?.backend ?? journal.call?.backend ?? null,
    job: jobOf(step),
    state: step?.state ?? null,
    findings: [...(step?.findings ?? [])],
    links: { ...(step?.links ?? NO_LINKS) },
    artifact: journal.artifact && { ...journal.artifact },
    output: journal.fetched && { ...journal.fetched },
    targets: journal.current.filter(({ isTarget }) => isTarget).map(targetOf),
    steps: stepResults(journal, around),
    warnings: [...warnings],
    durationMs: Math.round(durationMs),
    error: error === null ? null : errorRecord(error),
    data: result?.data ?? null,
  };
}

/** The step that the run itself is about: what is done side by side has records of its own. */
export function ownStep({ current }: JournalFacts): Step | undefined {
  return current.find(({ isTarget }) => !isTarget);
}

function jobOf(step: StepFacts | undefined): ResultDocument['job'] {
  if (step === undefined || step.job === null) return null;
  const { text: ref, id, details } = step.job;
  return { ref, id, details: { ...details } };
}

function targetOf(step: Step): TargetRecord {
  const { error } = step;
  return {
    step: step.id,
    backend: step.backend,
    job: jobOf(step),
    state: step.state,
    findings: [...step.findings],
    links: { ...step.links },
    ok: error === null,
    exitCode: error === undefined ? null : (error?.exitCode ?? 0),
    error: error == null ? null : errorRecord(error),
  };
}

/** An error as people read it: what failed, what the server said or found, what to do, and the job there is. `quoted` makes its words safe. */
export function errorLines(
  error: AppToolError,
  job: JobRef | null,
  quoted: (text: string) => string[],
  prefix = '',
): string[] {
  const hint = hintOf(error);
  return [
    `error[${error.class}]: ${prefix}${error.message}`,
    ...wordsOf(error).flatMap(quoted),
    ...(hint === null ? [] : [`hint: ${hint}`]),
    ...(job === null ? [] : [`job: ${job.text}`]),
  ];
}

function wordsOf(error: AppToolError): string[] {
  const { findings } = error;
  if (findings.length > 0) return findings.map(({ code, severity, message }) => `${severity} ${code}: ${message}`);
  return error.serverText === null ? [] : [`server said: ${error.serverText}`];
}

/** The errors beneath an error, outermost first, with their stacks: for `--verbose`. A secret that goes over lines is replaced before they are. */
export function causeLines(error: Error, redact: (text: string) => string): string[] {
  const lines: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && lines.length < 100; cause = cause.cause) {
    lines.push(
      ...redact(cause.stack ?? String(cause))
        .split('\n')
        .map((line) => `  ${line.trim()}`),
    );
  }
  return lines;
}
