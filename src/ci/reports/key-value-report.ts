import type { Listener } from '../../contract/record/listener.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { runValues } from './run-values.ts';

/** No variable of a flag begins with it: GitLab sets the keys of a dotenv file in every later job. */
const PREFIX = 'APPTOOL_RESULT_';

/** How a file of keys and values is written, and what it takes. */
export interface KeyValueFormat {
  /** Its first line, or how its first line begins: by it one of ours is known. */
  readonly head: string;
  readonly intro: string;
  line(key: string, value: string): string;
  isFit(value: string): boolean;
  /** Of the whole file. */
  readonly longestBytes: number;
  readonly mostValues: number;
}

/**
 * https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv: 5 KB, 20 variables where nobody has raised it, no empty lines,
 * no quotes. What GitLab would expand is left out: `$X`, `${X}` and `%X%` in a dotenv value are replaced when a job uses it
 * (https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/ci/parse_dotenv_artifact_service.rb, `raw: false`).
 */
export const DOTENV: KeyValueFormat = {
  head: PREFIX,
  intro: '',
  line: (key, value) => `${key}=${value}\n`,
  isFit: (value) => /^[\x20-\x7e]+$/.test(value) && !/%\w*%/.test(value),
  longestBytes: 5 * 1024 - 1,
  mostValues: 20,
};

/** What `java.util.Properties.load` reads, in ASCII, so that the encoding does not matter. */
export const PROPERTIES: KeyValueFormat = {
  head: '# apptool',
  intro: '# apptool\n',
  line: (key, value) => `${key}=${escapeProperty(value)}\n`,
  isFit: () => true,
  longestBytes: Number.POSITIVE_INFINITY,
  mostValues: Number.POSITIVE_INFINITY,
};

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
      let text = format.intro;
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

function keyOf(name: string): string {
  return `${PREFIX}${name.toUpperCase()}`;
}

/** As `Properties.store` does it. */
function escapeProperty(value: string): string {
  return value
    .replace(/[\\=:#!]/g, '\\$&')
    .replace(/^ /, '\\ ')
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
