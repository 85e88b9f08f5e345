import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Env } from '../../contract/env.ts';
import type { AppToolError } from '../../contract/errors.ts';
import type { Next } from '../../contract/next.ts';
import type { ConfigFile } from '../settings/config/config-file.ts';
import type { FlagValues } from './flags.ts';

/** What a command puts on stdout: text for people and pipes, or `data` inside the `--json` document. */
export interface CommandResult<Data = unknown> {
  readonly text: string | null;
  /** The same text, laid out for a terminal that is so many columns wide. */
  readonly layOut?: (columns: number) => string;
  /** A path that the user or their config gave, printed as it is: a script has to be able to open it. */
  readonly path?: string;
  /** A document for another program that is printed to the letter: whoever made it has put nothing in it that is not harmless. */
  readonly exact?: string;
  /** Of a command without a schema in `command-data.ts` or in its backend's folder: none. */
  readonly data?: Data;
  /** Where people get a build, of a command that has made such a link. */
  readonly link?: string;
  /** What goes on with the whole run, where its jobs are not to be waited for one by one. */
  readonly next?: Next;
  /** How a run failed that has a result all the same: what some of its targets did. */
  readonly failure?: AppToolError;
  /** With which exit code a run without a failure of its own ends, where that is not 0: that of a command that it ran. */
  readonly exitCode?: number;
}

/** What was asked on the command line. */
export interface Invocation {
  readonly command: string;
  readonly operands: readonly string[];
  readonly flags: FlagValues;
}

/** All by which the settings of a run are read. */
export interface Asked {
  readonly invocation: Invocation;
  readonly env: Env;
  readonly config: ConfigFile | null;
  readonly backends: readonly BackendDefinition[];
}

export interface CommandSpec {
  /** Its words: `protect`, `config show`. */
  readonly name: string;
  /** Its operands, as help shows them; all are required, unless `takesFewer`. */
  readonly operands: readonly string[];
  /** True where any of its operands may be left out. */
  readonly takesFewer?: true;
  /** True where the last operand may be given several times. */
  readonly repeats?: true;
  /** What any number of further operands are, behind `--`. */
  readonly rest?: string;
  readonly flags: readonly string[];
  readonly summary: string;
  readonly example: string;
  /** Whether it begins the journal of a release, or goes on with one: then `--receipt` says where that is kept. */
  readonly journal?: 'begins' | 'goes-on';
  /** True where it does something for a release: then there is something for the CI to know. */
  readonly reports?: true;
  /** `beside-input` where the output has a place of its own if nobody names one. */
  readonly output?: 'beside-input';
  /** What a run stands for, where that is more than what was typed: before any setting is read. */
  readonly standsFor?: (asked: Asked) => Promise<Asked>;
  /** `named` for what does not depend on the folder it runs in: a config is read where `--config` names one, and not looked for. */
  readonly config?: 'named';
}
