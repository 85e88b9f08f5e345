import type { FleetRow, FleetStatus } from '../../contract/record/fleet-status.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { shortLine } from '../../contract/text/safe-text.ts';
import { element, escapeMarkup } from '../reports/markup.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** How such a report begins. */
export const FLEET_JUNIT_HEAD = `${DECLARATION}<testsuites name="apptool fleet"`;
const LONGEST_NAME = 200;
const LONGEST_TEXT = 1000;
/** What was judged and found wrong is a failure; what could not be done is an error. */
const JUDGED = ['rejected', 'job-failed', 'integrity'];

/** A suite per app, a case per step; the form is that of the report of a run. What is deferred or not started is skipped, and what runs too. */
export function fleetJUnit({ rows }: FleetStatus, redactor: Redactor): string {
  const shown = (text: string, longest = LONGEST_TEXT) => shortLine(text, redactor, longest);
  const apps = [...new Set(rows.map(({ app }) => app))];
  const suites = apps.map((app) => {
    const own = rows.filter((row) => row.app === app);
    const cases = own.map((row) => caseOf(row, shown));
    const name = [...new Set(own.flatMap((row) => row.package ?? []))][0];
    const properties =
      name === undefined
        ? []
        : [
            `${element('properties', {}, element('property', { name: 'package', value: shown(name, LONGEST_NAME) }))}\n`,
          ];
    return `${element('testsuite', { name: `apptool.${shown(app, LONGEST_NAME)}`, ...countsOf(own) }, '\n', ...properties, ...cases)}\n`;
  });
  const { skipped: _, ...totals } = countsOf(rows);
  return `${DECLARATION}${element('testsuites', { name: 'apptool fleet', ...totals }, '\n', ...suites)}\n`;
}

function outcomeOf({ state, errorClass, required }: FleetRow): 'passed' | 'failures' | 'errors' | 'skipped' {
  if (state === 'done') return 'passed';
  if (state === 'look') return 'errors';
  if (state !== 'failed' || !required) return 'skipped';
  return JUDGED.includes(errorClass ?? '') ? 'failures' : 'errors';
}

function caseOf(row: FleetRow, shown: (text: string, longest?: number) => string): string {
  const outcome = outcomeOf(row);
  const why = row.message ?? (row.state === 'look' ? 'it may have landed' : row.state);
  const type = row.errorClass ?? row.state;
  const content = {
    passed: [],
    skipped: [element('skipped', {})],
    failures: [element('failure', { type, message: shown(why, LONGEST_NAME) }, escapeMarkup(shown(why)))],
    errors: [element('error', { type, message: shown(why, LONGEST_NAME) }, escapeMarkup(shown(why)))],
  }[outcome];
  const name = shown(row.step ?? 'release', LONGEST_NAME);
  return `${element('testcase', { name, classname: `apptool.${shown(row.app, LONGEST_NAME)}`, time: '0.000' }, ...content)}\n`;
}

function countsOf(rows: readonly FleetRow[]) {
  const count = (wanted: string) => rows.filter((row) => outcomeOf(row) === wanted).length;
  return {
    tests: rows.length,
    failures: count('failures'),
    errors: count('errors'),
    skipped: count('skipped'),
    time: '0.000',
  };
}
