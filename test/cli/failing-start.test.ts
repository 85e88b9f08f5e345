import { execFileSync } from 'node:child_process';
import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { runCli } from '../support/cli.ts';
import { IS_WHOLE, SEED } from '../support/share.ts';

// What a start has opened is closed when the start fails: a server that goes on listening would keep the job alive until its CI kills it.

const REFUSED: readonly (readonly [string, (path: string) => Promise<unknown> | unknown])[] = [
  ['a file of something else', (path) => writeFile(path, 'notes')],
  ['a link', (path) => symlink('/dev/null', path)],
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
];

describe.each([
  { command: 'protect', flags: [], place: 0 },
  { command: 'publish', flags: ['--to', 'applivery,autoappstore'], place: 1 },
  { command: 'upload', flags: ['--to', 'autoappstore'], place: 2 },
] as const)('$command --sandbox', ({ command, flags, place }) => {
  // A process each, so that it is seen to end: one kind a day for each command.
  test.each(REFUSED.filter((_, index) => IS_WHOLE || index === (SEED + place) % REFUSED.length))(
    'ends when its receipt would replace %s, and leaves nothing',
    async (_, make) => {
      const folder = await temporaryFolder();
      const file = await copyFixture('v2.apk', folder);
      await make(join(folder, 'target.txt'));
      const temporary = await temporaryFolder();

      const result = await runCli([command, file, '-e', 'dev', ...flags, '--sandbox', '--receipt', 'target.txt'], {
        cwd: folder,
        env: { TMPDIR: temporary },
      });

      expect(result.code, result.stderr).toBe(3);
      expect(await readdir(temporary)).toEqual([]);
    },
  );
});
