import { Receipt, type StepRecord } from '../../src/contract/record/journal.ts';

const AT = '2026-11-30T10:00:00.000Z';

/** A time so many seconds after the receipt's first. */
export function after(seconds: number): string {
  return new Date(Date.parse(AT) + seconds * 1000).toISOString();
}

/** A step of a receipt, as its own fields say and the rest as of one that did not begin. */
export function stepOf(id: string, own: Partial<StepRecord> = {}): StepRecord {
  const [action, backend = ''] = id.split(':');
  const base = { id, action, backend, host: 'api.example.com', sha256: null, job: null, state: null };
  return Receipt.shape.steps.element.parse({ ...base, unfinished: null, ended: null, ...own });
}

/** How a step stands whose job has succeeded. */
export const DONE = {
  accepted: true,
  state: { phase: 'succeeded', status: 'completed', message: null, startedAt: null, endedAt: null },
  startedAt: after(1),
  acceptedAt: after(5),
  settledAt: after(65),
  ended: { exitCode: 0, errorClass: null, message: null, limit: null },
} satisfies Partial<StepRecord>;

export const RUNNING = {
  accepted: true,
  state: { ...DONE.state, phase: 'running', status: 'processing' },
  startedAt: after(1),
  acceptedAt: after(5),
  updatedAt: after(20),
} satisfies Partial<StepRecord>;

export function receiptWith(own: Partial<Receipt>): Receipt {
  return Receipt.parse({
    receiptVersion: 2,
    tool: { name: 'apptool', version: '0.1.0' },
    updatedAt: after(70),
    input: {
      ...{ name: 'app.apk', size: 1000, sha256: 'a'.repeat(64), platform: 'android', packageName: 'com.acme.app' },
      ...{ versionName: '4.2.0', versionCode: 4200, signers: ['c'.repeat(64)] },
    },
    steps: [],
    runs: [
      { command: 'publish', version: '0.1.0', startedAt: AT, updatedAt: after(70), ended: DONE.ended, retries: 0 },
    ],
    ...own,
  });
}
