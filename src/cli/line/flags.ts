import type { SettingKey } from '../settings/settings.ts';

/** The shells that there is a completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What a shell can offer for a value, where neither the setting's schema nor `<file>` says it. */
export type Offered =
  | 'backends'
  | 'protecting-backends'
  | 'milestones'
  | 'backend-settings'
  | 'apps'
  | 'configs'
  | 'receipts'
  | readonly string[];

/** What a shell can offer for an operand of one of apptool's own commands. */
export const OFFERED_FOR_OPERANDS: Readonly<Record<string, Offered>> = {
  file: 'apps',
  job: 'receipts',
  receipt: 'receipts',
  shell: SHELLS,
};

/** One flag: its words are what `--help` shows; its checks and default are those of its setting. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What the value is, as help shows it; absent for a flag without a value. */
  readonly value?: string;
  readonly type: 'text' | 'number-or-text' | 'switch';
  /** The setting that it sets; `null` for the few that steer the command line itself. */
  readonly key: SettingKey | null;
  readonly offers?: Offered;
  /** May be given several times, with different values. */
  readonly isList?: boolean;
  /** For flags without a setting, which has the description otherwise. */
  readonly help?: string;
  /** In the help of every command. */
  readonly isGlobal?: boolean;
}

function takes(name: string, value: string, key: SettingKey, more: Partial<Flag> = {}): Flag {
  return { name, value, key, type: 'text', ...more };
}

function turnsOn(name: string, key: SettingKey, more: Partial<Flag> = {}): Flag {
  return { name, key, type: 'switch', ...more };
}

/** Every flag there is, in the order in which help shows them. */
export const FLAGS: readonly Flag[] = [
  takes('to', '<backend>', 'to', { offers: 'backends' }),
  takes('backend', '<id>', 'backend', { offers: 'protecting-backends' }),
  takes('environment', '<name>', 'environment', { short: 'e' }),
  takes('platform', '<android|ios>', 'platform'),
  takes('signing-key', '<id|none>', 'signingKey', { offers: ['none'] }),
  takes('output', '<file>', 'output', { short: 'o' }),
  turnsOn('force', 'force', { short: 'f' }),
  turnsOn('detach', 'detach'),
  takes('timeout', '<duration>', 'timeout'),
  takes('poll-interval', '<duration>', 'pollInterval'),
  takes('stall-timeout', '<duration>', 'stallTimeout'),
  takes('appear-timeout', '<duration>', 'appearTimeout'),
  takes('capacity-wait', '<duration>', 'capacityWait'),
  takes('until', '<milestone>', 'until', { offers: 'milestones' }),
  takes('release-notes', '<text>', 'releaseNotes'),
  takes('release-notes-file', '<file|->', 'releaseNotesFile'),
  takes('tags', '<a,b>', 'tags'),
  takes('publish-link', '<name>', 'publishLink'),
  takes('expect-package', '<id>', 'expectPackage'),
  takes('expect-input', '<sha256>', 'expectInput'),
  takes('expect-signer', '<sha256>', 'expectSigner'),
  takes('min-version-code', '<n>', 'minVersionCode'),
  turnsOn('allow-debuggable', 'allowDebuggable'),
  turnsOn('allow-unfit', 'allowUnfit'),
  turnsOn('fail-fast', 'failFast'),
  {
    name: 'step',
    value: '<id>',
    type: 'text',
    key: null,
    help: 'Use only this step of the receipt, such as publish:<backend>',
  },
  {
    name: 'resume',
    value: '<receipt>',
    type: 'text',
    key: null,
    offers: 'receipts',
    help: 'Do only what is missing in this receipt; fleet plan: in this folder of receipts',
  },
  {
    name: 'again',
    value: '<step>',
    type: 'text',
    key: null,
    isList: true,
    help: 'Send this step again, even if it landed or is done',
  },
  {
    name: 'from',
    value: '<publish|receipt>',
    type: 'text',
    key: null,
    offers: ['publish'],
    help: 'release: start at publish; publish: receipt of the protected file',
  },
  {
    name: 'signed',
    value: '<file>',
    type: 'text',
    key: null,
    offers: 'apps',
    help: 'Publish this file: the protected file after signing it elsewhere',
  },
  {
    name: 'plan',
    value: '<file>',
    type: 'text',
    key: null,
    offers: 'receipts',
    help: 'File of the plan (default: plan.json)',
  },
  {
    name: 'fleet',
    value: '<file>',
    type: 'text',
    key: null,
    offers: 'configs',
    help: 'Fleet file (default: apptool.fleet.yaml or .json in this folder)',
  },
  { name: 'only', value: '<app,app>', type: 'text', key: null, help: 'Plan only these apps' },
  {
    name: 'changed-since',
    value: '<commit>',
    type: 'text',
    key: null,
    help: 'Plan only apps whose paths changed since this commit (git)',
  },
  { name: 'slots', value: '<n>', type: 'text', key: null, help: 'Builds at a time (default: from the fleet file)' },
  {
    name: 'format',
    value: '<name>',
    type: 'text',
    key: null,
    offers: ['json', 'github', 'gitlab', 'jenkins', 'azure', 'circleci', 'shell'],
    help: 'Format of the plan: json, github, gitlab, jenkins, azure, circleci, shell',
  },
  {
    name: 'allow-environment',
    value: '<name>',
    type: 'text',
    key: null,
    offers: ['staging'],
    help: 'With --from: also publish files protected for this environment',
  },
  { name: 'all', type: 'switch', key: null, help: 'Also show settings that have their default' },
  { name: 'limit', value: '<n>', type: 'text', key: null, help: 'Maximum number of rows (default: 50)' },
  { name: 'yes', short: 'y', type: 'switch', key: null, help: 'Delete without asking' },
  { name: 'name', value: '<name>', type: 'text', key: null, help: 'Name of the new key or token' },
  {
    name: 'status',
    value: '<word>',
    type: 'text',
    key: null,
    help: 'Only builds with this status, as the backend calls it',
  },
  { name: 'version-name', value: '<text>', type: 'text', key: null, help: 'Version name of a build' },
  {
    name: 'shows',
    value: '<builds>',
    type: 'text',
    key: null,
    help: 'Builds to show: last (default), tag:<tag>, branch:<name>, git-tag:<name>, build:<build>',
  },
  {
    name: 'security',
    value: '<public|password|logged>',
    type: 'text',
    key: null,
    offers: ['public', 'password', 'logged'],
    help: 'Who can open the link (default: logged; password, if its variable is set)',
  },
  {
    name: 'visibility',
    value: '<active|inactive|unlisted>',
    type: 'text',
    key: null,
    offers: ['active', 'inactive', 'unlisted'],
    help: 'Whether the store lists the publication (default: unlisted)',
  },
  { name: 'changelog', value: '<text>', type: 'text', key: null, help: 'What is new in a build' },
  { name: 'alias', value: '<alias>', type: 'text', key: null, help: 'Alias of the key in its keystore (Android)' },
  { name: 'default', type: 'switch', key: null, help: "Make the key the tenant's default" },
  takes('receipt', '<file>', 'receipt', { offers: 'receipts' }),
  turnsOn('github', 'github'),
  takes('gitlab-dotenv', '<file>', 'gitlabDotenv'),
  takes('junit', '<file>', 'junit'),
  takes('junit-suite', '<name>', 'junitSuite'),
  takes('jenkins-properties', '<file>', 'jenkinsProperties'),
  takes('env-out', '<file>', 'envOut'),
  takes('summary', '<file>', 'summary'),
  turnsOn('azure', 'azure'),
  turnsOn('bitrise', 'bitrise'),
  takes('concurrency', '<auto|1-16>', 'concurrency', { type: 'number-or-text' }),
  {
    name: 'set',
    value: '<backend>.<key>=<v>',
    type: 'text',
    key: null,
    isList: true,
    offers: 'backend-settings',
    help: 'Set any setting of a backend; @file reads the value from a file',
  },
  { name: 'port', value: '<number>', type: 'text', key: null, help: 'Port to serve on (default: a free one)' },
  { name: 'processing-time', value: '<duration>', type: 'text', key: null, help: 'How long a job takes (default: 2s)' },
  {
    name: 'appear-time',
    value: '<duration>',
    type: 'text',
    key: null,
    help: 'How long the status of a new job is 404 (default: 300ms)',
  },
  {
    name: 'result',
    value: '<completed|failed>',
    type: 'text',
    key: null,
    offers: ['completed', 'failed'],
    help: 'How a job ends (default: completed)',
  },
  {
    name: 'concurrency-limit',
    value: '<number>',
    type: 'text',
    key: null,
    help: 'Jobs at a time; further jobs get HTTP 429 (default: 2)',
  },
  {
    name: 'weekly-limit',
    value: '<number>',
    type: 'text',
    key: null,
    help: 'Jobs in seven days per platform and environment (default: none)',
  },
  {
    name: 'config',
    short: 'c',
    value: '<file>',
    type: 'text',
    key: null,
    offers: 'configs',
    help: 'Config file to use, instead of searching for one',
    isGlobal: true,
  },
  turnsOn('json', 'json', { isGlobal: true }),
  takes('events', '<file|->', 'events', { isGlobal: true }),
  turnsOn('quiet', 'quiet', { short: 'q', isGlobal: true }),
  turnsOn('verbose', 'verbose', { short: 'v', isGlobal: true }),
  turnsOn('no-color', 'noColor', { isGlobal: true }),
  turnsOn('no-progress', 'noProgress', { isGlobal: true }),
  turnsOn('sandbox', 'sandbox', { isGlobal: true }),
  turnsOn('dry-run', 'dryRun', { isGlobal: true }),
  { name: 'version', short: 'V', type: 'switch', key: null, help: 'Print the version', isGlobal: true },
  { name: 'help', short: 'h', type: 'switch', key: null, help: 'Show help', isGlobal: true },
];

/** Those that most runs use: a help page that would be longer than a screen describes these, and names the others. */
export const MAIN_FLAGS: readonly string[] = [
  'to',
  'backend',
  'environment',
  'output',
  'force',
  'detach',
  'timeout',
  'until',
  'receipt',
];

/** Those of every command that does something for a release: what a CI reads of it. */
export const REPORT_FLAGS: readonly string[] = [
  ...['github', 'gitlab-dotenv', 'junit', 'junit-suite', 'jenkins-properties'],
  ...['env-out', 'summary', 'azure', 'bitrise'],
];

/** What was given on the command line, by flag name. */
export type FlagValues = Readonly<Record<string, string | true | readonly string[]>>;

export function flagNamed(name: string): Flag | undefined {
  return FLAGS.find((flag) => flag.name === name);
}

/** The variable of a flag: `--poll-interval` is `APPTOOL_POLL_INTERVAL`. */
export function variableOf(flag: Flag): string {
  return `APPTOOL_${flag.name.toUpperCase().replaceAll('-', '_')}`;
}
