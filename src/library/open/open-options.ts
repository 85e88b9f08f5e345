import type { Capabilities } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import type { AppEvent } from '../../contract/events.ts';

/** How a backend is opened. Nothing is read from the process: what it knows is handed over as `env`. */
export interface OpenOptions {
  /**
   * The variables from which credentials, addresses and proxies are read, by the names that `apptool backends` lists: `process.env`, mostly.
   * A variable `<NAME>_FILE` names a file.
   */
  readonly env?: Env;
  /** Credentials by their names in the backend's definition; they count before those of `env`. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** The backend's own settings; they count before those of `env`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Maximum time without a byte moving (ms); 60000 by default. */
  readonly stallTimeoutMs?: number;
  /** Serve a stand-in of the backend on loopback, and open that: nothing leaves this machine. */
  readonly sandbox?: boolean;
  /** Told of what is odd about the environment. */
  readonly onEvent?: (event: AppEvent) => void;
}

/** A backend that is open until `close` is called. */
export interface Backend {
  readonly id: string;
  readonly title: string;
  /** Host of its address; `null` where it has none. */
  readonly host: string | null;
  readonly capabilities: Capabilities;
  /** Closes its connections, and its sandbox where it has one. */
  close(): Promise<void>;
}
