import { readFileSync, statSync } from 'node:fs';
import type { CredentialSpec } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import { AuthError, LocalIoError, UsageError } from '../../contract/errors.ts';
import { type Secret, secret } from '../../contract/secret.ts';
import { fileProblem } from '../../contract/text/file-problem.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { withoutLineEnds } from '../process/variables.ts';
import { slipOfCredential } from './variable-names.ts';

const LARGEST_CREDENTIAL_FILE = 16 * 1024;
const READABLE_BY_OTHERS = 0o044;

export interface CredentialReader {
  readonly environment: Env;
  readonly redactor: Redactor;
  readonly warn: (code: string, message: string) => void;
}

export interface Credentials {
  readonly values: Readonly<Record<string, Secret>>;
  /** What to do when the backend refuses them: names where they came from. */
  readonly ifRefused: string;
}

/** A credential as it was given. */
export interface FoundCredential {
  readonly spec: CredentialSpec;
  /** The variable that holds it, or names the file that does. */
  readonly variable: string;
  readonly value: Secret;
  /** Why it cannot be one, to be said after the variable's name; `null` for one that can. */
  readonly problem: string | null;
  /** What to do about the problem. */
  readonly hint: string;
}

/**
 * A backend's credentials, from `<VARIABLE>` or the file that `<VARIABLE>_FILE` names. Each is known to the redactor before anything
 * else is done with it. Throws `AuthError` for a missing or misshapen one, without a character of it.
 */
export function readCredentials(specs: readonly CredentialSpec[], reader: CredentialReader): Credentials {
  const all = specs.flatMap((spec) => {
    const found = findCredential(spec, reader);
    if (found === null && spec.isOptional !== true) throw missingCredential(spec, reader.environment);
    if (found !== null && found.problem !== null) throw misshapenCredential(found, found.problem);
    return found ?? [];
  });
  return credentialsOf(all);
}

export function credentialsOf(found: readonly FoundCredential[]): Credentials {
  const origins = found.map(({ variable, spec }) => `${variable} (${spec.form})`);
  return {
    values: Object.fromEntries(found.map(({ spec, value }) => [spec.name, value])),
    ifRefused: `check what ${origins.join(' and ')} holds: is it whole, enabled, and of this tenant?`,
  };
}

/**
 * One credential, known to the redactor; `null` where none of its variables is set. Throws `LocalIoError` for a file that cannot be read,
 * `UsageError` for two values.
 */
export function findCredential(spec: CredentialSpec, reader: CredentialReader): FoundCredential | null {
  const given = readOne(spec, reader);
  if (given === null) return null;
  const { value, variable } = given;
  reader.redactor.add(value);
  const problem = problemOfAny(value, spec.isPassword === true) ?? spec.problemOf(value);
  if (problem === null) for (const part of spec.secretParts?.(value) ?? []) reader.redactor.add(part);
  return { spec, variable, value: secret(value), problem, hint: hintFor(value, spec) };
}

/** A CI that keeps a secret from a job often sets its variable to nothing: for the pull request of a fork, or a branch that is not protected. */
export function missingCredential(spec: CredentialSpec, environment: Env): AuthError {
  const empty = variablesOf(spec).find((name) => environment[name] === '');
  const slip = slipOfCredential(spec, environment);
  const hint =
    slip !== null
      ? `${slip} is set, but apptool reads ${spec.variable}`
      : empty === undefined
        ? undefined
        : `${empty} is set but empty: the CI did not give the secret to this job`;
  return new AuthError(`no ${spec.label}: set ${variablesOf(spec).join(' or ')}`, { hint });
}

export function misshapenCredential({ variable, hint }: FoundCredential, problem: string): AuthError {
  return new AuthError(`${variable.replace(/_FILE$/, '')} ${problem}`, { hint });
}

/** Every variable that a credential is read from, in the order in which they are looked at. */
export function variablesOf({ variable, fallback }: CredentialSpec): string[] {
  return [variable, ...(fallback === undefined ? [] : [fallback])].flatMap((name) => [name, `${name}_FILE`]);
}

/** Whether one of its variables says something. */
export function isGiven(spec: CredentialSpec, environment: Env): boolean {
  return variablesOf(spec).some((name) => (environment[name] ?? '') !== '');
}

/** What a CI leaves where it did not put the value of a variable. */
const PLACEHOLDER = /^\$\{\{.*\}\}$|^\$\{?\w+\}?$|^\$\(\w+\)$|^%\w+%$/;

function hintFor(value: string, spec: CredentialSpec): string {
  return PLACEHOLDER.test(value)
    ? 'check the name of the secret, how your CI writes it, and that this job may read it'
    : `set ${spec.variable}, or ${spec.variable}_FILE to a file that holds it, from your CI's secret store`;
}

function readOne(
  { variable, fallback }: CredentialSpec,
  reader: CredentialReader,
): { readonly value: string; readonly variable: string } | null {
  for (const name of [variable, ...(fallback === undefined ? [] : [fallback])]) {
    const given = readVariable(name, reader);
    if (given !== null) return given;
  }
  return null;
}

function readVariable(
  name: string,
  reader: CredentialReader,
): { readonly value: string; readonly variable: string } | null {
  const direct = withoutLineEnds(reader.environment[name] ?? '');
  const path = reader.environment[`${name}_FILE`] ?? '';
  const fromFile = path === '' ? '' : withoutLineEnds(readCredentialFile(`${name}_FILE`, path, reader));
  if (direct !== '' && fromFile !== '' && direct !== fromFile) {
    throw new UsageError('two different credentials given; use one', { hint: `unset ${name} or ${name}_FILE` });
  }
  const value = direct === '' ? fromFile : direct;
  if (value === '') return null;
  return { value, variable: direct === '' ? `${name}_FILE` : name };
}

function readCredentialFile(variable: string, path: string, { warn }: CredentialReader): string {
  const isPath = looksLikePath(path);
  const shown = isPath ? ` (${JSON.stringify(path)})` : '';
  const hint = isPath
    ? `check the path, and that this job may read the file`
    : `${variable} takes the path of a file; a secret itself belongs in ${variable.replace(/_FILE$/, '')}`;
  const refuse = (why: string, cause?: unknown) =>
    new LocalIoError(`cannot use ${variable}: ${why}${shown}`, { cause, hint });
  let bytes: Buffer;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw refuse('not a regular file');
    if (stats.size > LARGEST_CREDENTIAL_FILE) throw refuse('larger than 16 KiB');
    if ((stats.mode & READABLE_BY_OTHERS) !== 0)
      warn('credential-file-readable', `the file that ${variable} names is readable by other users`);
    bytes = readFileSync(path);
  } catch (cause) {
    if (cause instanceof LocalIoError) throw cause;
    throw refuse(fileProblem(cause), cause);
  }
  try {
    if (!bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Said below, without the bytes.
  }
  throw refuse('it is binary');
}

/** Whether a text is surely a path, and not a secret in the wrong variable: the first of its folders is there, or it says that it is one. */
function looksLikePath(text: string): boolean {
  if (/^(?:\.{1,2}|~)[\\/]/.test(text)) return true;
  // Keys and tokens are hardly ever in small letters, from the root on, with folders.
  if (/^[\\/][a-z0-9._-]+(?:[\\/][a-z0-9._-]+)+$/.test(text)) return true;
  const first = /^(?:[A-Za-z]:)?[\\/]?[^\\/]+(?=[\\/])/.exec(text)?.[0];
  return first !== undefined && statSync(first, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What can be wrong with any credential, to be said after its name: all of these come from copying it, or from a CI variable that is not there. */
function problemOfAny(value: string, isPassword: boolean): string | null {
  if (PLACEHOLDER.test(value)) return 'contains a placeholder: the variable was not expanded by your CI';
  if (/^"[\s\S]*"$|^'[\s\S]*'$/.test(value)) return 'is in quotes: remove the surrounding quotes';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  const control = value.search(/[\u0000-\u001f\u007f]/);
  if (control >= 0) return `has a control character at position ${control + 1}`;
  if (isPassword) return null;
  if (/^<[^<>]*>$/.test(value)) return 'contains a placeholder: replace it with the value from the portal';
  if (/^(?:Bearer|Basic)\s/i.test(value)) return 'begins with "Bearer" or "Basic": give the credential alone';
  if (/^[A-Z][A-Z0-9]*_[A-Z0-9_]*=/.test(value))
    return 'begins with the name of a variable: give the value after the "=" alone';
  const foreign = value.search(/[^\x20-\x7e]/);
  if (foreign >= 0) return `has a non-ASCII character at position ${foreign + 1}; copied from a document?`;
  const space = value.indexOf(' ');
  return space >= 0 ? `has a space at position ${space + 1}` : null;
}
