import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, temporaryFolder } from '../../../src/testing/files.ts';
import { type CiVariables, checkout, type Variables } from '../ci-shell.ts';

/** What became of a job. */
export interface JobResult {
  readonly code: number;
  readonly log: string;
  /** The names of what it keeps, without their folder. */
  readonly kept: readonly string[];
}

/** A fresh checkout that holds what the recipes say to copy. */
export async function machine({ checkedOut }: CiVariables): Promise<string> {
  const folder = await temporaryFolder();
  await checkout(folder);
  await mkdir(join(folder, 'ci'));
  await cp(join(ROOT, 'recipes/shell/apptool.sh'), join(folder, 'ci/apptool.sh'));
  await checkedOut?.(folder);
  return folder;
}

/** Those of the secrets that a job is given, by name. */
export function picked(secrets: Variables, names: readonly string[]): Variables {
  return Object.fromEntries(
    names.map((name) => {
      const value = secrets[name];
      if (value === undefined) throw new Error(`no such secret: ${name}`);
      return [name, value];
    }),
  );
}

/** The names in a folder that match one of the patterns, in which `*` is any text. */
export async function matching(folder: string, patterns: readonly string[]): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) =>
    patterns.some((pattern) =>
      new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(name),
    ),
  );
}

/** The line in base64 with which a build ends that hands its receipt on by a person. */
export function receiptLine(log: string): string {
  return log.split('\n').find((line) => /^[A-Za-z0-9+/]{200,}=*$/.test(line)) ?? '';
}
