import { expect, test } from 'vitest';
import { hintOf } from '../../src/cli/output/next-words.ts';
import type { Next } from '../../src/contract/next.ts';

const JOB = 'store:b1c2';

const ROWS: readonly (readonly [string | null, Next | null, string | null])[] = [
  [null, null, null],
  ['wait a while', null, 'wait a while'],
  ['it goes on', { do: 'wait', job: JOB }, `it goes on; to keep waiting: apptool wait ${JOB}`],
  [null, { do: 'wait', job: JOB, until: 'live' }, `to keep waiting: apptool wait ${JOB} --until live`],
  [
    null,
    { do: 'wait', job: JOB, set: 'store.signs=true' },
    `to keep waiting: apptool wait ${JOB} --set store.signs=true`,
  ],
  [
    'done',
    { do: 'download', job: JOB, path: 'a.apk' },
    `done; to download its output: apptool download ${JOB} -o a.apk`,
  ],
  [null, { do: 'wait', job: "my app's.json" }, String.raw`to keep waiting: apptool wait 'my app'\''s.json'`],
  [
    null,
    { do: 'download', job: JOB, path: '-o ut.apk' },
    `to download its output: apptool download ${JOB} -o './-o ut.apk'`,
  ],
  [null, { do: 'download', job: JOB }, `to download its output: apptool download ${JOB}`],
  ['parts are left', { do: 'abort', receipt: 'r.json' }, 'parts are left; to remove them: apptool abort r.json'],
  [null, { do: 'resume', receipt: 'r.json' }, 'to continue with what is missing: --resume r.json'],
  [
    null,
    { do: 'resume', receipt: 'r.json', command: ['release', 'production', 'my app.apk', '--resume', 'r.json'] },
    "to continue with what is missing: apptool release production 'my app.apk' --resume r.json",
  ],
  [null, { do: 'look', where: 'store' }, 'look at store before you send it again'],
  ['wait longer', { do: 'set', setting: 'capacityWait' }, 'wait longer (--capacity-wait)'],
  [null, { do: 'set', setting: 'name' }, '--name'],
  [
    'or at once',
    { do: 'set', backend: 'store', setting: 'all', value: '@a.json' },
    'or at once (--set store.all=@a.json)',
  ],
  [null, { do: 'upload', backend: 'store' }, 'to send a file there: apptool upload <file> --to store'],
  ['look at its signers', { do: 'inspect' }, 'look at its signers (apptool inspect)'],
  [null, { do: 'list', backend: 'store', command: 'keys list' }, 'apptool store keys list shows them'],
  ['look for it', { do: 'list', backend: 'store', command: 'keys list' }, 'look for it (apptool store keys list)'],
  [
    'remove it',
    { do: 'call', backend: 'store', command: 'keys delete', operands: ['k1'] },
    'remove it: apptool store keys delete k1',
  ],
];

test.each(ROWS)('%s and %o are told as one sentence', (hint, next, words) => {
  expect(hintOf({ hint, next })).toBe(words);
});
