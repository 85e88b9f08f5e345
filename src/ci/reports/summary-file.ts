import type { Listener } from '../../contract/record/listener.ts';
import type { ResultDocument } from '../../contract/result-document.ts';
import { openReplaced } from '../files/replaced-file.ts';
import { type ReportKind, type ReportsInput, reportFile } from './report-kind.ts';
import { createRunSteps } from './run-steps.ts';
import { summaryOf } from './summary.ts';

const NAME = '--summary';
/** By it a summary of ours is known; Markdown shows no comment. */
const HEAD = '<!-- apptool summary -->\n';

/** The summary for the page of a CI, wherever that CI wants it. */
export function createSummary(name: string, input: ReportsInput, write: (text: string) => void): Listener {
  const { command, redactor, clock } = input;
  const steps = createRunSteps(command, clock.now);
  const durationMsOf = (target: string) =>
    steps.of(target).reduce((sum, { beganAtMs, endedAtMs }) => sum + (endedAtMs ?? clock.now()) - beganAtMs, 0);
  const textOf = (document: ResultDocument) => summaryOf(document, { redactor, durationMsOf });
  return { name, event: steps.event, ended: ({ document }) => write(textOf(document)) };
}

export const SUMMARY: ReportKind = {
  files: ({ settings }) => reportFile(NAME, settings.summary, 'replaced'),
  open: (input) => {
    const { summary: path } = input.settings;
    if (path === undefined) return [];
    const write = openReplaced(NAME, path, HEAD);
    return [createSummary(NAME, input, (text) => write(HEAD + text))];
  },
};
