import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { atEnd } from '../../src/testing/cleanup.ts';
import { bigApk, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { startCli } from '../support/cli.ts';
import { watchPeakMemory } from '../support/memory.ts';
import { IS_WHOLE, takesTurn } from '../support/share.ts';

const MIB = 1024 * 1024;
/** 2 GiB in `npm run test:all`. */
const LARGE_GIB = IS_WHOLE ? 2 : 1;

/** A server in a process of its own, which reads and discards what it is sent. Gives its address. */
async function sink(): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, 'bench', 'sink.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return line.toString().trim();
}

// One test of memory a day: the others are in cli/protect.test.ts and cli/inspect.test.ts.
test.runIf(process.platform === 'linux' && takesTurn(0, 2))(
  `the peak memory of an upload of ${LARGE_GIB} GiB is that of one of 200 MiB, within 20 %`,
  async () => {
    const folder = await temporaryFolder();
    const env = { APPTEGO_API_URL: await sink(), APPTEGO_API_KEY: 'key_id:key_secret' };
    const peakOf = async (sizeBytes: number): Promise<number> => {
      const file = await bigApk(join(folder, `${sizeBytes}.apk`), sizeBytes, 'hole');
      const running = startCli(['upload', file, '--to', 'apptego', '-e', 'prod', '--concurrency', '4'], { env });
      const peak = watchPeakMemory(running.child.pid ?? 0);
      expect(await running.result).toMatchObject({ code: 0 });
      return peak.stop();
    };

    const small = await peakOf(200 * MIB);
    // A busy machine collects garbage late, now and then: the lowest of a few runs is what the program needs.
    let large = Number.POSITIVE_INFINITY;
    for (let run = 1; run <= 4 && large >= 1.2 * small; run += 1)
      large = Math.min(large, await peakOf(LARGE_GIB * 1024 * MIB));

    expect(small).toBeGreaterThan(20 * MIB);
    expect(large).toBeLessThan(1.2 * small);
  },
  120_000,
);
