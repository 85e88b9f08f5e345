import { readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testContext } from '../../src/testing/context.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { createOutput } from '../../src/transfer/download/output-file.ts';
import { clearPartials } from '../../src/transfer/download/partials.ts';

test('F-IO-13: what a killed run left is removed after a day and named before; nothing else is touched', async () => {
  const folder = await temporaryFolder();
  const before = new Date(Date.now() - 25 * 3600 * 1000);
  const [old, young, linked] = ['0', '1', '2'].map((digit) => `.apptool-${digit.repeat(16)}.partial`) as [
    string,
    string,
    string,
  ];
  const others = ['.apptool-1.partial', 'app.partial', `${old}.txt`];
  for (const name of [old, young, ...others]) await writeFile(join(folder, name), 'begun');
  await symlink(join(folder, 'app.partial'), join(folder, linked));
  for (const name of [old, ...others]) await utimes(join(folder, name), before, before);
  const ctx = testContext();

  const file = await createOutput({ path: join(folder, 'out.apk'), force: false }, ctx);
  await clearPartials(file, ctx);
  await file.discard();

  expect((await readdir(folder)).sort()).toEqual([young, linked, ...others].sort());
  expect(
    ctx
      .ofType('debug')
      .map(({ message }) => message)
      .sort(),
  ).toEqual([
    `left alone the unfinished download of another run: ${join(folder, young)}`,
    `left alone the unfinished download of another run: ${join(folder, linked)}`,
    `removed the unfinished download of another run: ${join(folder, old)}`,
  ]);
});
