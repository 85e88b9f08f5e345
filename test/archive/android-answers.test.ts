import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AndroidFacts } from '../../src/archive/inspect.ts';
import { fixture, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import {
  type AaptAnswer,
  type ApksignerAnswer,
  askAapt,
  askApksigner,
  hasAapt,
  hasApksigner,
} from '../support/android-tools.ts';
import { asAndroid, inspectedAt } from '../support/inspected.ts';
import { tamperedCopies } from '../support/tampered-apks.ts';

// Everything here is compared with what aapt and apksigner say: asked now where they are installed, and as they once answered elsewhere.
// APPTOOL_RECORD_ANSWERS=1 writes down their answers.

interface Answers {
  readonly aapt: Record<string, AaptAnswer>;
  readonly apksigner: Record<string, ApksignerAnswer>;
}

const ANSWERS = fixture('answers.json');
const recorded = JSON.parse(await readFile(ANSWERS, 'utf8').catch(() => '{"aapt":{},"apksigner":{}}')) as Answers;
const isRecording = process.env.APPTOOL_RECORD_ANSWERS === '1';

afterAll(async () => {
  if (isRecording) await writeFile(ANSWERS, `${JSON.stringify(recorded, null, 1)}\n`);
});

async function aaptOn(name: string, path: string): Promise<AaptAnswer | undefined> {
  const answer = hasAapt ? await askAapt(path) : recorded.aapt[name];
  if (isRecording && answer !== undefined) recorded.aapt[name] = answer;
  return answer;
}

async function apksignerOn(name: string, path: string): Promise<ApksignerAnswer | undefined> {
  const answer = hasApksigner ? await askApksigner(path) : recorded.apksigner[name];
  if (isRecording && answer !== undefined) recorded.apksigner[name] = answer;
  return answer;
}

function expectSameApp({ app, abis }: AndroidFacts, aapt: AaptAnswer | undefined): void {
  expect(app).not.toBeNull();
  const { icon, label, versionCode, split: _, needsSplits, ...rest } = app ?? ({} as NonNullable<AndroidFacts['app']>);
  expect(needsSplits).toBe(false);
  const said = (value: number | string | null) => (value === null ? null : String(value));
  expect({
    ...rest,
    versionName: rest.versionName ?? '',
    minSdk: said(rest.minSdk),
    targetSdk: said(rest.targetSdk),
    label: label ?? '',
    // aapt shows the lower half of a version code alone.
    versionCode: versionCode === null ? '' : String(versionCode % 2 ** 32),
    abis,
  }).toEqual({ ...aapt, icons: undefined });
  if (icon !== null && aapt?.icons.some((one) => one.endsWith('.png'))) expect(aapt.icons).toContain(icon);
}

/** For Android 7 and later, apksigner looks at the JAR signature only where there is no other. */
function expectSameSignature({ signatures }: AndroidFacts, answer: ApksignerAnswer | undefined): void {
  const newer = signatures.filter(({ scheme }) => scheme !== 'v1');
  const decisive = newer.length > 0 ? newer : signatures;
  expect(answer).toBeDefined();
  expect(decisive.length > 0 && decisive.every(({ verified }) => verified === true)).toBe(answer?.verifies);
  if (answer?.verifies !== true) return;
  expect(newer.map(({ scheme }) => scheme)).toEqual(answer.schemes);
  expect(newer.every(({ verified }) => verified === true)).toBe(true);
  expect(decisive.at(-1)?.signers.map(({ sha256 }) => sha256)).toEqual(answer.signers);
}

const APKS = ['unsigned.apk', 'v1.apk', 'v2.apk', 'v3.apk', 'v123.apk', 'rich.apk', 'rich-utf16.apk'];

describe('an APK', () => {
  test.each(APKS)('%s says what aapt says', async (name) => {
    expectSameApp(asAndroid(await inspectedAt(fixture(name))), await aaptOn(name, fixture(name)));
  });

  test.each(APKS)('%s is signed as apksigner says', async (name) => {
    expectSameSignature(asAndroid(await inspectedAt(fixture(name))), await apksignerOn(name, fixture(name)));
  });
});

const copies = await tamperedCopies('v123.apk');

test.each(copies.map(({ what, bytes }) => [what, bytes] as const))(
  'changed after signing, %s: the verdict is that of apksigner',
  async (what, bytes) => {
    const path = join(await temporaryFolder(), 'app.apk');
    await writeFile(path, bytes);

    const facts = asAndroid(await inspectedAt(path));

    expectSameSignature(facts, await apksignerOn(what, path));
  },
);

/** Real APKs of 0.2 to 18 MB, in packages that nothing here depends on: `npm i --no-save <package>` brings them. */
const LARGE = ['android-apidemos', 'io.appium.settings', 'appium-uiautomator2-server']
  .map((name) => join(ROOT, 'node_modules', name, 'apks'))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.apk'));

test.skipIf(!hasAapt || !hasApksigner).each(LARGE)('%s says what aapt and apksigner say', async (path) => {
  const facts = asAndroid(await inspectedAt(path));

  expectSameApp(facts, await askAapt(path));
  expectSameSignature(facts, await askApksigner(path));
});
