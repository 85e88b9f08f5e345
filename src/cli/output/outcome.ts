import { type AppToolError, JobFailedError } from '../../contract/errors.ts';
import type { ErrorRecord, ResultDocument, TargetRecord } from '../../contract/result-document.ts';
import type { Report, Trace } from '../../run/trace.ts';
import type { CommandResult } from '../line/command.ts';

/** How a run ended, and all that is known of it. */
export interface Outcome {
  readonly command: string | null;
  readonly trace: Trace;
  readonly result: CommandResult | null;
  readonly error: AppToolError | null;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly durationMs: number;
}

export function documentOf(outcome: Outcome): ResultDocument {
  const { command, trace, result, error, warnings, durationMs } = outcome;
  return {
    schemaVersion: 1,
    command,
    ok: error === null,
    exitCode: error?.exitCode ?? 0,
    ...trace.report,
    job: jobOf(trace.report),
    state: stateOf(trace.report),
    findings: [...trace.report.findings],
    targets: trace.targets.map(targetOf),
    warnings: [...warnings],
    durationMs: Math.round(durationMs),
    error: error === null ? null : errorOf(error),
    data: result?.data ?? null,
  };
}

function stateOf({ state }: Report): ResultDocument['state'] {
  if (state === null) return null;
  const { phase, status, message, startedAt = null, endedAt = null } = state;
  return { phase, status, message, startedAt, endedAt };
}

function jobOf({ job }: Report): ResultDocument['job'] {
  return job === null ? null : { ...job, details: { ...job.details } };
}

function targetOf({ report, end }: Trace): TargetRecord {
  return {
    backend: report.backend ?? '',
    job: jobOf(report),
    state: stateOf(report),
    findings: [...report.findings],
    ok: end === null,
    exitCode: end === undefined ? null : (end?.exitCode ?? 0),
    error: end == null ? null : errorOf(end),
  };
}

function errorOf(error: AppToolError): ErrorRecord {
  return {
    class: error.class,
    message: error.serverText === null ? error.message : `${error.message}: ${error.serverText}`,
    hint: error.hint,
    retryable: error.retryable,
    httpStatus: error.httpStatus,
    backendCode: error.backendCode,
    limit: error.limit,
  };
}

/** An error as people read it: what failed, what the server said or found, what to do, and the job there is. `quoted` makes its words safe. */
export function errorLines(
  error: AppToolError,
  report: Report,
  quoted: (text: string) => string[],
  prefix = '',
): string[] {
  return [
    `error[${error.class}]: ${prefix}${error.message}`,
    ...wordsOf(error).flatMap(quoted),
    ...(error.hint === null ? [] : [`hint: ${error.hint}`]),
    ...(report.job === null ? [] : [`job: ${report.job.ref}`]),
  ];
}

function wordsOf(error: AppToolError): string[] {
  const findings = error instanceof JobFailedError ? error.findings : [];
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
