import type { JournalFacts } from '../../contract/record/journal.ts';

/** The journal of a run that has not come to anything yet. */
export const NOTHING_KNOWN: JournalFacts = {
  environment: null,
  build: null,
  release: null,
  input: null,
  output: null,
  fetched: null,
  artifact: null,
  steps: [],
  current: [],
  planned: [],
  runs: [],
  call: null,
  temporaryPaths: [],
  mayBeKept: false,
};
