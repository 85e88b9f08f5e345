import { describe, expect, test } from 'vitest';
import { resultWord, stepResults } from '../../src/cli/output/ending/step-results.ts';
import type { AppToolError } from '../../src/contract/errors.ts';
import { IntegrityError, PartialError, PendingError, UnknownOutcomeError } from '../../src/contract/errors.ts';
import type { InputRecord, StepEvent } from '../../src/contract/record/journal.ts';
import { createJournal } from '../../src/run/journal/journal.ts';

const SEND: readonly StepEvent[] = [{ type: 'job', id: '7' }, { type: 'accepted' }];
const state = (phase: 'queued' | 'running' | 'succeeded' | 'failed', more = {}): StepEvent => ({
  type: 'state',
  state: { phase, status: phase, message: null, ...more },
});
const ended = (error: AppToolError | null): StepEvent => ({ type: 'ended', error });
const REMAINS = { reached: 'validated', message: 'still a draft: submit it in the portal', until: 'live' };
const APK: InputRecord = {
  path: 'app.apk',
  name: 'app.apk',
  size: 7,
  sha256: null,
  platform: 'android',
  packageName: null,
  versionName: null,
  versionCode: null,
  signers: null,
  signedBy: null,
  permissions: null,
};

/** A journal of one step after these events, each a second after the one before. */
function journalAfter(events: readonly StepEvent[], action: 'protect' | 'publish' = 'publish') {
  let seconds = 0;
  const journal = createJournal({ now: () => new Date(1000 * seconds), changed: () => {} });
  const step = journal.draft({ action, backend: { id: 'depot', host: 'depot.example' } }, true);
  journal.begin(APK, null);
  for (const event of events) {
    seconds += 1;
    step.tell(event);
  }
  return { journal, step };
}

const around = { givesBack: () => true, isEmbedded: false };

describe('the result of a step', () => {
  test.each<[string, readonly StepEvent[]]>([
    ['done', [...SEND, state('succeeded'), ended(null)]],
    ['uploaded', [...SEND, ended(null)]],
    ['running', [...SEND, state('running'), ended(new PendingError('still running'))]],
    ['running', [...SEND, state('queued'), ended(null)]],
    ['unknown', [{ type: 'may-have-landed' }, ended(new UnknownOutcomeError('lost'))]],
    ['failed', [...SEND, state('succeeded'), ended(new IntegrityError('another app'))]],
    ['stopped', [ended(new PartialError('stopped because shop had failed'))]],
    ['not-begun', [{ type: 'job', id: '7' }]],
  ])('is %s', (word, events) => {
    expect(resultWord(journalAfter(events).step)).toBe(word);
  });

  test('has the time of each part, where both its ends are known', () => {
    const { journal } = journalAfter([
      ...SEND,
      state('queued'),
      state('running'),
      state('succeeded'),
      { type: 'fetching' },
      { type: 'fetched' },
      ended(null),
    ]);

    const [step] = stepResults(journal, around);

    expect(step?.took).toEqual({ uploadMs: 2000, queueMs: 2000, jobMs: 1000, downloadMs: 1000, allMs: 7000 });
  });

  test.each<[string, readonly StepEvent[], unknown]>([
    ['waits for what was not waited for', SEND, { do: 'wait', words: null, command: 'apptool wait depot:7' }],
    [
      'names what a person has to do first',
      [...SEND, state('succeeded', { remains: REMAINS })],
      { do: 'wait', words: REMAINS.message, command: 'apptool wait depot:7 --until live' },
    ],
    [
      'fetches an output that waits',
      [...SEND, state('succeeded')],
      { do: 'download', words: 'the output is ready', command: 'apptool download depot:7' },
    ],
  ])('%s', (_, events, next) => {
    const { journal } = journalAfter(events);

    expect(stepResults(journal, around)[0]?.next).toEqual(next);
    // A backend that ends with the run can be asked nothing later.
    expect(stepResults(journal, { ...around, isEmbedded: true })[0]?.next).toBeNull();
  });

  test('is told of a step that has not begun, in the order of the plan', () => {
    const { journal } = journalAfter([...SEND, state('failed'), ended(new IntegrityError('x'))], 'protect');
    const planned = { required: true, until: null };
    journal.plan([
      { id: 'protect:depot', action: 'protect', backend: 'depot', ...planned },
      { id: 'publish:shop', action: 'publish', backend: 'shop', ...planned },
    ]);

    const told = stepResults(journal, around).map(({ id, result }) => [id, result]);

    expect(told).toEqual([
      ['protect:depot', 'failed'],
      ['publish:shop', 'not-begun'],
    ]);
  });
});
