import { existsSync, lstatSync, statSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import type * as z from 'zod';
import { PolicyError, UsageError } from '../../../contract/errors.ts';
import { type ConfigFile, readNamedConfig, trustedUsers } from '../config/config-file.ts';
import { unknownKey } from '../config/config-keys.ts';
import { pathInProject } from '../config/project-paths.ts';
import { FleetApp, FleetDefaults, FleetFile } from './fleet-schema.ts';
import { filesMatching } from './glob.ts';

/** The names under which a fleet is found, in the working directory. */
const PLACES = ['apptool.fleet.yaml', 'apptool.fleet.yml', 'apptool.fleet.json'];

/** A fleet that was read and checked, and where each of its keys stands. */
export interface Fleet {
  readonly source: ConfigFile;
  readonly defaults: FleetFile['defaults'];
  readonly apps: ReadonlyMap<string, FleetApp>;
}

/** The fleet that was named, or the one of the working directory; `null` where there is none. Throws `UsageError` and `PolicyError`. */
export async function findFleet(named: string | undefined, cwd: string): Promise<Fleet | null> {
  const path = named ?? placeIn(cwd);
  if (path === null) return null;
  const file = await readNamedConfig(path, cwd);
  return readFleet({ ...file, wasFound: named === undefined });
}

/** The same, where there has to be one. */
export async function readFleetFile(named: string | undefined, cwd: string): Promise<Fleet> {
  const fleet = await findFleet(named, cwd);
  if (fleet !== null) return fleet;
  throw new UsageError(`there is no ${PLACES.join(', ')} here`, {
    hint: 'write one, or name it',
    next: { do: 'set', setting: 'fleet', value: '<file>' },
  });
}

function placeIn(cwd: string): string | null {
  const found = PLACES.filter((name) => existsSync(join(cwd, name)));
  const [name, other] = found;
  if (name === undefined) return null;
  if (other !== undefined) throw new UsageError(`${name} and ${other} are both here`, { hint: 'remove one of them' });
  const path = join(cwd, name);
  const trusted = trustedUsers();
  const isOwn = trusted === null || [lstatSync(path), statSync(path)].every(({ uid }) => trusted.includes(uid));
  if (isOwn) return name;
  throw new PolicyError(`${name} belongs to another user`, {
    hint: 'name it to use it',
    next: { do: 'set', setting: 'fleet', value: name },
  });
}

function readFleet(source: ConfigFile): Fleet {
  const { value, locate } = source.text;
  checkKeys(source, [], value, Object.keys(FleetFile.shape));
  const { defaults = {}, apps } = value;
  if (isMapping(defaults)) checkKeys(source, ['defaults'], defaults, Object.keys(FleetDefaults.shape));
  for (const [id, app] of isMapping(apps) ? Object.entries(apps) : [])
    if (isMapping(app)) checkKeys(source, ['apps', id], app, Object.keys(FleetApp.shape));
  const parsed = FleetFile.safeParse(value);
  if (!parsed.success) throw wrong(source, parsed.error.issues[0]);
  const all = new Map(Object.entries(parsed.data.apps));
  if (all.size === 0) throw new UsageError(`${locate(['apps'])}: apps: names no app`);
  checkDistinct(all, source);
  return { source, defaults: parsed.data.defaults, apps: all };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkKeys({ text }: ConfigFile, path: readonly string[], value: object, known: readonly string[]): void {
  for (const key of Object.keys(value))
    if (!known.includes(key)) throw unknownKey(key, known, text.locate([...path, key]), 'the file of a fleet');
}

function wrong({ text }: ConfigFile, issue: z.core.$ZodIssue | undefined): UsageError {
  const path = issue?.path ?? [];
  const inner = issue?.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  // A key that no id may look like is not shown: it can be anything.
  const shown = inner === undefined ? path.map(String).join('.') : path.slice(0, -1).map(String).join('.');
  const why = inner ?? (isThere(text.value, path) ? issue?.message : 'is missing');
  return new UsageError(
    `${text.locate(path)}: ${shown}: ${inner === undefined ? '' : 'an id '}${why ?? 'is not valid'}`,
  );
}

function isThere(value: unknown, [key, ...rest]: readonly PropertyKey[]): boolean {
  if (key === undefined) return value !== undefined;
  return typeof value === 'object' && value !== null && isThere((value as Record<PropertyKey, unknown>)[key], rest);
}

/** Throws `UsageError` for two apps that would be one: of one package, or with one receipt where a file system does not tell capitals apart. */
function checkDistinct(apps: ReadonlyMap<string, FleetApp>, { text }: ConfigFile): void {
  const known = new Map<string, string>();
  for (const [id, app] of apps) {
    const named = [
      ['package', app.package, `package ${app.package}`],
      [undefined, id.toLowerCase(), 'receipt'],
    ] as const;
    for (const [key, value, what] of named) {
      const other = known.get(`${key} ${value}`);
      if (other !== undefined)
        throw new UsageError(
          `${text.locate(['apps', id, ...(key === undefined ? [] : [key])])}: ${other} and ${id} have one ${what}`,
        );
      known.set(`${key} ${value}`, id);
    }
  }
}

/** The one file that an app's pattern matches, from `cwd`. Throws `UsageError` where it is none, or several; `PolicyError` for one out of the project. */
export function fileOfApp(id: string, { source }: Fleet, app: FleetApp, cwd: string): string {
  const subject = `${source.text.locate(['apps', id, 'file'])}: apps.${id}.file: `;
  const [file, ...others] = filesMatching(app.file, source.folder);
  if (file === undefined) throw new UsageError(`${subject}${app.file} matches no file`);
  if (others.length > 0)
    throw new UsageError(
      `${subject}${app.file} matches ${others.length + 1} files: ${[file, ...others].slice(0, 3).join(', ')}`,
      {
        hint: 'let it match exactly one',
      },
    );
  const path = pathInProject({ value: file, subject }, source, 'read');
  return relative(cwd, path).split(sep).join(posix.sep);
}
