import { basename, dirname, resolve } from 'node:path';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import { PolicyError } from '../../contract/errors.ts';
import { createRedactor } from '../../contract/text/redact.ts';
import { parseConfigText } from '../settings/config/config-text.ts';
import { variablesOf } from '../settings/credentials.ts';
import { resolveSettings } from '../settings/resolve-settings.ts';

export interface NewConfig {
  readonly path: string;
  readonly text: string;
  /** Whether it will be found by itself, and so is trusted with less. */
  readonly isFound: boolean;
}

/** Reads a config as a run would that comes upon it. Throws what that run would: `UsageError` or `PolicyError`. */
export function checkNewConfig({ path, text, isFound }: NewConfig, backends: readonly BackendDefinition[]): void {
  const name = basename(path);
  const file = {
    name,
    wasFound: isFound,
    folder: dirname(resolve(path)),
    text: parseConfigText(Buffer.from(text), name),
  };
  resolveSettings({ flags: {}, environment: {}, config: file, backends, readValueFile: () => '' });
}

/** Throws `PolicyError` for a text that holds a credential which a variable gives, in any of its usual encodings. */
export function assertNoCredential(text: string, backends: readonly BackendDefinition[], environment: Env): void {
  const plain = createRedactor().redact(text);
  const specs = backends.flatMap(({ credentials, commands = [] }) => [
    ...credentials,
    ...commands.flatMap((command) => command.credentials ?? []),
  ]);
  for (const spec of specs) {
    for (const name of variablesOf(spec).filter((variable) => !variable.endsWith('_FILE'))) {
      const value = environment[name] ?? '';
      const redactor = createRedactor();
      for (const part of value === '' ? [] : [value, ...(spec.secretParts?.(value) ?? [])]) redactor.add(part);
      if (redactor.redact(text) === plain) continue;
      throw new PolicyError(`what ${name} holds is in one of the answers: keep secrets out of the config file`, {
        hint: 'credentials are read from variables; apptool backends lists them',
      });
    }
  }
}
