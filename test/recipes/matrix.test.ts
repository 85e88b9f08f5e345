import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { apkVariant } from '../support/apk-variant.ts';
import { ciVariables, receiptIn, recipe, yamlOf } from '../support/ci-shell.ts';
import { runWorkflow, type Workflow } from '../support/github-workflow.ts';
import { startPipeline } from '../support/gitlab-pipeline.ts';
import { ofToday } from '../support/share.ts';

// A matrix over two apps: each cell protects and publishes its own, whatever the jobs share.

const PACKAGES = { a: 'dev.apptool.matrixa', b: 'dev.apptool.matrixb' };
const VARIANTS = ['stages', 'release', 'release-gate'] as const;
/** One of them a day, of one of the two CIs. */
const TODAY = ofToday(VARIANTS.flatMap((name) => [['GitLab', name] as const, ['GitHub', name] as const]));
const ofCi = (wanted: string) => TODAY.filter(([ci]) => ci === wanted);

/** Two apps as `gradlew` leaves them, and in `out/`. */
async function twoApps(folder: string): Promise<void> {
  await mkdir(join(folder, 'out'));
  for (const [name, packageName] of Object.entries(PACKAGES)) {
    await apkVariant(join(folder, 'out', `${name}.apk`), { packageName });
  }
  const target = 'app/build/outputs/apk/release';
  await writeFile(join(folder, 'gradlew'), `#!/bin/sh\nmkdir -p ${target}\ncp out/*.apk ${target}/\n`, { mode: 0o755 });
}

async function ciBefore() {
  const proxy = await faultProxy(await sandbox(), []);
  const sends = () =>
    [/\/automate\/upload$/, /\/uploads\/ci$/].map(
      (path) => proxy.seen.filter((one) => one.method === 'POST' && path.test(one.path)).length,
    );
  return { ci: await ciVariables(proxy.variables), sends };
}

test.each(ofCi('GitLab'))(
  '%s: %s',
  async (_, name) => {
    const { ci, sends } = await ciBefore();
    const matrix = '\n.apptool:\n  parallel:\n    matrix:\n      - APP_FILE: [out/a.apk, out/b.apk]\n';
    const file = name === 'stages' ? 'apptool' : name;

    const { results } = await startPipeline(recipe(`gitlab/${file}.gitlab-ci.yml`) + matrix, 'bash', ci, {
      checkedOut: twoApps,
    });

    const job = name === 'release' ? 'release' : 'publish';
    for (const [index, packageName] of Object.values(PACKAGES).entries()) {
      const cell = results[`${job} ${index + 1}`];
      expect(cell?.code, cell?.log).toBe(0);
      const receipt = cell?.kept.find((one) => one.endsWith('.json'));
      expect(receiptIn(cell?.folder, receipt)).toMatchObject({ input: { packageName } });
    }
    expect(sends()).toEqual([2, 2]);
  },
  120_000,
);

test.each(ofCi('GitHub'))(
  '%s: %s',
  async (_, name) => {
    const { ci, sends } = await ciBefore();
    const text = recipe(`github/${name === 'stages' ? 'workflow' : name}.yml`)
      // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub expands it.
      .replaceAll('app-release.apk', '${{ matrix.app }}.apk')
      .replaceAll(
        /^ {4}runs-on: /gm,
        '    strategy:\n      max-parallel: 1\n      matrix:\n        app: [a, b]\n    runs-on: ',
      );

    const { cells, artifacts } = await runWorkflow(yamlOf<Workflow>(text), ci, { checkedOut: twoApps });

    const job = name === 'release' ? 'release' : 'publish';
    for (const [index, packageName] of Object.values(PACKAGES).entries()) {
      const cell = cells[job]?.[index];
      expect(cell?.code, cell?.log).toBe(0);
      expect(receiptIn(artifacts, `${job}-${index}/${job}.json`)).toMatchObject({
        input: { packageName },
      });
    }
    expect(sends()).toEqual([2, 2]);
  },
  120_000,
);
