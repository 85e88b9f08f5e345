import type { OpenQuestions } from './questions.ts';

/** Asks a question that only yes answers; `null` where there is nobody to ask. */
export type Confirm = (question: string) => Promise<boolean | null>;

/** Rejects with the signal's reason. */
export function createConfirm(open: OpenQuestions): Confirm {
  return async (question) => {
    const questions = open();
    if (questions === null) return null;
    try {
      return /^y(es)?$/i.test(await questions.ask(`${question} [y/N] `));
    } finally {
      questions.close();
    }
  };
}
