import type { Listener } from '../../../contract/record/listener.ts';
import type { Redactor } from '../../../contract/text/redact.ts';
import { runValues } from '../run-values.ts';

export interface GithubOutputsInput {
  readonly redactor: Redactor;
  readonly append: (text: string) => void;
  /** New text at each call that nobody can guess. */
  readonly delimiter: () => string;
  readonly warnLeftOut: (where: string, names: readonly string[]) => void;
}

/**
 * The step's outputs, in the runner's form for values of any kind. The runner skips empty lines; the one in front ends a line that an
 * earlier command may have left open.
 */
export function createGithubOutputs({ redactor, append, delimiter, warnLeftOut }: GithubOutputsInput): Listener {
  const name = 'GITHUB_OUTPUT';
  return {
    name,
    ended({ document, receipt }) {
      const { values, unfit } = runValues({ document, receipt }, redactor);
      const blocks = values.map(({ name: key, value }) => {
        const end = delimiter();
        return `${key}<<${end}\n${value}\n${end}\n`;
      });
      append(`\n${blocks.join('')}`);
      warnLeftOut(name, unfit);
    },
  };
}
