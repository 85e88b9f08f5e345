import type { Listener } from '../../../contract/record/listener.ts';
import type { Redactor } from '../../../contract/text/redact.ts';
import { shortLine } from '../../../contract/text/safe-text.ts';
import { type Issue, issuesOf } from '../issues.ts';

/** In characters. */
const LONGEST_PART = 500;

/** What went wrong and what to look at, as workflow commands: GitHub shows them on the page of the run. */
export function createGithubAnnotations(redactor: Redactor, write: (text: string) => void): Listener {
  const line = ({ level, title, parts }: Issue): string => {
    const message = parts.map((part) => shortLine(part, redactor, LONGEST_PART)).join('\n');
    return `::${level} title=${escapeProperty(shortLine(title, redactor, LONGEST_PART))}::${escapeData(message)}\n`;
  };
  return {
    name: '--github',
    ended({ document }) {
      const text = issuesOf(document).map(line).join('');
      if (text !== '') write(text);
    },
  };
}

/** As the runner undoes it: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
