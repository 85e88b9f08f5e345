import {
  type AppToolError,
  type ErrorDetails,
  PartialError,
  PendingError,
  UnknownOutcomeError,
} from '../contract/errors.ts';
import type { Next } from '../contract/next.ts';
import type { Step } from '../contract/record/journal.ts';
import { counted } from '../contract/text/units.ts';

/**
 * One error for what was sent to several targets: its own kind where some succeeded and some failed, pending where the others still run, that of the
 * gravest failure where none succeeded; `null` when all is well. `failures` are the targets' own errors, without those that were only stopped because of another.
 */
export function verdictOfSending(failures: readonly AppToolError[], steps: readonly Step[]): AppToolError | null {
  const [first] = failures;
  if (first === undefined) return null;
  if (steps.length === 1) return first;
  const { open, details, names } = summaryOf(first, steps);
  // What still runs has not failed.
  if (open.length < steps.length && failures.every((error) => error instanceof PendingError))
    return new PendingError(`${failures.length} of ${counted(steps.length, 'target')} not done yet: ${names}`, details);
  if (open.length < steps.length)
    return new PartialError(`${open.length} of ${counted(steps.length, 'target')} failed: ${names}`, details);
  return ofKind(gravest(failures) ?? first, `no target of ${steps.length} succeeded`, details);
}

/** One error for several jobs that were asked after: of the gravest kind; `null` when all are well. */
export function verdictOfAsking(steps: readonly Step[]): AppToolError | null {
  const failures = steps.flatMap(({ error }) => error ?? []);
  const [first] = failures;
  if (first === undefined) return null;
  if (steps.length === 1) return first;
  const { open, details, names } = summaryOf(first, steps);
  return ofKind(
    gravest(failures) ?? first,
    `${open.length} of ${counted(steps.length, 'step')} not done: ${names}`,
    details,
  );
}

function summaryOf(cause: AppToolError, steps: readonly Step[]) {
  const open = steps.filter(({ error }) => error !== null);
  const told = open.map(({ backend, error }) => ({ backend, hint: error?.hint ?? null, next: nextOf(backend, error) }));
  const details = { cause, next: { do: 'each', steps: told } } as const;
  return { open, details, names: open.map(({ backend }) => backend).join(', ') };
}

/** What forbids a blind second run comes first, and what allows one last: a script goes by the exit code of the run. */
function gravest(failures: readonly AppToolError[]): AppToolError | undefined {
  return (
    failures.find((error) => error instanceof UnknownOutcomeError) ??
    failures.find((error) => error instanceof PendingError) ??
    failures.find(({ retryable }) => !retryable)
  );
}

function nextOf(backend: string, error: Step['error']): Next | null {
  if (error == null) return null;
  return error.next ?? (error instanceof UnknownOutcomeError ? { do: 'look', where: backend } : null);
}

/** An error of the same class and exit code as another. */
function ofKind(error: AppToolError, message: string, details: ErrorDetails): AppToolError {
  const Kind = error.constructor as new (message: string, details: ErrorDetails) => AppToolError;
  return new Kind(message, details);
}
