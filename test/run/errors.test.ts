import { expect, test } from 'vitest';
import {
  AppToolError,
  AuthError,
  CancelledError,
  detailsOf,
  IntegrityError,
  JobFailedError,
  LimitError,
  RejectedError,
  UnavailableError,
  UnknownOutcomeError,
  UsageError,
} from '../../src/contract/errors.ts';

const CAUSE = new Error('beneath');
const FINDINGS = [{ code: 'a', severity: 'blocking', message: 'b' }] as const;
const KNOWN = {
  cause: CAUSE,
  hint: 'look',
  next: { do: 'look', where: 'store' },
  httpStatus: 422,
  backendCode: '5006',
  serverText: 'no',
  findings: FINDINGS,
} as const;
const ERRORS = [
  new UsageError('m', KNOWN),
  new AuthError('m', KNOWN),
  new RejectedError('m', { ...KNOWN, afterLostAnswer: true }),
  new UnavailableError('m', KNOWN),
  new JobFailedError('m', KNOWN),
  new UnknownOutcomeError('m', { ...KNOWN, isAnswerLost: true }),
  new LimitError('m', { ...KNOWN, limit: 'week', retryAfterMs: 7 }),
  new IntegrityError('m', { ...KNOWN, mayBeTransit: true }),
  new CancelledError('SIGTERM', KNOWN),
];

test.each(ERRORS.map((error) => [error.class, error] as const))(
  'a changed %s is another error that has lost nothing',
  (_, error) => {
    const before = { ...error };
    const changed = error.with({ hint: 'other' });

    expect(changed).not.toBe(error);
    expect({ ...changed }).toEqual({ ...before, hint: 'other' });
    expect({ ...error }).toEqual(before);
    expect([changed.message, changed.stack, changed.cause]).toEqual([error.message, error.stack, error.cause]);
    expect(changed).toBeInstanceOf(error.constructor);
    expect(Object.prototype.toString.call(changed)).toBe('[object Error]');
  },
);

test('a message can be another, and the class stays', () => {
  expect(new LimitError('m', { limit: 'week' }).with({ message: 'n' })).toMatchObject({ message: 'n', limit: 'week' });
});

test.each(ERRORS.map((error) => [error.class, error] as const))(
  'an error made of a %s knows what that knew',
  (_, error) => {
    const made = new UnavailableError('later', detailsOf(error));

    expect(made).toMatchObject({ ...KNOWN, cause: error, class: 'unavailable', message: 'later' });
  },
);

test('an error is recognised by its mark, and by its class between two copies of the code', () => {
  const foreign = Object.assign(new Error('from another copy'), { [Symbol.for('apptool.error')]: 'limit' });

  expect(foreign).toBeInstanceOf(AppToolError);
  expect(foreign).toBeInstanceOf(LimitError);
  expect(foreign).not.toBeInstanceOf(AuthError);
  for (const other of [new Error('m'), null, undefined, 'limit', { class: 'limit' }])
    expect(other instanceof AppToolError).toBe(false);
});

test('a class that somebody derives is asked for in the usual way', () => {
  class OfTheirs extends UsageError {}

  expect(new OfTheirs('m')).toBeInstanceOf(OfTheirs);
  expect(new OfTheirs('m')).toBeInstanceOf(UsageError);
  expect(new UsageError('m')).not.toBeInstanceOf(OfTheirs);
});
