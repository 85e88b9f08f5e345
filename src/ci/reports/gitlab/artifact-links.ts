import { existsSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import type { Env } from '../../../contract/env.ts';
import type { Listener } from '../../../contract/record/listener.ts';
import { safeLine } from '../../../contract/text/safe-text.ts';
import type { ReportKind } from '../report-kind.ts';

interface ArtifactLinksInput {
  readonly environment: Env;
  readonly junit: string | undefined;
  readonly writeLine: (line: string) => void;
}

/**
 * In GitLab: where in the job's artifacts each file of this run will be, for the log. Only what lies in the project can be kept as an
 * artifact. The address: https://docs.gitlab.com/ci/variables/predefined_variables/ (CI_JOB_URL), and the routes of GitLab's artifact browser.
 */
function createArtifactLinks({ environment, junit, writeLine }: ArtifactLinksInput): Listener {
  const job = plainAddress(environment.CI_JOB_URL ?? '');
  const project = environment.CI_PROJECT_DIR ?? '';
  return {
    name: 'CI_JOB_URL',
    ended({ document, receipt }) {
      if (job === null || project === '') return;
      const files = { output: document.output?.path, receipt, junit };
      for (const [name, path] of Object.entries(files)) {
        const inside = path == null || !existsSync(path) ? null : pathInside(project, path);
        if (inside !== null) writeLine(`${name}, once this job has kept it: ${job}/artifacts/file/${inside}`);
      }
    },
  };
}

/** Of http or https, with nothing but host and path; `null` for any other. */
function plainAddress(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, origin, pathname, href } = new URL(text);
  const isPlain = /^https?:$/.test(protocol) && href === `${origin}${pathname}`;
  return isPlain ? href.replace(/\/+$/, '') : null;
}

/** As a part of an address; `null` for what lies elsewhere. */
function pathInside(folder: string, path: string): string | null {
  const names = relative(resolve(folder), resolve(path)).split(sep);
  const isInside = names[0] !== '..' && names[0] !== '' && !/^[A-Za-z]:$/.test(names[0] ?? '');
  // Half a character in a name reaches the disk as this one; by itself it cannot be part of an address.
  return isInside ? names.map((one) => encodeURIComponent(one.replace(/\p{Cs}/gu, '\ufffd'))).join('/') : null;
}

export const ARTIFACT_LINKS: ReportKind = {
  open: ({ settings, environment, provider, redactor, writeStderr }) => {
    if (provider !== 'gitlab' || settings.quiet === true) return [];
    const writeLine = (line: string) => writeStderr(`${safeLine(line, redactor)}\n`);
    return [createArtifactLinks({ environment, junit: settings.junit, writeLine })];
  },
};
