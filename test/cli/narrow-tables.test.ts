import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { widthOf } from '../../src/cli/output/render/cells.ts';
import type { Receipt } from '../../src/contract/record/journal.ts';
import { fixture, temporaryFolder } from '../../src/testing/files.ts';
import { DONE, RUNNING, receiptWith, stepOf } from '../support/receipts.ts';
import { runOnScreen } from '../support/screen.ts';
import { takesTurn } from '../support/share.ts';
import { HAS_TERMINALS } from '../support/terminal.ts';

const NAME = '素晴らしいアプリ🚀';
const LONG = 'applivery:acme/0123456789abcdef01234567/0123456789abcdef01234567';
const PAGE = `https://portal.example.com/${'builds/'.repeat(20)}1`;

function receipt(): Receipt {
  const job = { ref: LONG, id: LONG.slice('applivery:'.length), details: {} };
  return receiptWith({
    steps: [
      stepOf('publish:applivery', { ...DONE, job, links: { page: PAGE, install: null } }),
      stepOf('publish:ignite', RUNNING),
    ],
  });
}

const TABLES = [
  [45, 'backends', 0],
  [45, `fleet status .`, 7],
  [80, 'doctor --to applivery', 4],
  [45, 'config show', 0],
  [45, `inspect ${NAME}.apk`, 0],
] as const;

test.runIf(HAS_TERMINALS).each(TABLES.filter((_, index) => takesTurn(index, 2)))(
  'at %i columns nothing of %s but an address is wider, wide characters too',
  async (columns, line, expected) => {
    const cwd = await temporaryFolder();
    await copyFile(fixture('v2.apk'), join(cwd, `${NAME}.apk`));
    await writeFile(join(cwd, `${NAME}.json`), JSON.stringify(receipt()));
    await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify({ tags: [NAME, NAME, NAME, NAME] }));

    const { code, written } = await runOnScreen(line.split(' '), { cwd, env: { NO_COLOR: '1' }, columns, rows: 40 });

    expect(code, written).toBe(expected);
    // Errors, hints and warnings are sentences, which the terminal wraps.
    const lines = written.split(/\r?\n/).filter((one) => !/^(?:error|hint|warning)\b|https?:\/\//.test(one));
    expect(lines.length).toBeGreaterThan(5);
    for (const one of lines) expect(widthOf(one), one).toBeLessThanOrEqual(columns);
  },
);
