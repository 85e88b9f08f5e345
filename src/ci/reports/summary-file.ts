import type { Listener } from '../../contract/record/listener.ts';
import { openReplaced } from '../files/replaced-file.ts';
import { type ReportKind, type ReportsInput, reportFile } from './report-kind.ts';
import { summaryOf } from './summary.ts';

const NAME = '--summary';
/** By it a summary of ours is known; Markdown shows no comment. */
const HEAD = '<!-- apptool summary -->\n';

/** The summary for the page of a CI, wherever that CI wants it. */
export function createSummary(name: string, { redactor }: ReportsInput, write: (text: string) => void): Listener {
  return { name, ended: ({ document }) => write(summaryOf(document, redactor)) };
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
