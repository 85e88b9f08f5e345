import { readFileSync, statSync } from 'node:fs';
import type { CredentialSpec } from '../backends/definition.ts';
import { AuthError, errorCode, LocalIoError, UsageError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import { type Secret, secret } from '../secret.ts';
import type { Environment } from './config/resolve-settings.ts';

const LARGEST_CREDENTIAL_FILE = 16 * 1024;
const READABLE_BY_OTHERS = 0o044;

export interface CredentialReader {
  readonly environment: Environment;
  readonly redactor: Redactor;
  readonly warn: (code: string, message: string) => void;
}

export interface Credentials {
  readonly values: Readonly<Record<string, Secret>>;
  /** What to do when the backend refuses them: names where they came from. */
  readonly ifRefused: string;
}

/**
 * A backend's credentials, from `<VARIABLE>` or the file that `<VARIABLE>_FILE` names. Each is known to the redactor before anything
 * else is done with it. Throws `AuthError` for a missing or misshapen one, without a character of it.
 */
export function readCredentials(specs: readonly CredentialSpec[], reader: CredentialReader): Credentials {
  const found: Record<string, Secret> = {};
  const origins: string[] = [];
  for (const spec of specs) {
    const given = readOne(spec, reader);
    if (given === null) continue;
    const { value, variable } = given;
    origins.push(`${variable} (${spec.form})`);
    reader.redactor.add(value);
    const problem = problemOfAny(value, spec.isPassword === true) ?? spec.problemOf(value);
    if (problem !== null) throw new AuthError(`${variable.replace(/_FILE$/, '')} ${problem}`, { hint: howTo(spec) });
    for (const part of spec.secretParts?.(value) ?? []) reader.redactor.add(part);
    found[spec.name] = secret(value);
  }
  return {
    values: found,
    ifRefused: `check what ${origins.join(' and ')} holds: is it whole, enabled, and of this tenant?`,
  };
}

/** Every variable that a credential is read from, in the order in which they are looked at. */
export function variablesOf({ variable, fallback }: CredentialSpec): string[] {
  return [variable, ...(fallback === undefined ? [] : [fallback])].flatMap((name) => [name, `${name}_FILE`]);
}

function howTo(spec: CredentialSpec): string {
  return `set ${spec.variable}, or ${spec.variable}_FILE to a file that holds it, from your CI's secret store`;
}

function readOne(
  spec: CredentialSpec,
  reader: CredentialReader,
): { readonly value: string; readonly variable: string } | null {
  const names = [spec.variable, ...(spec.fallback === undefined ? [] : [spec.fallback])];
  for (const name of names) {
    const given = readVariable(name, reader);
    if (given !== null) return given;
  }
  if (spec.isOptional === true) return null;
  throw new AuthError(`no ${spec.label}: set ${variablesOf(spec).join(' or ')}`);
}

function readVariable(
  name: string,
  reader: CredentialReader,
): { readonly value: string; readonly variable: string } | null {
  const direct = withoutLastNewline(reader.environment[name] ?? '');
  const path = reader.environment[`${name}_FILE`] ?? '';
  const fromFile = path === '' ? '' : withoutLastNewline(readCredentialFile(`${name}_FILE`, path, reader));
  if (direct !== '' && fromFile !== '' && direct !== fromFile) {
    throw new UsageError('two different credentials given; use one', { hint: `unset ${name} or ${name}_FILE` });
  }
  const value = direct === '' ? fromFile : direct;
  if (value === '') return null;
  return { value, variable: direct === '' ? `${name}_FILE` : name };
}

function withoutLastNewline(value: string): string {
  return value.replace(/\r?\n$/, '');
}

function readCredentialFile(variable: string, path: string, { warn }: CredentialReader): string {
  const refuse = (why: string, cause?: unknown) => new LocalIoError(`cannot use ${variable}: ${why}`, { cause });
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
    throw refuse(errorCode(cause) === 'ENOENT' ? 'no such file' : (errorCode(cause) ?? 'cannot be read'), cause);
  }
  try {
    if (!bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Said below, without the bytes.
  }
  throw refuse('it is binary');
}

/** What can be wrong with any credential, to be said after its name: all of these come from copying it, or from a CI variable that is not there. */
function problemOfAny(value: string, isPassword: boolean): string | null {
  if (/^\$\{\{.*\}\}$|^\$\{?\w+\}?$|^\$\(\w+\)$|^%\w+%$/.test(value))
    return 'holds a placeholder: the variable was not expanded by your CI';
  if (/^"[\s\S]*"$|^'[\s\S]*'$/.test(value)) return 'is in quotes: remove the surrounding quotes';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  const control = value.search(/[\u0000-\u001f\u007f]/);
  if (control >= 0) return `has a control character at position ${control + 1}`;
  if (isPassword) return null;
  const foreign = value.search(/[^\x20-\x7e]/);
  if (foreign >= 0) return `has a non-ASCII character at position ${foreign + 1}; copied from a document?`;
  const space = value.indexOf(' ');
  return space >= 0 ? `has a space at position ${space + 1}` : null;
}
