import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { PolicyError } from '../../contract/errors.ts';
import type { Invocation } from '../line/command.ts';
import { isMadeUp, linkOutOf } from '../settings/config/project-paths.ts';
import type { ResolvedSettings } from '../settings/resolve-settings.ts';

/** The files that a run was told to read on its line or by variables, by what names them. */
type NamedFile = readonly [name: string, path: string];

/** The files that settings name, and `--set <backend>.<key>=@<file>`. What a found config names has been checked by then. */
export function filesRead(
  { flags }: Invocation,
  settings: ResolvedSettings,
  backends: readonly BackendDefinition[],
): NamedFile[] {
  const { releaseNotesFile } = settings.values;
  const notes: NamedFile[] =
    releaseNotesFile === undefined || releaseNotesFile === '-'
      ? []
      : [['the file of the release notes', releaseNotesFile]];
  const own = backends.flatMap(({ id, fileSettings = [] }) =>
    fileSettings.flatMap((key): NamedFile[] => {
      const path = settings.backends[id]?.values[key];
      return typeof path === 'string' ? [[`${id}.${key}`, path]] : [];
    }),
  );
  const assigned = [flags.set].flat().flatMap((text): NamedFile[] => {
    const [, setting = '', path = ''] = (typeof text === 'string' ? /^([\w.-]+)=@(.+)$/s.exec(text) : null) ?? [];
    return path === '' ? [] : [[`--set ${setting}`, path]];
  });
  return [...notes, ...own, ...assigned];
}

/**
 * The words of a flag are trusted, and the file that they name is not: a checkout can make a link of it. Gives what to warn of. Throws
 * `PolicyError` where a link leads to what the system makes up, such as the environment of a process with all its secrets.
 */
export function warningsOfLinks(files: readonly NamedFile[], cwd: string): string[] {
  return files.flatMap(([name, path]) => {
    const real = linkOutOf(cwd, path);
    if (real === null) return [];
    if (isMadeUp(real))
      throw new PolicyError(`${name}: ${path} is a link to ${real}, which is outside this project`, {
        hint: 'someone with access to this checkout put the link there: find out who',
      });
    return [`${name}: ${path} is a link out of this project, to ${real}: the target of the link is sent`];
  });
}
