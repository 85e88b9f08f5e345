import { realpathSync } from 'node:fs';
import { join, posix, relative, resolve, sep } from 'node:path';
import { changedSince } from '../../../ci/build/changed-paths.ts';
import { UsageError } from '../../../contract/errors.ts';
import { nearest } from '../../../contract/text/suggest.ts';
import type { Session } from '../../session/session.ts';
import type { Fleet } from '../../settings/fleet/fleet-file.ts';
import type { FleetApp } from '../../settings/fleet/fleet-schema.ts';
import { matcherOf } from '../../settings/fleet/glob.ts';

/** The apps that are asked for, by `--only` and `--changed-since`, in the order of the file. Throws `UsageError`. */
export async function chosenApps(fleet: Fleet, session: Session): Promise<readonly (readonly [string, FleetApp])[]> {
  const { only, 'changed-since': ref } = session.invocation.flags;
  const named = typeof only === 'string' ? idsIn(only, fleet) : null;
  const apps = [...fleet.apps].filter(([id]) => named === null || named.includes(id));
  if (typeof ref !== 'string') return apps;
  const { ctx, environment } = session;
  const { root, paths } = await changedSince(ref, { cwd: resolve(), environment, signal: ctx.signal });
  const folder = realpathSync(fleet.source.folder);
  const changed = paths.map((path) => relative(folder, join(root, path)).split(sep).join(posix.sep));
  return apps.filter(([, { when }]) => when === undefined || when.some((pattern) => changed.some(matcherOf(pattern))));
}

function idsIn(list: string, { apps }: Fleet): readonly string[] {
  const ids = list.split(',').map((id) => id.trim());
  const known = [...apps.keys()];
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return ids;
  const near = nearest(unknown, known);
  throw new UsageError(`the fleet has no app "${unknown}"`, { hint: near === null ? null : `did you mean ${near}?` });
}
