import type * as z from 'zod';
import type { Adapter } from '../adapter.ts';
import type { ArtifactKind } from '../artifact.ts';
import type { BuildMetadata } from '../build-metadata.ts';
import type { Context } from '../context.ts';
import type { Next } from '../next.ts';
import type { PlannedRequest } from '../planned-request.ts';
import type { Secret } from '../secret.ts';
import type { ApiClient, ApiOptions, Storage } from './http.ts';
import { pageUrlSetting } from './page-url.ts';
import type { SandboxPart, SandboxTools } from './sandbox.ts';

/** The settings of an upload that flags set and that not every backend has a use for. */
type SharedSetting = 'environment' | 'signingKey' | 'releaseNotes' | 'tags' | 'publishLink';

/** A stage that an upload goes through at the backend, in the order in which they are reached. */
interface Milestone {
  readonly name: string;
  /** How often it is sensible to ask for it (ms), where that is less often than the default: people decide on it, say. */
  readonly pollIntervalMs?: number;
}

/** What a backend can do and how much of it: data, checked before the first byte goes out. */
export interface Capabilities {
  /** The app archives that it takes. */
  readonly files: readonly ArtifactKind[];
  /** Files of other kinds that it takes, by how their names end: `msi`, `tar.gz`. They are handed on as they are: nothing looks into them. */
  readonly otherFiles?: readonly string[];
  /** Largest file (bytes), and the words in which the vendor gives the limit; `null` where none is documented. */
  readonly limit: { readonly bytes: number; readonly words: string } | null;
  /** `release` where it is known to refuse files that are not signed, or only with a key for debug builds. */
  readonly signature?: 'release';
  /** Whether a finished job's output can be fetched; agrees with the presence of `Adapter.download`. */
  readonly download: boolean;
  /** True where a job's record may appear only some time after its upload, by the documentation or by an assumption. */
  readonly appearsLate?: boolean;
  /** Whether what comes back is the protected app: then there is a download, and `protect` takes this backend. */
  readonly protects: boolean;
  /** The shared settings that this backend uses; a flag for any other is refused. */
  readonly accepts: readonly SharedSetting[];
  /** What `--until` can name, the default first; empty where a job has one end. */
  readonly milestones: readonly Milestone[];
}

/** A credential: read from `<variable>` or from the file that `<variable>_FILE` names, never from a flag or a config. */
export interface CredentialSpec {
  readonly name: string;
  readonly variable: string;
  /** Another variable that is taken where this one is not set. */
  readonly fallback?: string;
  /** True where the backend can do without: the adapter says what it then lacks. */
  readonly isOptional?: true;
  /** True for a password that somebody chose, which may hold spaces and letters of any language. */
  readonly isPassword?: true;
  /** What it is, for messages: "AppTego key". */
  readonly label: string;
  /** The form of a right value, for whoever has to check a refused one: "key_id:key_secret, raw, not base64". */
  readonly form: string;
  /** Why a value cannot be one, to be said after its name, or `null`. Never quotes the value. Runs after the checks that hold for every credential. */
  readonly problemOf: (value: string) => string | null;
  /** The parts of the value that are secrets by themselves, to be redacted too. */
  readonly secretParts?: (value: string) => readonly string[];
}

/** A setting that a first config should hold. */
export interface FirstSetting {
  readonly key: string;
  /** True where the backend works without it. */
  readonly isOptional?: true;
  /** It matters only where another setting, named before it, has this value. */
  readonly where?: { readonly key: string; readonly is: string };
  /** It can stand in this other setting instead. */
  readonly orIn?: string;
}

/** What a command of one backend has to say: a table for people, and `data` for `--json`. */
export interface CommandOutput<Data = unknown> {
  readonly table?: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly text?: string;
  /** Where people get a build, of a command that has made such a link. */
  readonly link?: string;
  /** What to do then. */
  readonly next?: Next;
  readonly data: Data;
}

export interface CommandInput<Settings> extends AdapterInput<Settings> {
  readonly operands: readonly string[];
  /** The flags that were given, by name: text, or `true` for a switch. */
  readonly flags: Readonly<Record<string, string | true | readonly string[]>>;
  /** The id of a job of this backend, from its id, its reference, or a receipt that holds it. Throws `UsageError` for anything else. */
  jobIdOf(given: string): string;
  /** Most rows to give (`--limit`). */
  readonly limit: number;
  /** True for a rehearsal: nothing that writes may be sent; `text` and `data` then say what would be. */
  readonly dryRun: boolean;
}

/** What a rehearsal has as its `data`. */
export interface Planned {
  readonly plan: PlannedRequest;
}

/** The flags of the command line's one list that a backend's command can take; a name that is not among them does not compile. */
type CommandFlag =
  | 'alias'
  | 'changelog'
  | 'default'
  | 'environment'
  | 'force'
  | 'limit'
  | 'name'
  | 'output'
  | 'platform'
  | 'security'
  | 'set'
  | 'shows'
  | 'stall-timeout'
  | 'status'
  | 'tags'
  | 'version-name'
  | 'visibility';

/** A command that only one backend has: `apptool <id> <name> …`. */
export interface BackendCommand<Settings = unknown> {
  /** Its words after the backend's id: `builds list`. */
  readonly name: string;
  readonly operands: readonly string[];
  /** True where the first operand is a job of this backend: its id, its reference, or a receipt that holds it. The command gets the id. */
  readonly takesJob?: true;
  readonly flags: readonly CommandFlag[];
  readonly summary: string;
  readonly example: string;
  /** The schema of its `data`, loaded to publish it, not to run the command. */
  readonly data: () => Promise<z.ZodType>;
  /** True where it changes something: its rehearsal has `Planned` for `data`. */
  readonly writes?: true;
  /** What is destroyed, for one who is asked whether they mean it: "build production/android/1/app.apk". */
  readonly destroys?: (operands: readonly string[]) => string;
  /** Credentials that this command needs besides the backend's own. */
  readonly credentials?: readonly CredentialSpec[];
  run(input: CommandInput<Settings>, ctx: Context): Promise<CommandOutput>;
}

export interface AdapterInput<Settings> {
  readonly settings: Settings;
  readonly credentials: Readonly<Record<string, Secret>>;
  /** Opens the backend's control plane; credentials go to its base address alone. */
  readonly api: (options: ApiOptions) => ApiClient;
  /** The storage behind the signed URLs that the backend hands out. No credential goes there. */
  readonly storage: Storage;
  /** What is known of the build that runs apptool, read when it is first asked for. */
  readonly build: () => Promise<BuildMetadata>;
  /** To be told of every secret that the backend hands out, before anything else is done with it: from then on no output shows it. */
  readonly conceal: (secret: string) => void;
  /** To be told of every signed address that the backend hands out; the storage tells of those that it is given. */
  readonly concealAddress: (url: string) => void;
}

/** What a backend's folder says: enough to list it, configure it, create its adapter, and rehearse with it. */
export interface BackendSpec<Schema extends z.ZodObject> {
  readonly id: string;
  readonly title: string;
  readonly docsUrl: string;
  readonly capabilities: Capabilities;
  /** This backend's own settings, as they stand below its id in the config. `pageUrl` is added to them: every backend has it. */
  readonly settings: Schema;
  /** The variable that sets each setting, for those that have one. */
  readonly variables: Readonly<Partial<Record<string, string>>>;
  /** The settings that are base addresses: credentials travel there, so a config that was only found may not set them. */
  readonly addresses: readonly string[];
  /** The setting from which addresses follow that are at their defaults, such as a tenant's name; guarded as they are. */
  readonly derivedAddresses?: {
    readonly from: string;
    readonly of: (value: string) => Readonly<Record<string, string>>;
  };
  /** The kinds of hosts that have to be open besides the base addresses and that only an answer names, for whoever has to open them. */
  readonly otherHosts?: string;
  /** The settings that name files: what is read leaves this machine, so a config that was only found may not point out of its project. */
  readonly fileSettings?: readonly string[];
  /** The settings that say whose app is released, or which: where a found config has one, the run says so. */
  readonly decisive?: readonly string[];
  /** The settings without which nothing can be uploaded, and those that decide about them; what a flag sets is not among them. */
  readonly firstSettings?: readonly FirstSetting[];
  readonly credentials: readonly CredentialSpec[];
  /** Id of the backend that tells how many builds this one has left; it is asked where its credentials are set. */
  readonly quotaBy?: string;
  /** What a job id of this backend looks like. Its named groups are placeholders of `pageUrl`. */
  readonly jobId: RegExp;
  /** The same for people: `<organization>/<app>/<build>`. */
  readonly jobIdForm: string;
  /** What only this backend can do. */
  readonly commands?: readonly BackendCommand<z.infer<Schema>>[];
  create(input: AdapterInput<z.infer<Schema>>): Promise<Adapter>;
  /** This backend's part of the embedded sandbox; absent where there is no stand-in to rehearse with. */
  sandbox?(tools: SandboxTools): Promise<SandboxPart>;
}

/** A backend as everything but its own folder knows it: what its settings are is its own affair, and `create` checks them. */
export interface BackendDefinition extends Omit<BackendSpec<z.ZodObject>, 'commands' | 'create'> {
  readonly commands?: readonly BackendCommand[];
  create(input: AdapterInput<unknown>): Promise<Adapter>;
}

/** A backend of what its folder says, with the setting `pageUrl`. Its adapter and commands get the settings that its schema has parsed. */
export function defineBackend<Schema extends z.ZodObject>(spec: BackendSpec<Schema>): BackendDefinition {
  const { commands, create, ...rest } = spec;
  const parsed = <Input extends AdapterInput<unknown>>(input: Input) => {
    const { pageUrl: _, ...own } = input.settings as Readonly<Record<string, unknown>>;
    return { ...input, settings: spec.settings.parse(own) };
  };
  return {
    ...rest,
    settings: spec.settings.extend({ pageUrl: pageUrlSetting(spec.jobId) }),
    create: (input) => create(parsed(input)),
    ...(commands === undefined
      ? {}
      : {
          commands: commands.map((command) => ({
            ...command,
            run: (input: CommandInput<unknown>, ctx: Context) => command.run(parsed(input), ctx),
          })),
        }),
  };
}
