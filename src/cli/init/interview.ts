import { LocalIoError, UsageError } from '../../contract/errors.ts';
import type { Questions } from '../process/questions.ts';

/** Something that is to be known. */
export interface Wanted<T> {
  /** Said before it is asked for the first time. */
  readonly about: string;
  readonly question: string;
  /** What an empty answer means. */
  readonly fallback?: string;
  /** True where an empty answer means none. */
  readonly isOptional?: boolean;
  /** How it is given where nobody can be asked. */
  readonly flag: string;
  /** Rejects with `UsageError` or `LocalIoError` for an answer that cannot be one. */
  readonly read: (answer: string) => T | Promise<T>;
}

/** Gets to know things from a person; where there is none, gathers the flags that would have said them. */
export interface Interview {
  /** Asks until the answer can be one; `null` where it is left out. */
  ask<T>(wanted: Wanted<T>): Promise<T | null>;
  /** Throws `UsageError` where something is not known that has to be. */
  assertComplete(): void;
}

export function createInterview(questions: Questions | null): Interview {
  const missing: string[] = [];
  return {
    async ask(wanted) {
      if (questions !== null) return await askUntilAnswered(questions, wanted);
      if (wanted.isOptional !== true) missing.push(wanted.flag);
      return null;
    },
    assertComplete() {
      if (missing.length === 0) return;
      throw new UsageError(`init needs ${missing.join(', ')}`, { hint: 'on a terminal it asks instead' });
    },
  };
}

async function askUntilAnswered<T>(questions: Questions, wanted: Wanted<T>): Promise<T | null> {
  const { about, question, fallback = '', isOptional = false, read } = wanted;
  const shown = fallback === '' ? (isOptional ? ' [none]' : '') : ` [${fallback}]`;
  // Every turn waits for a person's line; the end of the input stops the run.
  for (let before = about; ; ) {
    const answer = (await questions.ask(`${before}\n${question}${shown}: `)) || fallback;
    if (answer === '' && isOptional) return null;
    try {
      return await read(answer);
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof LocalIoError)) throw error;
      before = error.message;
    }
  }
}
