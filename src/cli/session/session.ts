import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { UploadOptions } from '../../contract/adapter.ts';
import type { AdapterInput, BackendDefinition, CredentialSpec } from '../../contract/backend/definition.ts';
import type { BuildMetadata } from '../../contract/build-metadata.ts';
import type { Env } from '../../contract/env.ts';
import { AppToolError, LocalIoError, UsageError } from '../../contract/errors.ts';
import { fileProblem, isMissing } from '../../contract/text/file-problem.ts';
import { isLoopbackHost } from '../../contract/text/host.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import type { OpenBackend } from '../../run/backend.ts';
import type { Expectations } from '../../run/checks/preflight.ts';
import type { RunContext } from '../../run/journal/journal.ts';
import { addressesOf, type BackendParts, type Doors, openBackend, openDoors } from '../../run/open/open-backend.ts';
import { withoutCredentials } from '../../run/open/without-credentials.ts';
import { realClock } from '../../run/real-clock.ts';
import { checkBaseAddress } from '../../transfer/http/address.ts';
import type { ProxySettings } from '../../transfer/http/connection/proxy-choice.ts';
import type { CommandResult, CommandSpec, Invocation } from '../line/command.ts';
import { FLAGS } from '../line/flags.ts';
import type { Confirm } from '../process/confirm.ts';
import type { OpenQuestions } from '../process/questions.ts';
import type { ConfigFile } from '../settings/config/config-file.ts';
import { isGiven, readCredentials } from '../settings/credentials.ts';
import { readNetworkEnvironment } from '../settings/network-environment.ts';
import { checkPageUrl } from '../settings/page-url.ts';
import { proxySecrets } from '../settings/proxy-secrets.ts';
import { readReleaseNotes } from '../settings/release-notes.ts';
import { type ResolvedSettings, unknownBackend } from '../settings/resolve-settings.ts';
import { isFlag, subjectOf } from '../settings/source.ts';

const LEAST_POLL_INTERVAL_MS = 1_000;

/** All that a command needs: what was asked, what is configured, and how to reach a backend. */
export interface Session {
  readonly invocation: Invocation;
  readonly settings: ResolvedSettings;
  readonly config: ConfigFile | null;
  readonly environment: Env;
  readonly backends: readonly BackendDefinition[];
  /** apptool's own commands. */
  readonly commands: readonly CommandSpec[];
  readonly ctx: RunContext;
  /** Prints the result before the command has ended; for `sandbox`, which serves until it is stopped. */
  readonly printNow: (result: CommandResult) => void;
  /**
   * A backend, configured and ready; makes no request. Throws for settings or credentials that cannot work. One that is `idle` is not to be
   * asked in this run: it is opened also where none of its credentials is set, and then its calls reject.
   */
  open(id: string, use?: 'idle'): Promise<OpenBackend>;
  /** What a backend's own commands work with; the same checks as `open`. */
  openFor(
    id: string,
    more: readonly CredentialSpec[],
  ): Promise<{ readonly input: AdapterInput<unknown>; readonly ifRefused: string }>;
  /** The same without the checks: for whoever has made them one by one. */
  doorsFor(parts: DoorParts): Doors;
  /** How many builds this backend has left, where it or another can be asked with the credentials that are set. Makes no request yet. */
  quotaOf(id: string): Promise<OpenBackend['quota']>;
  readonly redactor: Redactor;
  readonly pid: number;
  /** Id of the parent process as it is now. */
  readonly parentPid: () => number;
  /** Whether backends were opened, all of them on this machine: such a run releases nothing. */
  readonly isOnLoopback: () => boolean;
  /** Host of a backend's address. */
  hostOf(id: string): string | null;
  /** Standard input, opened when it is first asked for. */
  readonly stdin: () => Readable;
  readonly questions: OpenQuestions;
  /** Asks the person at the terminal; `null` where there is none. */
  readonly confirm: Confirm;
  /** The definition of a backend. Throws `UsageError` for an unknown one. */
  definition(id: string): BackendDefinition;
  /** The same run with another config: for a step that has settings of its own. Closed with this one. */
  over(config: ConfigFile): Session;
  close(): Promise<void>;
}

/** What a backend is opened with, checked. */
interface DoorParts {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentials: AdapterInput<unknown>['credentials'];
  readonly proxies: ProxySettings;
  /** The base addresses among the settings, the backend's own first. */
  readonly addresses: readonly string[];
}

export interface SessionParts {
  readonly invocation: Invocation;
  readonly settings: ResolvedSettings;
  /** The settings with another config. */
  readonly settingsOver: (config: ConfigFile) => ResolvedSettings;
  readonly config: ConfigFile | null;
  readonly environment: Env;
  readonly backends: readonly BackendDefinition[];
  /** apptool's own commands. */
  readonly commands: readonly CommandSpec[];
  readonly redactor: Redactor;
  readonly ctx: RunContext;
  readonly build: () => Promise<BuildMetadata>;
  /** Standard input, opened when it is first asked for. */
  readonly stdin: () => Readable;
  readonly questions: OpenQuestions;
  readonly confirm: Confirm;
  readonly pid: number;
  readonly parentPid: () => number;
  readonly printNow: (result: CommandResult) => void;
}

export function createSession(parts: SessionParts): Session {
  const { settings, environment, backends, redactor, ctx } = parts;
  const opened: { close(): Promise<void> }[] = [];
  /** By backend, whether all its addresses are on this machine. */
  const onLoopback = new Map<string, boolean>();
  const hostOf = (id: string): string | null => {
    const [key = ''] = definition(id).addresses;
    const address = String(settings.backends[id]?.values[key] ?? '');
    return URL.canParse(address) ? new URL(address).host : null;
  };
  const warn = (code: string, message: string) => ctx.emit({ type: 'warning', code, message });
  const definition = (id: string): BackendDefinition => {
    const found = backends.find((backend) => backend.id === id);
    if (found === undefined) throw unknownBackend(id, backends);
    return found;
  };
  const kept = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  const doorsFor: Session['doorsFor'] = ({ settings: own, credentials, proxies, addresses }) =>
    kept(openDoors({ ...told, settings: own, credentials, network: networkBy(proxies) }, addresses));
  const networkBy = (proxies: ProxySettings) => ({
    proxies,
    stallTimeoutMs: settings.values.stallTimeout,
    clock: realClock,
  });
  const told = { build: parts.build, conceal: redactor.add, concealAddress: redactor.addAddress };
  const partsFor = (backend: BackendDefinition, specs: readonly CredentialSpec[]): BackendParts => {
    const own = checkedSettings(backend, settings);
    checkPollInterval(settings, addressesOf(backend, own));
    const proxies = readNetworkEnvironment(environment, warn);
    for (const secret of proxySecrets(proxies)) redactor.add(secret);
    const network = networkBy(proxies);
    const { values, ifRefused } = readCredentials(specs, { environment, redactor, warn });
    checkPageUrl(backend.id, settings, redactor);
    return { ...told, settings: own, credentials: values, network, ifRefused };
  };
  /** Says of a backend that is on this machine that nothing is released: variables of a rehearsal are easily left behind. */
  const noteWhere = (id: string, own: BackendParts): BackendParts => {
    if (onLoopback.has(id)) return own;
    const isHere = addressesOf(definition(id), own.settings).every((one) => isLoopbackHost(new URL(one).hostname));
    onLoopback.set(id, isHere);
    // With --sandbox that has been said.
    if (isHere && settings.values.sandbox !== true) warn('loopback', `${id} is at ${hostOf(id)}; nothing is released`);
    return own;
  };
  const openFor: Session['openFor'] = async (id, more) => {
    const backend = definition(id);
    const { ifRefused, ...own } = noteWhere(id, partsFor(backend, [...backend.credentials, ...more]));
    const { input } = kept(openDoors(own, addressesOf(backend, own.settings)));
    return { input, ifRefused };
  };
  /** Asked only where its credentials are set. One that cannot be opened is not needed. */
  const quotaBy = async (id: string | undefined): Promise<OpenBackend['quota']> => {
    const other = backends.find((backend) => backend.id === id);
    if (other === undefined || !other.credentials.every((one) => one.isOptional === true || isGiven(one, environment)))
      return undefined;
    try {
      return kept(await openBackend(other, partsFor(other, other.credentials))).quota;
    } catch (error) {
      if (!(error instanceof AppToolError)) throw error;
      warn('quota-unknown', `cannot read how many builds are left this week: ${error.message}`);
      return undefined;
    }
  };
  return {
    ...parts,
    definition,
    hostOf,
    isOnLoopback: () => onLoopback.size > 0 && [...onLoopback.values()].every(Boolean),
    openFor,
    doorsFor,
    quotaOf: (id) => quotaBy(definition(id).quotaBy ?? id),
    over: (config) => kept(createSession({ ...parts, config, settings: parts.settingsOver(config) })),
    async open(id, use) {
      const backend = definition(id);
      if (use === 'idle' && !backend.credentials.some((one) => isGiven(one, environment))) {
        return kept(await openBackend(withoutCredentials(backend), noteWhere(id, partsFor(backend, []))));
      }
      const open = kept(await openBackend(backend, noteWhere(id, partsFor(backend, backend.credentials))));
      const quota = open.quota ?? (await quotaBy(backend.quotaBy));
      return quota === undefined ? open : { ...open, quota };
    },
    async close() {
      await Promise.all(opened.map((one) => one.close()));
    },
  };
}

/** A backend's settings with its addresses checked and in their plain form. */
function checkedSettings(backend: BackendDefinition, settings: ResolvedSettings): Record<string, unknown> {
  const own: Record<string, unknown> = { ...settings.backends[backend.id]?.values };
  for (const key of backend.addresses) own[key] = checkedAddress(backend, key, settings);
  return own;
}

/** A base address in its plain form. Throws `UsageError` or `PolicyError`, naming where it was given. */
export function checkedAddress({ id }: BackendDefinition, key: string, settings: ResolvedSettings): string {
  const { values = {}, sources = {} } = settings.backends[id] ?? {};
  return checkBaseAddress(String(values[key]), subjectOf(sources[key], key));
}

/** Throws `UsageError` for one that would burden a server, which one on this machine can take. */
export function checkPollInterval(settings: ResolvedSettings, addresses: readonly string[]): void {
  if (settings.values.pollInterval >= LEAST_POLL_INTERVAL_MS) return;
  if (addresses.every((address) => isLoopbackHost(new URL(address).hostname))) return;
  throw new UsageError(`${subjectOf(settings.sources.pollInterval, 'pollInterval')} must be at least 1s`);
}

/** Read only for a backend that has a use for them. */
export async function releaseNotesFor(
  { settings, stdin, ctx }: Session,
  backends: readonly BackendDefinition[],
): Promise<string | undefined> {
  const { releaseNotes, releaseNotesFile } = settings.values;
  const [isTextFlag, isFileFlag] = [isFlag(settings.sources.releaseNotes), isFlag(settings.sources.releaseNotesFile)];
  if (isTextFlag && isFileFlag)
    throw new UsageError('give --release-notes or --release-notes-file, not both', {
      hint: 'leave one of them out',
    });
  if (!backends.some(({ capabilities }) => capabilities.accepts.includes('releaseNotes'))) return undefined;
  if (releaseNotesFile === undefined || isTextFlag) return releaseNotes;
  return releaseNotes === undefined || isFileFlag
    ? await readReleaseNotes(releaseNotesFile, stdin(), ctx.signal)
    : releaseNotes;
}

const SHARED_SETTINGS = ['environment', 'signingKey', 'releaseNotes', 'tags', 'publishLink'] as const;

/** The options of an upload to these backends. Refuses a flag that none of them has a use for: it would change nothing. */
export async function uploadOptions(session: Session, backends: readonly BackendDefinition[]): Promise<UploadOptions> {
  refuseUselessFlags(session, backends);
  return optionsWith(session, await releaseNotesFor(session, backends));
}

/** Throws `UsageError` for a flag of an upload that none of these backends has a use for. */
export function refuseUselessFlags({ settings: { sources } }: Session, backends: readonly BackendDefinition[]): void {
  for (const key of SHARED_SETTINGS) {
    const flag = FLAGS.find((candidate) => candidate.key === key);
    if (
      flag !== undefined &&
      isFlag(sources[key]) &&
      !backends.some(({ capabilities }) => capabilities.accepts.includes(key))
    )
      throw new UsageError(`${backends.map(({ id }) => id).join(', ')} does not take --${flag.name}`);
  }
}

/** The options of an upload, by the settings that hold for it. */
export function optionsWith(
  { settings: { values } }: Pick<Session, 'settings'>,
  releaseNotes: string | undefined,
): UploadOptions {
  return {
    environment: values.environment,
    signingKey: values.signingKey,
    appearTimeoutMs: values.appearTimeout,
    capacityWaitMs: values.capacityWait,
    pollIntervalMs: values.pollInterval,
    concurrency: values.concurrency,
    releaseNotes,
    tags: values.tags,
    publishLink: values.publishLink,
  };
}

/** What the file has to be, by what the user says. */
export function expectations({ settings: { values } }: Session): Expectations {
  return {
    packageName: values.expectPackage,
    signer: values.expectSigner,
    minVersionCode: values.minVersionCode,
    allowDebuggable: values.allowDebuggable === true,
    allowUnfit: values.allowUnfit === true,
  };
}

/** Contents of a file that a flag names, without the line break at its end. */
export function readValueFile(path: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, path), 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const hint = isMissing(cause) ? 'check the path; it starts in the folder where apptool runs' : null;
    throw new LocalIoError(`cannot read ${path}: ${fileProblem(cause)}`, { cause, hint });
  }
}
