import { describe, expect, test } from 'vitest';
import { UnknownOutcomeError } from '../../src/contract/errors.ts';
import type { InputRecord, Receipt, StepEvent } from '../../src/contract/record/journal.ts';
import { changedStep } from '../../src/run/journal/changed-step.ts';
import { createJournal } from '../../src/run/journal/journal.ts';
import { receiptOf } from '../../src/run/journal/receipt-of.ts';
import { holdsNothing, type Standing, standingOf } from '../../src/run/journal/standing.ts';
import { newFacts, stepFacts, stepRecord } from '../../src/run/journal/step.ts';

const NOW = '2026-11-28T20:00:00.000Z';
const SESSION = { file_path: 'f', upload_id: 'u' };
const backend = { id: 'depot', host: 'depot.example' };
const APK: InputRecord = {
  path: 'a/app.apk',
  name: 'app.apk',
  size: 7,
  sha256: 'a'.repeat(64),
  platform: 'android',
  packageName: 'org.app',
  versionName: '1',
  versionCode: 1,
  signers: [],
  signedBy: null,
  permissions: null,
};
const NO_BUILD = {
  isCi: false,
  provider: null,
  commit: null,
  commitMessage: null,
  branch: null,
  tag: null,
  pullRequest: null,
  buildNumber: null,
  buildUrl: null,
  ciUrl: null,
  repositoryUrl: null,
  triggeredAtMs: null,
};

const JOB: StepEvent = { type: 'job', id: '1' };
const OPEN: StepEvent = { type: 'multipart-open', session: SESSION };
const LANDED: StepEvent = { type: 'may-have-landed' };
const state = (phase: 'running' | 'succeeded' | 'failed'): StepEvent => ({
  type: 'state',
  state: { phase, status: phase, message: null },
});

function stepAfter(events: readonly StepEvent[]) {
  return events.reduce((step, event) => changedStep(step, event, NOW), newFacts({ action: 'upload', backend }, NOW));
}

describe('a step', () => {
  test.each<[string, readonly StepEvent[], Standing]>([
    ['of which nothing was sent', [], 'not-begun'],
    ['with a job number and no more', [JOB], 'not-begun'],
    ['whose parts are stored', [JOB, OPEN], 'open'],
    ['whose parts were removed', [JOB, OPEN, { type: 'multipart-closed' }], 'not-begun'],
    ['whose last byte is out', [JOB, LANDED], 'unknown'],
    ['that is being completed', [JOB, OPEN, LANDED], 'unknown'],
    ['that was refused after its last byte', [LANDED, { type: 'not-landed' }], 'not-begun'],
    ['that was accepted', [JOB, LANDED, { type: 'accepted' }], 'running'],
    ['that was seen at work', [JOB, LANDED, state('running')], 'running'],
    ['that is done', [JOB, { type: 'accepted' }, state('succeeded')], 'done'],
    ['that has failed', [JOB, { type: 'accepted' }, state('failed')], 'failed'],
    ['whose answer was lost', [LANDED, { type: 'ended', error: new UnknownOutcomeError('lost') }], 'unknown'],
  ])('%s', (_, events, standing) => {
    expect(standingOf(stepAfter(events))).toBe(standing);
  });

  test('is the same once it was written down and read', () => {
    const step = stepAfter([JOB, OPEN, LANDED, { type: 'sent', sha256: APK.sha256 }, state('running')]);

    expect(stepFacts(JSON.parse(JSON.stringify(stepRecord(step))))).toEqual(step);
    expect(step).toMatchObject({ acceptedAt: NOW, settledAt: null, unfinished: null, mayHaveLanded: false });
  });
});

describe('a journal', () => {
  function journalOver(receipt: Receipt | null) {
    return createJournal({
      kept: receipt === null ? null : { path: 'r.json', receipt },
      now: () => new Date(NOW),
      changed: () => {},
    });
  }

  function written(journal: ReturnType<typeof journalOver>): Receipt {
    const run = { command: 'upload', version: '1', startedAt: NOW, updatedAt: NOW, ended: null, retries: 0 };
    return receiptOf(journal, { version: '1', build: NO_BUILD, run: { ...run, buildUrl: null, decided: [] } });
  }

  function afterUpload(events: readonly StepEvent[]): Receipt {
    const journal = journalOver(null);
    const step = journal.draft({ action: 'upload', backend }, false);
    journal.begin(APK, null);
    for (const event of events) step.tell(event);
    return written(journal);
  }

  test('holds no step before it is begun, and tells of it all the same', () => {
    const journal = journalOver(null);
    const step = journal.draft({ action: 'upload', backend }, false);

    expect([journal.steps, journal.current]).toEqual([[], [step]]);
    journal.begin(APK, 'prod');
    expect(journal.steps).toEqual([step]);
    expect(written(journal)).toMatchObject({ environment: 'prod', input: { name: 'app.apk' }, runs: [{}] });
    expect(JSON.stringify(written(journal))).not.toContain(APK.path);
  });

  test.each<[string, readonly StepEvent[], number]>([
    ['nothing', [], 0],
    ['stored parts', [JOB, OPEN], 1],
    ['a job that is done', [JOB, { type: 'accepted' }, state('succeeded')], 1],
    ['a job that has failed', [JOB, { type: 'accepted' }, state('failed')], 1],
  ])('begins a step anew where an earlier run has left %s, and keeps that', (_, events, earlier) => {
    const journal = journalOver(afterUpload(events));
    journal.draft({ action: 'upload', backend }, false);

    journal.begin(APK, null);

    expect(written(journal).steps).toHaveLength(1);
    expect(written(journal).steps[0]?.earlier).toHaveLength(earlier);
  });

  test.each<[string, readonly StepEvent[]]>([
    ['what may have landed', [LANDED]],
    ['a job that runs', [JOB, { type: 'accepted' }]],
  ])('refuses a step where an earlier run has left %s', (_, events) => {
    const journal = journalOver(afterUpload(events));
    journal.draft({ action: 'upload', backend }, false);

    expect(() => journal.begin(APK, null)).toThrow(expect.objectContaining({ class: 'local-io' }));
    expect(journal.mayBeKept).toBe(false);
  });

  test('of another file is not gone on with, where anything would be lost by it', () => {
    const other = { ...APK, sha256: 'b'.repeat(64) };
    const begun = (receipt: Receipt) => {
      const journal = journalOver(receipt);
      journal.draft({ action: 'publish', backend }, true);
      return () => journal.begin(other, null);
    };

    expect(begun(afterUpload([JOB, OPEN]))).toThrow(expect.objectContaining({ class: 'local-io' }));
    expect(holdsNothing(afterUpload([JOB]))).toBe(true);
    expect(begun(afterUpload([JOB]))).not.toThrow();
  });
});
