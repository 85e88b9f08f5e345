import type { Env } from '../../../contract/env.ts';
import type { Listener } from '../../../contract/record/listener.ts';
import type { Redactor } from '../../../contract/text/redact.ts';
import { openReplaced } from '../../files/replaced-file.ts';
import { type ReportKind, reportFile, warnerOf } from '../report-kind.ts';
import { RUN_VALUES, runValues } from '../run-values.ts';

/** No variable of a flag begins with it: GitLab sets the keys of a dotenv file in every later job. */
export const PREFIX = 'APPTOOL_RESULT_';

/** How a file of keys and values is written, and what it takes. */
export interface KeyValueFormat {
  /** Its first line, or how its first line begins: by it one of ours is known. */
  readonly head: string;
  readonly intro: string;
  /** Takes back what an earlier command may have left under these names, where the file is added to. */
  readonly withdraw?: (keys: readonly string[]) => string;
  line(key: string, value: string): string;
  isFit(value: string): boolean;
  /** Of the whole file. */
  readonly longestBytes: number;
  readonly mostValues: number;
}

export interface KeyValueInput {
  readonly name: string;
  readonly format: KeyValueFormat;
  readonly environment: Env;
  readonly redactor: Redactor;
  readonly write: (text: string) => void;
  readonly warnLeftOut: (where: string, names: readonly string[]) => void;
}

/** A file of `APPTOOL_RESULT_…` keys for the stages that follow. */
export function createKeyValueReport(input: KeyValueInput): Listener {
  const { name, format, environment, redactor, write, warnLeftOut } = input;
  return {
    name,
    ended({ document, receipt }) {
      const { values, unfit } = runValues({ document, receipt }, redactor);
      const leftOut = [...unfit];
      const given = new Set(values.map((one) => keyOf(one.name)));
      const known = new Set([...Object.keys(RUN_VALUES).map(keyOf), ...keysIn(environment)]);
      let text = format.intro + (format.withdraw?.([...known].filter((key) => !given.has(key))) ?? '');
      let count = 0;
      for (const { name: key, value } of values) {
        const line = format.line(keyOf(key), value);
        const isRoom = count < format.mostValues && Buffer.byteLength(text + line) <= format.longestBytes;
        if (!isRoom || !format.isFit(value)) {
          leftOut.push(key);
          continue;
        }
        text += line;
        count += 1;
      }
      write(text);
      warnLeftOut(name, leftOut.map(keyOf));
    },
  };
}

/** A file of a setting's, in place of the one of an earlier run. */
export function replacedKeyValues(
  name: string,
  setting: 'gitlabDotenv' | 'jenkinsProperties',
  format: KeyValueFormat,
): ReportKind {
  return {
    files: ({ settings }) => reportFile(name, settings[setting], 'replaced'),
    open: (input) => {
      const path = input.settings[setting];
      if (path === undefined) return [];
      const write = openReplaced(name, path, format.head);
      const { redactor, environment } = input;
      return [createKeyValueReport({ name, format, environment, redactor, write, warnLeftOut: warnerOf(input) })];
    },
  };
}

/** What an earlier step of the job has left: not true of this one. */
export function keysIn(environment: Env): readonly string[] {
  return Object.keys(environment).filter((key) => /^APPTOOL_RESULT_\w+$/.test(key) && (environment[key] ?? '') !== '');
}

/** A value's name outside of GitHub. */
export function keyOf(name: string): string {
  return `${PREFIX}${name.toUpperCase()}`;
}
