// What a run goes through, loaded when there is one: help and versions need nothing of it.
export { backends as builtin } from '../../backends/index.ts';
export { createJournal } from '../../run/journal/journal.ts';
export { rehearsalOf } from '../output/rehearsal.ts';
export { wordsOf } from './found-decisions.ts';
export { openConsole } from './open-console.ts';
export { openReceipt, openReportsOf } from './open-listeners.ts';
export { openSession } from './open-session.ts';
export { settle } from './settle.ts';
