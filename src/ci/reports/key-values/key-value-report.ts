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
  /** Takes back what an earlier command has left under these names, where the file is added to. */
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
  readonly redactor: Redactor;
  readonly write: (text: string) => void;
  readonly warnLeftOut: (where: string, names: readonly string[]) => void;
}

/** A file of `APPTOOL_RESULT_…` keys for the stages that follow. */
export function createKeyValueReport({ name, format, redactor, write, warnLeftOut }: KeyValueInput): Listener {
  return {
    name,
    ended({ document, receipt }) {
      const { values, unfit } = runValues({ document, receipt }, redactor);
      const leftOut = [...unfit];
      const given = new Set(values.map((one) => one.name));
      const absent = Object.keys(RUN_VALUES).filter((key) => !given.has(key));
      let text = format.intro + (format.withdraw?.(absent.map(keyOf)) ?? '');
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
      return [createKeyValueReport({ name, format, write, redactor: input.redactor, warnLeftOut: warnerOf(input) })];
    },
  };
}

/** A value's name outside of GitHub. */
export function keyOf(name: string): string {
  return `${PREFIX}${name.toUpperCase()}`;
}
