import type * as z from 'zod';
import type { SandboxPart, SandboxTools } from '../sandbox/part.ts';
import type { Secret } from '../secret.ts';
import type { Connections } from '../transfer/http/dispatcher.ts';
import type { Adapter, ArtifactKind } from '../types.ts';

/** The settings of an upload that flags set and that not every backend has a use for. */
type SharedSetting = 'environment' | 'signingKey';

/** What a backend can do and how much of it: data, checked before the first byte goes out. */
interface Capabilities {
  readonly files: readonly ArtifactKind[];
  /** Largest file (bytes), and the words in which the vendor gives the limit; `null` where none is documented. */
  readonly limit: { readonly bytes: number; readonly words: string } | null;
  /** Whether a finished job's output can be fetched; agrees with the presence of `Adapter.download`. */
  readonly download: boolean;
  /** The shared settings that this backend uses; a flag for any other is refused. */
  readonly accepts: readonly SharedSetting[];
}

/** A credential: read from `<variable>` or from the file that `<variable>_FILE` names, never from a flag or a config. */
export interface CredentialSpec {
  readonly name: string;
  readonly variable: string;
  /** What it is, for messages: "AppTego key". */
  readonly label: string;
  /** The form of a right value, for whoever has to check a refused one: "key_id:key_secret, raw, not base64". */
  readonly form: string;
  /** Why a value cannot be one, to be said after its name, or `null`. Never quotes the value. Runs after the checks that hold for every credential. */
  readonly problemOf: (value: string) => string | null;
  /** The parts of the value that are secrets by themselves, to be redacted too. */
  readonly secretParts?: (value: string) => readonly string[];
}

export interface AdapterInput<Settings> {
  readonly settings: Settings;
  readonly credentials: Readonly<Record<string, Secret>>;
  readonly connections: Connections;
  readonly stallTimeoutMs: number;
}

/** What a backend's folder exports: enough to list it, configure it, create its adapter, and rehearse with it. */
export interface BackendDefinition<Schema extends z.ZodObject = z.ZodObject> {
  readonly id: string;
  readonly title: string;
  readonly docsUrl: string;
  readonly capabilities: Capabilities;
  /** This backend's own settings, as they stand below its id in the config. */
  readonly settings: Schema;
  /** The variable that sets each setting, for those that have one. */
  readonly variables: Readonly<Partial<Record<string, string>>>;
  /** The settings that are base addresses: credentials travel there, so a config that was only found may not set them. */
  readonly addresses: readonly string[];
  readonly credentials: readonly CredentialSpec[];
  /** What a job id of this backend looks like. */
  readonly jobId: RegExp;
  create(input: AdapterInput<z.infer<Schema>>): Promise<Adapter>;
  /** This backend's part of the embedded sandbox. */
  sandbox(tools: SandboxTools): Promise<SandboxPart>;
}

/** Keeps the types of one backend's settings together; the list of backends needs only the common shape. */
export function defineBackend<Schema extends z.ZodObject>(definition: BackendDefinition<Schema>): BackendDefinition {
  return definition as unknown as BackendDefinition;
}
