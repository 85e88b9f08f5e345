import { expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { backendCommandTexts } from '../../src/cli/commands/backend/backend-command-texts.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { flagNamed } from '../../src/cli/line/flags.ts';
import { parseCommandLine } from '../../src/cli/line/program.ts';

const SPECS = [...COMMANDS, ...backendCommandTexts(backends)];

test.each(SPECS.map((spec) => [spec.name, spec.flags] as const))('%s names flags that there are', (_, flags) => {
  expect(flags.filter((name) => flagNamed(name) === undefined)).toEqual([]);
});

test('a misspelt flag of a command is found when the command line is built, and does not vanish', () => {
  const spec = { name: 'tokens create', operands: [], flags: ['nmae'], summary: 'Make a token', example: '' };

  expect(() => parseCommandLine(['tokens', 'create'], [spec], '0.0.0')).toThrow(/tokens create names a flag .*nmae/);
});
