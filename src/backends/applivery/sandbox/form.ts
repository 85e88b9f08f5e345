import * as z from 'zod';
import type { ReceivedFile, ReceivedForm } from '../../../contract/backend/sandbox.ts';
import { endingOf } from '../../../contract/text/file-ending.ts';
import { OTHER_FILES } from '../other-files.ts';
import { Refusal } from './refusal.ts';

/** "Supported formats", as the older copy of the page lists them. */
const BUILD_FILES = ['ipa', 'apk', 'aab', ...OTHER_FILES];
/** "Cannot be processed automatically (e.g., custom platforms)": the others are read by what they are. */
const READ_PLATFORMS = ['ios', 'macos', 'android'];
const PLATFORMS = ['ios', 'macos', 'android', 'ps4', 'ps5', 'switch', 'xbox-one', 'xbox-series'];
const LANGUAGES = ['es', 'en', 'fr', 'ge', 'it', 'zh', 'pt', 'ru'];
const DEPLOYER_INFO = [
  'commitMessage',
  'commit',
  'branch',
  'tag',
  'triggerTimestamp',
  'buildUrl',
  'ciUrl',
  'repositoryUrl',
  'buildNumber',
];

/** What the Bitrise step for iOS sends besides, and nothing is said of: taken, and not looked at. */
const UNDOCUMENTED_FILES = ['simulatorBuild'];
const UNDOCUMENTED_FIELDS = ['provisionUrl', 'certificateUrl', 'certificatePassphrase'].map(
  (name) => `deployer.info.${name}`,
);

/** What each field has to be: "Build metadata", "Notifications" and "CI/CD deployer information". */
const FIELDS: Readonly<Record<string, (value: string) => boolean>> = {
  buildPlatform: (value) => PLATFORMS.includes(value.toLowerCase()),
  packageName: isText,
  packageVersion: isText,
  versionName: isText,
  tags: isText,
  changelog: isText,
  notifyCollaborators: isBoolean,
  notifyEmployees: isBoolean,
  notifyMessage: isText,
  notifyLanguage: (value) => LANGUAGES.includes(value),
  'deployer.name': isText,
  ...Object.fromEntries(DEPLOYER_INFO.map((name) => [`deployer.info.${name}`, isText])),
  // "Unix timestamp (ms)"; the fastlane plugin and the Bitrise step send seconds, the GitHub action ISO 8601.
  'deployer.info.triggerTimestamp': (value) => /^(?:\d{10}|\d{13}|\d{4}-\d\d-\d\dT[\d:.]+Z)$/.test(value),
};

/** An upload as the vendor's page describes it. */
export interface BuildForm {
  readonly build: ReceivedFile;
  /** The fields by name, without the filter and the deployer. */
  readonly fields: Readonly<Record<string, string>>;
  readonly filter: readonly (readonly string[])[];
  readonly deployer: { readonly name: string | null; readonly info: Readonly<Record<string, string>> };
}

/** Throws `Refusal` for what the page does not allow. It gives no code for that; 5006 is what their own tools take for a bad file. */
export function readBuildForm(form: ReceivedForm): BuildForm {
  const { build, icon } = readFiles(form);
  const fields: Record<string, string> = {};
  const info: Record<string, string> = {};
  const filter: string[][] = [];
  for (const { name, value } of form.fields.map(asDocumented)) {
    // The fastlane plugin and the Bitrise step send what they do not know as empty fields.
    if (value === '' || UNDOCUMENTED_FIELDS.includes(name) || addToFilter(filter, name, value)) continue;
    checkField(name, value);
    const [, inInfo] = /^deployer\.info\.(.+)$/.exec(name) ?? [];
    const into = inInfo === undefined ? fields : info;
    if (Object.hasOwn(into, inInfo ?? name)) throw refuse(`${name}: given twice`);
    into[inInfo ?? name] = value;
  }
  checkCustomPlatform(build, fields, icon);
  const { 'deployer.name': name = null, ...rest } = fields;
  return { build, fields: rest, filter, deployer: { name, info } };
}

function checkField(name: string, value: string): void {
  const isRight = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (isRight === undefined) throw refuse(`${name}: unknown field`);
  if (!isRight(value)) throw refuse(`${name}: invalid value`);
}

function readFiles({ files }: ReceivedForm) {
  const builds = files.filter(({ name }) => name === 'build');
  const [build] = builds;
  if (build === undefined || builds.length > 1) throw refuse('build: exactly one file is required');
  if (endingOf(build.fileName, BUILD_FILES) === null || build.sizeBytes === 0) throw refuse('build: unsupported file');
  const icon = files.find(({ name }) => name === 'packageIcon');
  if (icon !== undefined && !/\.(png|jpeg)$/.test(icon.fileName)) throw refuse('packageIcon: must be .png or .jpeg');
  const stray = files.find(({ name }) => !['build', 'packageIcon', ...UNDOCUMENTED_FILES].includes(name));
  if (stray !== undefined) throw refuse(`${stray.name}: unknown file`);
  return { build, icon };
}

/** `deployer[info][branch]`, as the fastlane plugin writes it, is `deployer.info.branch`; it sends what git prints, line break included. */
function asDocumented({ name, value }: ReceivedForm['fields'][number]): ReceivedForm['fields'][number] {
  if (!name.startsWith('deployer')) return { name, value };
  return { name: name.replaceAll(/\[(\w+)\]/g, '.$1'), value: value.trim() };
}

const Groups = z.array(z.array(z.string().min(1)).min(1)).min(1);

/** `a,b|c`, as the vendor's own clients write it: the groups of a clause by commas, the clauses by bars; or the older pages' `[["a","b"],["c"]]`. */
function readFilterText(text: string): string[][] {
  const nested = Groups.safeParse(text.startsWith('[') ? parsed(text) : null);
  if (nested.success) return nested.data;
  if (text.startsWith('[')) throw refuse('filter: invalid value');
  return text.split('|').map((clause) => clause.split(',').map((group) => group.trim()));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `filter[0][1]` is the second group of the first AND clause. `false` for another field. */
function addToFilter(filter: string[][], name: string, value: string): boolean {
  if (name === 'filter') return filter.push(...readFilterText(value)) > 0;
  const [, or, and] = /^filter\[(\d{1,3})\]\[(\d{1,3})\]$/.exec(name) ?? [];
  if (or === undefined || and === undefined) return false;
  const clause = filter[Number(or)] ?? [];
  filter[Number(or)] = clause;
  clause[Number(and)] = value;
  return true;
}

/** "Required when the build file cannot be processed automatically (e.g., custom platforms)." */
function checkCustomPlatform(
  { fileName }: ReceivedFile,
  fields: Readonly<Record<string, string>>,
  icon: ReceivedFile | undefined,
): void {
  const isCustomFile = /\.(?:nsp|zip|tar\.gz)$/i.test(fileName);
  const platform = fields.buildPlatform?.toLowerCase();
  if (isCustomFile && platform === undefined) throw refuse('buildPlatform: required for such a file');
  if (!isCustomFile && (platform === undefined || READ_PLATFORMS.includes(platform))) return;
  for (const name of ['packageName', 'packageVersion'])
    if (fields[name] === undefined) throw refuse(`${name}: required for ${platform}`);
  if (icon === undefined) throw refuse(`packageIcon: required for ${platform}`);
}

function isText(value: string): boolean {
  return value !== '';
}

function isBoolean(value: string): boolean {
  return value === 'true' || value === 'false';
}

function refuse(message: string): Refusal {
  return new Refusal(400, 5006, message);
}
