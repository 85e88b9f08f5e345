import type { CommandResult, CommandSpec } from '../line/command.ts';
import type { Session } from '../session/session.ts';

/** A command: what help and the parser know of it, and what it does. */
export interface Command extends CommandSpec {
  readonly run: (session: Session) => Promise<CommandResult>;
}

/** What is known of a backend's own command before the backend is loaded. */
export interface BackendCommandText extends CommandSpec {
  readonly backend: string;
}
