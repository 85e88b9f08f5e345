/** Why a step of several failed or stopped, and what to do about it. */
interface NextOfStep {
  readonly backend: string;
  readonly hint: string | null;
  readonly next: Next | null;
}

/**
 * What to do next, as data: a renderer words it, a program acts on it. `hint` of an error says why, in words that hold wherever the error
 * is shown.
 */
export type Next =
  /** Run the same command again: nothing of ours is left running. `isLater` where time has to pass, and nothing has to be fixed. */
  | { readonly do: 'again'; readonly isLater?: true }
  /** The job goes on at the backend: wait for it, to the milestone that was asked for. */
  | {
      readonly do: 'wait';
      /** Its reference, or a receipt that names it. */
      readonly job: string;
      /** Which step of that receipt. */
      readonly step?: string;
      readonly until?: string | undefined;
      /** A setting of the backend that this wait needs, as `<backend>.<key>=<value>`. */
      readonly set?: string;
    }
  /** The job is done: fetch its output. */
  | { readonly do: 'download'; readonly job: string; readonly path?: string | undefined }
  /** Parts of an unfinished upload are still stored: remove them, by the receipt. */
  | { readonly do: 'abort'; readonly receipt: string }
  /** Go on with what is missing, by the receipt; `command` are the words of the command line that does so, where one began it. */
  | { readonly do: 'resume'; readonly receipt: string; readonly command?: readonly string[] }
  /** Plan the next wave of a fleet, by the folder of its receipts. */
  | { readonly do: 'plan'; readonly receipts: string }
  /** Send a step again although it may have landed, or is done: by its id; `command` is as for `resume`. */
  | { readonly do: 'resend'; readonly step: string; readonly command?: readonly string[] }
  /** What to do differs: for each step by itself. */
  | { readonly do: 'each'; readonly steps: readonly NextOfStep[] }
  /** Look there before anything is sent again: a backend by its id. */
  | { readonly do: 'look'; readonly where: string }
  /** Change a setting, by its key; of a backend where one is named. */
  | { readonly do: 'set'; readonly setting: string; readonly backend?: string; readonly value?: string }
  /** Upload a file to this backend. */
  | { readonly do: 'upload'; readonly backend: string }
  /** Look at what a file holds. */
  | { readonly do: 'inspect' }
  /** Ask the backend what there is, by a command of its own. */
  | { readonly do: 'list'; readonly backend: string; readonly command: string }
  /** Run a command of the backend's own. */
  | {
      readonly do: 'call';
      readonly backend: string;
      readonly command: string;
      readonly operands: readonly string[];
    };
