import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../src/ci/files/make-folder.ts';
import { temporaryFolder } from '../../../src/testing/files.ts';

test('a folder is made with those above it, and one that is there is kept', async () => {
  const folder = join(await temporaryFolder(), 'receipts', 'of', 'today');

  makeFolder(folder);
  await writeFile(join(folder, 'r.json'), '{}');
  makeFolder(folder);

  expect(existsSync(join(folder, 'r.json'))).toBe(true);
});

test.each([
  ['a file is in its place', (root: string) => join(root, 'file'), 'EEXIST'],
  ['a file is above it', (root: string) => join(root, 'file', 'below'), /EEXIST|ENOTDIR/],
])('the error is that of the system where %s', async (_, pathIn, code) => {
  const root = await temporaryFolder();
  await writeFile(join(root, 'file'), '');

  expect(() => makeFolder(pathIn(root))).toThrow(expect.objectContaining({ code: expect.stringMatching(code) }));
});

test.runIf(process.platform === 'linux')('it ends where the file system makes no folders', () => {
  expect(() => makeFolder('/proc/apptool/receipts')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});
