import { describe, expect, test } from 'vitest';
import type { Receipt, StepEvent, StepRecord } from '../../src/contract/record/journal.ts';
import { changedStep } from '../../src/run/journal/changed-step.ts';
import { newFacts, stepRecord } from '../../src/run/journal/step.ts';
import type { Plan, PlannedStep } from '../../src/run/release/plan.ts';
import { type Asked, remaining, type Task } from '../../src/run/release/remaining.ts';

const NOW = '2026-11-28T20:00:00.000Z';
const [INPUT, OUTPUT, ANOTHER] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
const own = { action: 'protect', backend: 'depot', required: true, until: null } as const;
const PROTECT: PlannedStep = { ...own, id: 'protect:depot', stage: 'production' };
const PUBLISH: PlannedStep = {
  ...own,
  id: 'publish:shop',
  action: 'publish',
  backend: 'shop',
  stage: null,
  until: 'live',
};
const PLAN: Plan = { name: 'production', definition: 'd', steps: [PROTECT, PUBLISH] };

const JOB: StepEvent = { type: 'job', id: '1' };
const LANDED: StepEvent = { type: 'may-have-landed' };
const phase = (word: 'running' | 'succeeded' | 'failed'): StepEvent => ({
  type: 'state',
  state: { phase: word, status: word, message: null },
});

/** What brings a step into each of its states. */
const STATES = {
  'not begun': [],
  'with parts stored': [JOB, { type: 'multipart-open', session: { id: 'u' } }],
  'sent and unknown': [JOB, LANDED],
  running: [JOB, LANDED, { type: 'accepted' }],
  done: [JOB, LANDED, { type: 'accepted' }, phase('succeeded')],
  failed: [JOB, LANDED, { type: 'accepted' }, phase('failed')],
} as const satisfies Record<string, readonly StepEvent[]>;
type State = keyof typeof STATES;

function stepIn(state: State, planned: PlannedStep, sha256: string, until: string | null = planned.until): StepRecord {
  const facts = newFacts({ ...planned, backend: { id: planned.backend, host: null } }, NOW);
  const events: readonly StepEvent[] = STATES[state];
  const step = events.reduce((one, event) => changedStep(one, event, NOW), { ...facts, until });
  return stepRecord(state === 'not begun' ? step : { ...step, sha256 });
}

function receiptOf(steps: readonly StepRecord[], change: Partial<Receipt> = {}): Receipt {
  const app = {
    packageName: null,
    versionName: null,
    versionCode: null,
    signers: null,
    signedBy: null,
    permissions: null,
  };
  return {
    receiptVersion: 2,
    tool: { name: 'apptool', version: '1.0.0' },
    updatedAt: NOW,
    environment: 'prod',
    build: null,
    release: { name: 'production', definition: 'd' },
    input: { name: 'app.apk', size: 1, sha256: INPUT, platform: 'android', ...app },
    output: { name: 'app-protected.apk', size: 1, sha256: OUTPUT, ...app },
    steps: [...steps],
    runs: [],
    ...change,
  };
}

const PLAIN: Asked = { resume: false, again: [], until: null, from: null, input: INPUT, hasOutput: true };
const REQUESTS = {
  plain: PLAIN,
  resume: { ...PLAIN, resume: true },
  again: { ...PLAIN, resume: true, again: [PROTECT.id, PUBLISH.id] },
  protected: { ...PLAIN, resume: true, until: 'protected' },
  publish: { ...PLAIN, resume: true, from: 'publish' },
} as const satisfies Record<string, Asked>;
type Request = keyof typeof REQUESTS;

function short(task: Task | undefined): string {
  return task === undefined ? '-' : 'why' in task ? `${task.do} ${task.why}` : task.do;
}

function taskFor(id: string, receipt: Receipt | null, asked: Asked, plan = PLAN): string {
  return short(remaining(plan, receipt, asked).find(({ step }) => step.id === id)?.task);
}

describe('what remains of a step that protects', () => {
  test.each<[State, Readonly<Record<Request, string>>]>([
    ['not begun', { plain: 'send', resume: 'send', again: 'send', protected: 'send', publish: 'skip not-asked' }],
    [
      'with parts stored',
      {
        plain: 'abort-then-send',
        resume: 'abort-then-send',
        again: 'abort-then-send',
        protected: 'abort-then-send',
        publish: 'skip not-asked',
      },
    ],
    [
      'sent and unknown',
      { plain: 'refuse unknown', resume: 'look', again: 'send', protected: 'look', publish: 'skip not-asked' },
    ],
    [
      'running',
      {
        plain: 'refuse running',
        resume: 'wait',
        again: 'refuse running',
        protected: 'wait',
        publish: 'skip not-asked',
      },
    ],
    ['done', { plain: 'refuse done', resume: 'fetch', again: 'send', protected: 'fetch', publish: 'skip not-asked' }],
    ['failed', { plain: 'send', resume: 'send', again: 'send', protected: 'send', publish: 'skip not-asked' }],
  ])('that is %s', (state, expected) => {
    const receipt = receiptOf([stepIn(state, PROTECT, INPUT)], { output: null });

    for (const [request, task] of Object.entries(expected))
      expect([request, taskFor(PROTECT.id, receipt, { ...REQUESTS[request as Request], hasOutput: false })]).toEqual([
        request,
        task,
      ]);
  });

  test.each<[string, Asked, State, string]>([
    ['is here', REQUESTS.resume, 'not begun', 'skip done'],
    ['is needed, and not here', { ...REQUESTS.resume, hasOutput: false }, 'not begun', 'fetch'],
    ['is not needed, and not here', { ...REQUESTS.resume, hasOutput: false }, 'running', 'skip done'],
    ['is all that is asked for', { ...REQUESTS.protected, hasOutput: false }, 'done', 'fetch'],
    ['is needed on another machine', { ...REQUESTS.publish, hasOutput: false }, 'not begun', 'fetch'],
    ['is here, on another machine', REQUESTS.publish, 'not begun', 'skip not-asked'],
  ])('that is done, and whose output %s', (_, asked, published, expected) => {
    const receipt = receiptOf([stepIn('done', PROTECT, INPUT), stepIn(published, PUBLISH, OUTPUT)]);

    expect(taskFor(PROTECT.id, receipt, asked)).toBe(expected);
  });
});

describe('what remains of a step that publishes', () => {
  test.each<[State, Readonly<Record<Request, string>>]>([
    ['not begun', { plain: 'send', resume: 'send', again: 'send', protected: 'skip not-asked', publish: 'send' }],
    [
      'with parts stored',
      {
        plain: 'abort-then-send',
        resume: 'abort-then-send',
        again: 'abort-then-send',
        protected: 'skip not-asked',
        publish: 'abort-then-send',
      },
    ],
    [
      'sent and unknown',
      { plain: 'refuse unknown', resume: 'look', again: 'send', protected: 'skip not-asked', publish: 'look' },
    ],
    [
      'running',
      {
        plain: 'refuse running',
        resume: 'wait',
        again: 'refuse running',
        protected: 'skip not-asked',
        publish: 'wait',
      },
    ],
    [
      'done',
      { plain: 'refuse done', resume: 'skip done', again: 'send', protected: 'skip not-asked', publish: 'skip done' },
    ],
    ['failed', { plain: 'send', resume: 'send', again: 'send', protected: 'skip not-asked', publish: 'send' }],
  ])('that is %s', (state, expected) => {
    // Without a protection beside it: what that is in depends on its own state.
    const plan = { ...PLAN, steps: [PUBLISH] };
    const receipt = receiptOf([stepIn(state, PUBLISH, INPUT)], { output: null });

    for (const [request, task] of Object.entries(expected))
      expect([request, taskFor(PUBLISH.id, receipt, REQUESTS[request as Request], plan)]).toEqual([request, task]);
  });

  test('what is done is followed to another milestone', () => {
    const receipt = receiptOf([stepIn('done', PROTECT, INPUT), stepIn('done', PUBLISH, OUTPUT, 'validated')]);

    expect(taskFor(PUBLISH.id, receipt, REQUESTS.resume)).toBe('wait');
  });

  test.each<[State, string]>([
    ['not begun', 'send'],
    ['failed', 'send'],
    ['running', 'refuse wrong-input'],
    ['done', 'refuse wrong-input'],
    ['sent and unknown', 'refuse wrong-input'],
  ])('of another output than there is now, and is %s', (state, expected) => {
    const receipt = receiptOf([stepIn('done', PROTECT, INPUT), stepIn(state, PUBLISH, ANOTHER)]);

    expect(taskFor(PUBLISH.id, receipt, REQUESTS.resume)).toBe(expected);
  });

  test.each<[State, string]>([
    ['not begun', 'send'],
    ['running', 'refuse wrong-input'],
    ['done', 'refuse wrong-input'],
  ])('of an output that will be made anew, and is %s', (state, expected) => {
    const receipt = receiptOf([stepIn('done', PROTECT, INPUT), stepIn(state, PUBLISH, OUTPUT)]);

    expect(taskFor(PUBLISH.id, receipt, { ...REQUESTS.resume, again: [PROTECT.id] })).toBe(expected);
  });

  test('nothing is published that nobody has protected', () => {
    const receipt = receiptOf([stepIn('running', PROTECT, INPUT)], { output: null });

    expect(taskFor(PUBLISH.id, receipt, REQUESTS.publish)).toBe('refuse not-protected');
    expect(taskFor(PUBLISH.id, receipt, REQUESTS.resume)).toBe('send');
  });
});

describe('a receipt of something else', () => {
  test.each<[string, Partial<Receipt>, Partial<Asked>, string]>([
    ['of another release of the config', { release: { name: 'beta', definition: 'd' } }, {}, 'another-release'],
    ['of another file', {}, { input: ANOTHER }, 'wrong-input'],
    [
      'of another environment',
      { steps: [{ ...stepIn('running', PROTECT, INPUT), stage: 'staging' }] },
      {},
      'another-release',
    ],
  ])('%s is refused, whatever is asked for', (_, change, asked, why) => {
    const receipt = receiptOf([stepIn('running', PROTECT, INPUT)], change);

    for (const request of Object.values(REQUESTS))
      expect(remaining(PLAN, receipt, { ...request, ...asked }).map(({ task }) => short(task))).toEqual([
        `refuse ${why}`,
        `refuse ${why}`,
      ]);
  });

  test.each<[string, Partial<Receipt>, Partial<Asked>]>([
    ['of a release without a name', { release: null }, {}],
    ['of a file whose SHA-256 was not known yet', { input: null }, { input: ANOTHER }],
    ['where no file is named', {}, { input: null }],
    ['where the output is named', {}, { input: OUTPUT }],
  ])('%s is none', (_, change, asked) => {
    const receipt = receiptOf([stepIn('running', PROTECT, INPUT)], change);

    expect(taskFor(PROTECT.id, receipt, { ...REQUESTS.resume, ...asked })).toBe('wait');
  });
});

test('without a receipt everything that is asked for is sent', () => {
  const tasks = (asked: Asked) => remaining(PLAN, null, asked).map(({ task }) => short(task));

  expect(tasks(PLAIN)).toEqual(['send', 'send']);
  expect(tasks(REQUESTS.resume)).toEqual(['send', 'send']);
  expect(tasks(REQUESTS.protected)).toEqual(['send', 'skip not-asked']);
  expect(tasks(REQUESTS.publish)).toEqual(['skip not-asked', 'refuse not-protected']);
});

/** One step: how an earlier run has left it, and what is to be done now. */
interface Seen {
  readonly id: string;
  readonly state: State;
  readonly task: string;
}

interface Case {
  readonly protection: Seen;
  readonly target: Seen;
  readonly asked: Asked;
  /** Whether the target got the output that holds. */
  readonly isSame: boolean;
}

const sends = (task: string) => task === 'send' || task === 'abort-then-send';
const steps = ({ protection, target }: Case) => [protection, target];

/** What holds for each case, unless it is refused. */
const RULES: Readonly<Record<string, (one: Case) => boolean>> = {
  'what runs is not sent': (one) => steps(one).every(({ state, task }) => state !== 'running' || !sends(task)),
  'what is done, or may be, is sent where its step is named alone': (one) =>
    steps(one).every(
      ({ id, state, task }) =>
        !['done', 'sent and unknown'].includes(state) || !sends(task) || one.asked.again.includes(id),
    ),
  'parts that are stored go first': (one) =>
    steps(one).every(
      ({ state, task }) => !sends(task) || (task === 'abort-then-send') === (state === 'with parts stored'),
    ),
  'nothing is published where the run stops before': ({ target, asked }) =>
    (target.task === 'skip not-asked') === (asked.until === 'protected'),
  'nothing is protected where the run begins after': ({ protection, asked }) =>
    asked.from !== 'publish' || ['skip not-asked', 'fetch'].includes(protection.task),
  'nothing is published of what is not protected': ({ protection, target }) =>
    !sends(target.task) || protection.task !== 'skip not-asked' || protection.state === 'done',
  'what became of another output is neither followed nor counted': ({ protection, target, isSame }) =>
    (isSame && !sends(protection.task)) || !['wait', 'look', 'skip done'].includes(target.task),
};

describe('whatever was done and is asked for', () => {
  const states = Object.keys(STATES) as State[];
  const requests: readonly Asked[] = [
    ...Object.values(REQUESTS),
    { ...PLAIN, until: 'protected' },
    { ...PLAIN, from: 'publish' },
    { ...PLAIN, resume: true, again: [PROTECT.id] },
    { ...PLAIN, resume: true, again: [PUBLISH.id] },
  ];
  const all = states.flatMap((protectedAs) =>
    states.flatMap((publishedAs) =>
      [OUTPUT, ANOTHER].flatMap((sent) =>
        requests.flatMap((one) =>
          [true, false].map((hasOutput) => caseOf(protectedAs, publishedAs, sent, { ...one, hasOutput })),
        ),
      ),
    ),
  );
  const carriedOut = all.filter((one) => steps(one).every(({ task }) => !task.startsWith('refuse')));

  function caseOf(protectedAs: State, publishedAs: State, sent: string, asked: Asked): Case {
    const output = protectedAs === 'done' ? {} : { output: null };
    const receipt = receiptOf([stepIn(protectedAs, PROTECT, INPUT), stepIn(publishedAs, PUBLISH, sent)], output);
    const [protects = '', publishes = ''] = remaining(PLAN, receipt, asked).map(({ task }) => short(task));
    const protection = { id: PROTECT.id, state: protectedAs, task: protects };
    return {
      protection,
      target: { id: PUBLISH.id, state: publishedAs, task: publishes },
      asked,
      isSame: sent === OUTPUT,
    };
  }

  test.each(Object.entries(RULES))('%s', (_, holds) => {
    expect(all).toHaveLength(6 * 6 * 2 * 9 * 2);
    expect(carriedOut.length).toBeGreaterThan(400);
    expect(carriedOut.filter((one) => !holds(one))).toEqual([]);
  });
});
