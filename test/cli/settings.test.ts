import { expect, test } from 'vitest';
import { Settings } from '../../src/cli/settings/settings.ts';

const { shape } = Settings;

test.each(Object.entries(shape))('%s says what it wants where it gets a mapping', (_, setting) => {
  const { error } = setting.safeParse({ a: 1 });

  expect(error?.issues[0]?.message).toMatch(/^(?:expected|must be) \w+/);
});

test.each([
  ['the name of a suite', shape.junitSuite, 100, 'is longer than 100 characters'],
  ['release notes', shape.releaseNotes, 65_536, 'release notes are larger than 64 KiB'],
] as const)('%s may be so long and no longer', (_, setting, longest, message) => {
  expect(setting.safeParse('x'.repeat(longest)).success).toBe(true);
  expect(setting.safeParse('x'.repeat(longest + 1)).error?.issues).toMatchObject([{ message }]);
});
