import { Receipt } from '../../src/contract/record/journal.ts';

interface EndedAs {
  readonly exitCode: number;
  readonly limit: 'slot' | 'week' | null;
}

interface Facts {
  /** How it stands with protection; without it there is no step. */
  readonly protect?: {
    readonly accepted?: boolean;
    readonly state?: 'succeeded' | 'failed';
    readonly mayHaveLanded?: boolean;
    readonly ended?: EndedAs;
  };
  readonly hasOutput?: boolean;
  /** How its last run ended. */
  readonly ended?: EndedAs;
}

const TIME = '2026-11-29T00:00:00.000Z';
const FILE = { name: 'app.apk', size: 1, sha256: 'a'.repeat(64) };

function endOf(ended: EndedAs | undefined) {
  return ended === undefined ? null : { errorClass: 'limit', message: 'why', ...ended };
}

/** A receipt that says little. */
export function receiptOf({ protect, hasOutput = false, ended }: Facts): Receipt {
  const { accepted = false, state, mayHaveLanded = false, ended: ownEnd } = protect ?? {};
  const step = {
    id: 'protect:apptego',
    action: 'protect',
    backend: 'apptego',
    host: null,
    sha256: null,
    job: null,
    state: state === undefined ? null : { phase: state, status: state },
    accepted,
    mayHaveLanded,
    unfinished: null,
    ended: endOf(ownEnd),
  };
  return Receipt.parse({
    receiptVersion: 2,
    tool: { name: 'apptool', version: '1.0.0' },
    updatedAt: TIME,
    input: { ...FILE, platform: 'android' },
    output: hasOutput ? { ...FILE, sha256: 'b'.repeat(64) } : null,
    steps: protect === undefined ? [] : [step],
    runs: [
      { command: 'fleet run', version: '1.0.0', startedAt: TIME, updatedAt: TIME, ended: endOf(ended), retries: 0 },
    ],
  });
}
