import type { Redactor } from '../../redact.ts';
import type { SettingValues } from '../settings.ts';
import { openAppended } from './appended-file.ts';
import { createEventsReport } from './events-report.ts';
import type { Report } from './report.ts';

export interface ReportsInput {
  readonly settings: SettingValues;
  readonly redactor: Redactor;
  readonly now: () => Date;
  readonly writeStderr: (text: string) => void;
}

/** The reports that are wanted of this run. Throws `LocalIoError` for one that cannot be written. */
export function openReports({ settings, redactor, now, writeStderr }: ReportsInput): readonly Report[] {
  const { events, verbose } = settings;
  const reports: Report[] = [];
  if (events !== undefined) {
    const append = events === '-' ? writeStderr : openAppended('--events', events, 'any').append;
    reports.push(createEventsReport({ name: '--events', redactor, append, now, verbose: verbose === true }));
  }
  return reports;
}
