import { type AppToolError, type ErrorClass, UnavailableError } from '../../contract/errors.ts';

/** The things that are checked, in the order in which they are told. */
export const CHECK_NAMES = [
  'config',
  'network',
  'settings',
  'credentials',
  'form',
  'proxy',
  'dns',
  'tls',
  'answer',
  'clock',
  'proof',
] as const;

/** What one check found. */
export interface Check {
  readonly check: (typeof CHECK_NAMES)[number];
  /** What was checked: a host, a variable, an address; `null` where the check says it. */
  readonly subject: string | null;
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  /** Of a failed check alone: what the run ends with where nothing tells more. */
  readonly error: AppToolError | null;
}

export type CheckName = Check['check'];

export function found(
  result: Exclude<Check['result'], 'failed'>,
  check: CheckName,
  subject: string | null,
  message: string,
): Check {
  return { check, subject, result, message, error: null };
}

/** `message` where the row says more than its place does not. */
export function failed(
  check: CheckName,
  subject: string | null,
  error: AppToolError,
  message: string = error.message,
): Check {
  const said = error.serverText === null ? message : `${message}; server said: ${error.serverText}`;
  return { check, subject, result: 'failed', message: said, error };
}

/** What is to be mended first comes first: the rest may be its consequence, or mends itself. */
const ORDER: readonly ErrorClass[] = [
  'internal',
  'policy',
  'usage',
  'local-io',
  'auth',
  'rejected',
  'integrity',
  'limit',
];

/** The failure that says best what to do; `null` where nothing has failed. */
export function mostTelling(checks: readonly Check[]): AppToolError | null {
  const errors = checks.flatMap(({ error }) => (error === null ? [] : [error]));
  const rank = (error: AppToolError): number =>
    ORDER.includes(error.class)
      ? ORDER.indexOf(error.class)
      : ORDER.length + (error instanceof UnavailableError ? 1 : 0);
  return [...errors].sort((a, b) => rank(a) - rank(b))[0] ?? null;
}
