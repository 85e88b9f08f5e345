import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { openAppended } from '../../files/appended-file.ts';
import { type ReportKind, type ReportsInput, reportFile, warnerOf } from '../report-kind.ts';
import { createKeyValueReport, type KeyValueFormat } from './key-value-report.ts';

const ENDLESS = { longestBytes: Number.POSITIVE_INFINITY, mostValues: Number.POSITIVE_INFINITY };

/**
 * What every POSIX shell sources: between single quotes nothing but a single quote means anything
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02). The line break in front ends a line that an earlier
 * command may have left open.
 */
export const SHELL: KeyValueFormat = {
  ...ENDLESS,
  head: '',
  intro: '\n',
  withdraw: (keys) => (keys.length === 0 ? '' : `unset ${keys.join(' ')}\n`),
  line: (key, value) => `export ${key}='${value.replaceAll("'", `'\\''`)}'\n`,
  isFit: (value) => !value.includes('\0'),
};

/** Values that no reader of `KEY=value` could take for anything else; others go between delimiters. */
const PLAIN = /^[\w.,:/@+-]*$/;

/**
 * https://docs.codemagic.io/yaml-basic-configuration/using-environment-variables/: `KEY=value` lines, and `KEY<<DELIMITER`, the value, the
 * delimiter. Quotes would be part of the value. Nothing takes a variable back, so an earlier one becomes empty.
 */
export const CODEMAGIC: KeyValueFormat = {
  ...ENDLESS,
  head: '',
  intro: '',
  withdraw: (keys) => keys.map((key) => `${key}=\n`).join(''),
  line: (key, value) => {
    if (PLAIN.test(value)) return `${key}=${value}\n`;
    const delimiter = `apptool-${randomBytes(16).toString('hex')}`;
    return `${key}<<${delimiter}\n${value}\n${delimiter}\n`;
  },
  isFit: (value) => !value.includes('\0'),
};

const NAME = '--env-out';

/** Variables for the steps that follow in the same job. */
export const ENV_OUT: ReportKind = {
  files: ({ settings }) => reportFile(NAME, settings.envOut, 'added'),
  open: (input) => {
    const { envOut: path } = input.settings;
    if (path === undefined) return [];
    const write = openAppended(NAME, path, 'variables').append;
    const { redactor, environment } = input;
    const common = { redactor, environment, warnLeftOut: warnerOf(input) };
    return [createKeyValueReport({ name: NAME, format: formatOf(path, input), write, ...common })];
  },
};

/** The file that Codemagic reads for the steps that follow is no shell script. */
function formatOf(path: string, { environment: { CM_ENV = '' } }: ReportsInput): KeyValueFormat {
  return CM_ENV !== '' && resolve(CM_ENV) === resolve(path) ? CODEMAGIC : SHELL;
}
