import { randomBytes } from 'node:crypto';
import { openAppended } from '../../files/appended-file.ts';
import { cannotWrite } from '../../files/refusal.ts';
import { type ReportKind, type ReportsInput, reportFile, warnerOf } from '../report-kind.ts';
import { createSummary } from '../summary-file.ts';
import { createGithubAnnotations } from './annotations.ts';
import { createGithubOutputs } from './outputs.ts';

const FILES = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'] as const;

/** Step outputs, the job's summary, annotations. In GitHub Actions by itself; where it was asked for, what it writes to has to be there. */
export const GITHUB: ReportKind = {
  files: (input) => FILES.flatMap((name) => reportFile(name, input.environment[name], 'runner', isOn(input))),
  lacks: (input) =>
    FILES.filter((name) => isOn(input) && (input.environment[name] ?? '') === '').map(
      (name) => `${name} is not set, so nothing is written there`,
    ),
  open: (input) => {
    if (!isOn(input)) return [];
    const { redactor, writeStderr } = input;
    const delimiter = () => `apptool-${randomBytes(16).toString('hex')}`;
    const outputs = appendTo('GITHUB_OUTPUT', input);
    const summary = appendTo('GITHUB_STEP_SUMMARY', input);
    return [
      ...(outputs === null
        ? []
        : [createGithubOutputs({ redactor, append: outputs, delimiter, warnLeftOut: warnerOf(input) })]),
      ...(summary === null ? [] : [createSummary('GITHUB_STEP_SUMMARY', input, summary)]),
      createGithubAnnotations(redactor, writeStderr),
    ];
  },
};

function isOn({ settings, provider }: ReportsInput): boolean {
  return settings.github ?? provider === 'github';
}

/** The file that a variable of GitHub's names; `null` where there is none and nobody has asked for it. */
function appendTo(
  variable: (typeof FILES)[number],
  { settings, environment }: ReportsInput,
): ((text: string) => void) | null {
  const path = environment[variable] ?? '';
  if (path !== '') return openAppended(variable, path, 'existing').append;
  if (settings.github === true) throw cannotWrite(variable, 'the variable is not set');
  return null;
}
