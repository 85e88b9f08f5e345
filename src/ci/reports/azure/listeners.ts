import type { Env } from '../../../contract/env.ts';
import type { Listener } from '../../../contract/record/listener.ts';
import type { Redactor } from '../../../contract/text/redact.ts';
import { shortLine } from '../../../contract/text/safe-text.ts';
import { issuesOf } from '../issues.ts';
import { keyOf } from '../key-values/key-value-report.ts';
import { runValues } from '../run-values.ts';
import { azureCommand, canSay, sayable } from './commands.ts';

const NAME = '--azure';
/** In characters. */
const LONGEST_PART = 500;

export interface AzureInput {
  readonly redactor: Redactor;
  readonly environment: Env;
  readonly write: (text: string) => void;
}

/**
 * Under the names of the other CIs: Azure makes a variable of the environment out of the step's name and an output's, and a step that is called
 * `apptool` would set those of flags.
 */
export function createAzureVariables({
  redactor,
  environment,
  write,
  warnLeftOut,
}: AzureInput & { readonly warnLeftOut: (where: string, names: readonly string[]) => void }): Listener {
  return {
    name: NAME,
    ended({ document, receipt }) {
      const { values, unfit } = runValues({ document, receipt }, redactor);
      const said = values.filter(({ value }) => canSay(value, environment));
      const unsaid = values.filter(({ value }) => !canSay(value, environment)).map(({ name }) => name);
      const lines = said.map(({ name, value }) =>
        azureCommand('task.setvariable', { variable: keyOf(name), isOutput: 'true' }, value),
      );
      write(lines.join(''));
      warnLeftOut(NAME, [...unfit, ...unsaid].map(keyOf));
    },
  };
}

/** What went wrong and what to look at, for the page of the run. */
export function createAzureIssues({ redactor, environment, write }: AzureInput): Listener {
  return {
    name: NAME,
    ended({ document }) {
      const lines = issuesOf(document).map(({ level, title, parts }) => {
        const shown = [`${title}: ${parts[0] ?? ''}`, ...parts.slice(1)].map((part) =>
          sayable(shortLine(part, redactor, LONGEST_PART), environment),
        );
        return azureCommand('task.logissue', { type: level }, shown.join('\n'));
      });
      if (lines.length > 0) write(lines.join(''));
    },
  };
}
