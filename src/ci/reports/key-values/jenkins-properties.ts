import { type KeyValueFormat, replacedKeyValues } from './key-value-report.ts';

/** What `java.util.Properties.load` reads, in ASCII, so that the encoding does not matter. */
export const PROPERTIES: KeyValueFormat = {
  head: '# apptool',
  intro: '# apptool\n',
  line: (key, value) => `${key}=${escapeProperty(value)}\n`,
  isFit: () => true,
  longestBytes: Number.POSITIVE_INFINITY,
  mostValues: Number.POSITIVE_INFINITY,
};

export const JENKINS_PROPERTIES = replacedKeyValues('--jenkins-properties', 'jenkinsProperties', PROPERTIES);

/** As `Properties.store` does it. */
function escapeProperty(value: string): string {
  return value
    .replace(/[\\=:#!]/g, '\\$&')
    .replace(/^ /, '\\ ')
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
