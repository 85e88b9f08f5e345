import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import type { ResultDocument } from '../../src/contract/result-document.ts';
import { runCli, runProcess } from '../support/cli.ts';
import {
  documentOf,
  forEach,
  LINES,
  MAKERS,
  makeThings,
  own,
  setUp,
  type Variables,
  WRITERS,
} from '../support/command-lines.ts';
import { checked } from '../support/published-schema.ts';
import { takesTurn } from '../support/share.ts';

test('there are lines for every command, and for no other', () => {
  const names = [...COMMANDS.map(({ name }) => name), ...own.map(({ id, name }) => `${id} ${name}`)];

  expect(Object.keys(LINES).sort()).toEqual(names.sort());
});

test('every command keeps to the published schemas: rehearsed, in failure and in success', async () => {
  const { works, fails } = await setUp();
  const made = await makeThings(works);
  const lines = Object.entries(LINES);

  await forEach(WRITERS, async (command) => {
    const { data } = await works(command, `${LINES[command]?.works(made)} --dry-run`);
    expect(data, command).toEqual(command === 'publish' ? { plans: expect.any(Array) } : { plan: expect.any(Object) });
  });
  await forEach(lines, async ([command, line]) => await fails(command, line));
  // Each command once. One of twelve neighbours has its turn to do it in a process of its own, as a user starts it.
  await forEach([...lines.entries()], async ([index, [command, line]]) => {
    if (!MAKERS.includes(command)) await works(command, line.works(made), takesTurn(index, 12) ? runProcess : runCli);
  });
}, 300_000);

test.each<readonly [string, readonly string[], Variables]>([
  ['a flag that is not there', ['status', '--jsn', '--json'], {}],
  ['no command', ['--json'], {}],
  ['no command, and --json by its variable alone', [], { APPTOOL_JSON: '1' }],
  ['a command that is not there', ['protct'], { APPTOOL_JSON: 'true' }],
  ['a variable that cannot be', ['backends', '--json'], { APPTOOL_TIMEOUT: 'soon' }],
  ['a config that is not there', ['backends', '--json', '-c', 'missing.json'], {}],
])('what fails before there are settings is told by the schema too: %s', async (_, args, env) => {
  expect(documentOf(await runCli(args, { env }))).toMatchObject({ ok: false, data: null });
});

test('the schema takes data of its own command alone, and none of a command without any', async () => {
  const document = documentOf(await runCli(['backends', '--json']));
  const isValid = (other: Partial<ResultDocument>): boolean => {
    try {
      checked('result.schema.json', { ...document, ...other });
      return true;
    } catch {
      return false;
    }
  };

  expect(isValid({})).toBe(true);
  expect(isValid({ data: null })).toBe(true);
  for (const command of ['config show', 'status', 'autoappstore version', 'a command of tomorrow', null])
    expect([command, isValid({ command })]).toEqual([command, false]);
});
