import * as z from 'zod';
import { didYouMean } from '../../contract/text/suggest.ts';
import { duration } from './durations.ts';

const MOST_PARTS_IN_FLIGHT = 16;
const WHOLE_NUMBER = `must be a whole number from 1 to ${MOST_PARTS_IN_FLIGHT}, or auto`;

function text(what: string) {
  return z.string({ error: `expected ${what}` }).superRefine((value, issues) => {
    if (value === '') issues.addIssue({ code: 'custom', message: 'is empty' });
    if (value.includes('\0')) issues.addIssue({ code: 'custom', message: 'contains a NUL character' });
  });
}

function word<T extends string>(values: readonly [T, ...T[]], message: string) {
  return z.preprocess(
    (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    z.enum(values, { error: ({ input }) => `${message}${didYouMean(String(input), values)}` }),
  );
}

const LONGEST_NOTES = 64 * 1024;
const LONGEST_SUITE = 100;

/** `a,b` or a list; no tag is empty. */
const tagList = z
  .union([z.string().transform((value) => value.split(',').map((tag) => tag.trim())), z.array(z.string())], {
    error: 'expected tags separated by commas',
  })
  .refine((tags) => tags.every((tag) => tag !== ''), { error: 'contains an empty tag' });

const yes = z.boolean({ error: 'expected true or false' });

/** `a,b` or a list, as the text of a flag. */
const backendList = z
  .union([text('backends'), z.array(text('a backend id')).min(1)], { error: 'expected backends separated by commas' })
  .transform((value) => (typeof value === 'string' ? value : value.join(',')));

/** As keytool and apksigner print it, or without colons. */
const fingerprint = z
  .string({ error: 'expected a SHA-256' })
  .regex(/^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i, { error: 'must be a SHA-256: 64 hexadecimal digits' })
  .transform((value) => value.replaceAll(':', '').toLowerCase());

const VERSION_CODE = 'must be a whole number of at most 15 digits, or several with dots between them';

const versionCode = z
  .union([z.int().transform(String), z.string()], { error: VERSION_CODE })
  .refine((value) => /^\d{1,15}(?:\.\d{1,15}){0,9}$/.test(value), { error: VERSION_CODE });

/**
 * The settings that every command understands, once: their types, checks, defaults, descriptions, the JSON Schema and the help all
 * come from here. A key is a flag in camelCase, and the variable `APPTOOL_<FLAG>`.
 */
export const Settings = z.strictObject({
  backend: text('a backend id').optional().describe('Backend to protect with'),
  to: backendList.optional().describe('Backend; publish, doctor and init take several: a,b'),
  environment: word(
    ['dev', 'development', 'stg', 'staging', 'prod', 'production'],
    'must be dev, staging or prod (aliases: development, stg, production)',
  )
    .optional()
    .describe('What to protect for: dev, staging or prod'),
  platform: word(['android', 'ios'], 'must be android or ios')
    .optional()
    .describe('Platform of the app (of a file: detected)'),
  signingKey: text('a signing key id')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    .refine((value) => !/[\u0000-\u001f\u007f]/.test(value), { error: 'contains a control character' })
    .optional()
    .describe("Key to sign the output with; default: the tenant's"),
  until: text('a milestone').optional().describe('Milestone to wait for, see apptool backends'),
  releaseNotes: text('a text')
    .refine((value) => Buffer.byteLength(value) <= LONGEST_NOTES, { error: 'release notes are larger than 64 KiB' })
    .optional()
    .describe('Release notes for testers'),
  releaseNotesFile: text('a file path').optional().describe('Release notes from a file; - is standard input'),
  tags: tagList.optional().describe('Tags of the build, separated by commas'),
  publishLink: text('a name').optional().describe('Hand the build out at a link of this name'),
  expectPackage: text('a package name or bundle id').optional().describe('Refuse a file or receipt of another app'),
  expectInput: fingerprint.optional().describe('Refuse a receipt of another file, by its SHA-256'),
  expectSigner: fingerprint.optional().describe('Refuse an APK without a valid signature by this certificate'),
  minVersionCode: versionCode.optional().describe('Refuse a lower version code (or build number such as 1.2.3)'),
  allowDebuggable: yes.optional().describe('Allow a debuggable app in production'),
  allowUnfit: yes.optional().describe('Allow a file in production that no store accepts'),
  failFast: yes.optional().describe('Stop the other targets at the first failure'),
  output: text('a file path').optional().describe('Output file (protect: <name>-protected.<ext>)'),
  force: yes.optional().describe('Replace an existing output'),
  detach: yes.optional().describe('Stop after the upload; print the job reference'),
  timeout: duration('10s', '24h', '45m').prefault('60m').describe('Maximum time to wait for the job'),
  pollInterval: duration('1ms', '1h', '15s').prefault('15s').describe('Polling interval'),
  stallTimeout: duration('1s', '1h', '60s').prefault('60s').describe('Maximum time without a byte moving'),
  appearTimeout: duration('0s', '1h', '5m').prefault('5m').describe('Maximum time for a new job to show up'),
  capacityWait: duration('0s', '24h', '10m').prefault('10m').describe('Maximum time to wait for a build slot'),
  concurrency: z
    .union([z.literal('auto'), z.int().min(1, WHOLE_NUMBER).max(MOST_PARTS_IN_FLIGHT, WHOLE_NUMBER)], {
      error: WHOLE_NUMBER,
    })
    .prefault('auto')
    .describe('Parts to upload in parallel: a number, or auto'),
  receipt: text('a file path').optional().describe('Write a receipt to this file, at every step'),
  events: text('a file path').optional().describe('Append events to this file as JSON lines; - is stderr'),
  github: yes.optional().describe('Write step outputs, job summary, annotations (automatic in GitHub Actions)'),
  gitlabDotenv: text('a file path').optional().describe('Write a dotenv report for GitLab to this file'),
  junit: text('a file path').optional().describe('Write a JUnit report of steps and findings to this file'),
  junitSuite: text('a name')
    .refine((value) => value.length <= LONGEST_SUITE, { error: `is longer than ${LONGEST_SUITE} characters` })
    .optional()
    .describe('Name of the suites in the JUnit report; default: apptool and the app'),
  jenkinsProperties: text('a file path').optional().describe('Write a properties file for Jenkins'),
  envOut: text('a file path').optional().describe('Add variables to this file, for a POSIX shell or Codemagic'),
  summary: text('a file path').optional().describe('Write a summary to this file, as Markdown'),
  azure: yes.optional().describe('Write output variables, issues, a summary (automatic in Azure Pipelines)'),
  bitrise: yes.optional().describe('Write variables, test results, files to keep (automatic in Bitrise)'),
  json: yes.optional().describe('Print one JSON document on stdout'),
  quiet: yes.optional().describe('Print only the result, warnings and errors'),
  verbose: yes.optional().describe('Print every request with its status code too, and the causes of an error'),
  noColor: yes.optional().describe('Print no colours'),
  noProgress: yes.optional().describe('Print no progress'),
  sandbox: yes.optional().describe('Run against an embedded sandbox'),
  dryRun: yes.optional().describe('Check everything possible; send no request that writes'),
});

export type SettingKey = keyof z.infer<typeof Settings>;
export type SettingValues = z.infer<typeof Settings>;

export const SETTING_KEYS = Object.keys(Settings.shape) as SettingKey[];
