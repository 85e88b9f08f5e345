import type { UploadOptions } from '../../contract/adapter.ts';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import type { Phase } from '../../contract/job.ts';
import type { PlannedFault } from '../fault-proxy.ts';

/** What a backend's test says of it, so that one suite can judge them all. */
export interface Conformance {
  readonly definition: BackendDefinition;
  /** A small fixture that it takes. */
  readonly fixture: string;
  /** Makes another file that it takes beside the fixture; a copy where it takes the same twice. */
  readonly makeOther?: (path: string) => Promise<string>;
  /** The call that creates the job. */
  readonly create: Pick<PlannedFault, 'method' | 'path'>;
  /** The call that answers how a job stands. */
  readonly status: Pick<PlannedFault, 'method' | 'path'>;
  /** Its answer with this for a status, which no documentation lists and which need not be a text. */
  readonly withUnknownStatus: (answer: Record<string, unknown>, word: unknown) => unknown;
  /** Words that look like one of the documentation and are none: another case, say. */
  readonly unknownWords?: readonly string[];
  /** Its answer about the same job whose file has this name; absent where it tells none. */
  readonly renamed?: (answer: Record<string, unknown>, name: string) => unknown;
  /** Other forms of an answer that say the same, which the backend takes. */
  readonly forms?: readonly AnswerForm[];
  /** The list that comes in pages, and that a question about a job or a lost upload goes through; absent where there is none. */
  readonly pages?: PagedList;
  /**
   * Every state that the documentation lists, and the odd forms of one: the answer to the status call that tells it, and what it is for each
   * milestone, by name; `''` where a job has one end.
   */
  readonly states: readonly DocumentedState[];
  /** The milestone that this status is asked for, where it is not the first. */
  readonly statusUntil?: string;
  /** A job id of the right form that does not exist. */
  readonly unknownId: string;
  readonly options?: Partial<UploadOptions>;
  /** Where a backend has several ways in: the name of this one, the sandbox's variables that open it, and whether it gives anything back. */
  readonly way?: {
    readonly name: string;
    readonly variables: (all: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
    readonly download: boolean;
  };
  /** The backend's own settings that an upload needs. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface DocumentedState {
  readonly name: string;
  readonly answer: (answer: Record<string, unknown>) => unknown;
  readonly phases: Readonly<Record<string, Phase>>;
}

export interface AnswerForm {
  readonly name: string;
  readonly call: Pick<PlannedFault, 'method' | 'path'>;
  readonly answer: (answer: Record<string, unknown>) => unknown;
}

/** What an answer says of the whole list; `null` for what it does not say. */
export interface WholeList {
  readonly page: number;
  readonly pages: number | null;
  readonly rows: number | null;
}

export interface PagedList {
  readonly call: Pick<PlannedFault, 'method' | 'path'>;
  /** The page that a request asks for, from 1 on. */
  readonly asked: (request: { readonly path: string; readonly body: string }) => number;
  readonly rows: (answer: Record<string, unknown>) => readonly Record<string, unknown>[];
  /** The row of another job, like this one; each `index` is another. */
  readonly otherRow: (row: Record<string, unknown>, index: number) => unknown;
  /** An answer with these rows, which says that much of the whole. */
  readonly answer: (answer: Record<string, unknown>, rows: readonly unknown[], whole: WholeList) => unknown;
}
