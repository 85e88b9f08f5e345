import { AppToolError } from '../contract/errors.ts';
import type { JournalFacts, Step } from '../contract/record/journal.ts';
import type { Redactor } from '../contract/text/redact.ts';
import { safeJson } from '../contract/text/safe-text.ts';

/** One redactor that knows what several know. */
export function allOf(redactors: readonly Redactor[]): Redactor {
  const through = (text: string, how: 'redact' | 'redactKnown') =>
    redactors.reduce((shown, redactor) => redactor[how](shown), text);
  return {
    add: (value) => {
      for (const redactor of redactors) redactor.add(value);
    },
    addAddress: (url) => {
      for (const redactor of redactors) redactor.addAddress(url);
    },
    redact: (text) => through(text, 'redact'),
    redactKnown: (text) => through(text, 'redactKnown'),
  };
}

/** A value of data without secrets. */
export function concealed<T>(value: T, redactor: Redactor): T {
  return JSON.parse(safeJson(value, redactor)) as T;
}

/** The error without secrets, in what it says and in what caused it. */
export function concealedError(error: AppToolError, redactor: Redactor): AppToolError {
  const { message, hint, next, serverText, findings, cause } = error;
  const change = concealed({ message, hint, next, serverText, findings }, redactor);
  const shown = error.with({ ...change, ...(cause === undefined ? {} : { cause: concealedCause(cause, redactor) }) });
  Object.defineProperty(shown, 'stack', { ...HIDDEN, value: redactor.redact(error.stack ?? '') });
  return shown;
}

const HIDDEN = { configurable: true, writable: true, enumerable: false } as const;
const DEEPEST_CAUSE = 20;

/** What caused an error: itself where it holds no secret, else what can be said of it. */
function concealedCause(cause: unknown, redactor: Redactor, depth = 0): unknown {
  if (typeof cause === 'string') return redactor.redact(cause);
  if (!(cause instanceof Error) || depth > DEEPEST_CAUSE) return isPlain(cause) ? cause : undefined;
  if (cause instanceof AppToolError) return concealedError(cause, redactor);
  const inner = cause.cause === undefined ? undefined : concealedCause(cause.cause, redactor, depth + 1);
  const text = `${cause.message}\n${cause.stack}\n${ownText(cause)}`;
  if (inner === cause.cause && redactor.redact(text) === text) return cause;
  const shown = new Error(redactor.redact(cause.message), inner === undefined ? {} : { cause: inner });
  const { code } = cause as { code?: unknown };
  Object.defineProperty(shown, 'stack', { ...HIDDEN, value: redactor.redact(cause.stack ?? '') });
  return Object.assign(shown, { name: cause.name }, typeof code === 'string' ? { code } : {});
}

function isPlain(value: unknown): boolean {
  return value === null || ['undefined', 'number', 'boolean', 'bigint'].includes(typeof value);
}

/** What else stands in an error. */
function ownText(error: Error): string {
  try {
    return JSON.stringify(error) ?? '';
  } catch {
    return '';
  }
}

/** What is known of a run, as of now, without secrets. */
export function concealedJournal(journal: JournalFacts, redactor: Redactor): JournalFacts {
  const { environment, build, release, input, output, fetched, artifact, runs, call, temporaryPaths, mayBeKept } =
    journal;
  const { planned } = journal;
  const files = { environment, build, release, input, output, fetched, artifact };
  const steps = journal.steps.map((step) => concealedStep(step, redactor));
  const current = journal.current.map(
    (step) => steps.find(({ id }) => id === step.id) ?? concealedStep(step, redactor),
  );
  return { ...concealed({ ...files, planned, runs, call, temporaryPaths, mayBeKept }, redactor), steps, current };
}

export function concealedStep({ error, tell, ...facts }: Step, redactor: Redactor): Step {
  const shown = error == null ? error : concealedError(error, redactor);
  return { ...concealed(facts, redactor), tell, error: shown };
}
