import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { expectAccepted, expectRefused, named, startCanary } from '../support/canary.ts';
import { runCli } from '../support/cli.ts';
import { binaryXml, xmlPlist } from '../support/manifest-bytes.ts';
import { tamperedCopies } from '../support/tampered-apks.ts';
import { zip } from '../support/zip-bytes.ts';

/** SHA-256 of the certificate that signs the fixtures, as apksigner and keytool say it. */
const SIGNER = 'a569981876150527a27f973371b680b19b2053d606214f5b0ff46fce1e3e8394';
const WITH_COLONS = SIGNER.toUpperCase().replace(/..(?!$)/g, '$&:');
const WHOLE_NUMBER = 'must be a whole number of at most 15 digits';
const OTHER = 'ab'.repeat(32);
const NOTHING_ALLOWED = { APPTOOL_ALLOW_DEBUGGABLE: '' };

interface Row {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

const REFUSED: readonly (Row & { says: string })[] = [
  {
    name: '--expect-package of another app',
    file: 'v2.apk',
    args: ['--expect-package', 'com.other'],
    says: 'cannot send v2.apk: its package is dev.apptool.fixture, not com.other',
  },
  {
    name: '--expect-package of another app, for an IPA',
    file: 'app.ipa',
    args: ['--expect-package', 'com.other'],
    says: 'cannot send app.ipa: its package is dev.apptool.fixture, not com.other',
  },
  {
    name: '--min-version-code above that of the file',
    file: 'signed.aab',
    args: ['--min-version-code', '43'],
    says: 'cannot send signed.aab: its version code is 42, less than 43',
  },
  {
    name: '--expect-signer of another',
    file: 'v123.apk',
    args: ['--expect-signer', OTHER],
    says: `cannot send v123.apk: it is signed by ${SIGNER}, not by ${OTHER}`,
  },
  {
    name: '--expect-signer of an unsigned APK',
    file: 'unsigned.apk',
    args: ['--expect-signer', SIGNER],
    says: 'cannot send unsigned.apk: it is not signed',
  },
  ...['v2.apk', 'unsigned.aab', 'app.ipa'].map((file) => ({
    name: `a debuggable ${file} for production`,
    file,
    args: ['--environment', 'production'],
    says: `cannot send ${file}: it is debuggable, and the environment is production`,
  })),
];

const ACCEPTED: readonly Row[] = [
  { name: 'the package', file: 'v2.apk', args: ['--expect-package', 'dev.apptool.fixture'] },
  { name: 'the version code', file: 'app.ipa', args: ['--min-version-code', '42'] },
  ...['v1.apk', 'v2.apk', 'v3.apk', 'v123.apk', 'signed.aab'].flatMap((file) =>
    [SIGNER, WITH_COLONS].map((sha256) => ({
      name: `the signer of ${file}, as ${sha256.slice(0, 5)}…`,
      file,
      args: ['--expect-signer', sha256],
    })),
  ),
  {
    name: 'a debuggable app for prod that is allowed',
    file: 'v2.apk',
    args: ['-e', 'prod', '--allow-debuggable'],
  },
];

const ways = (file: string) => [
  ['protect', file, '--environment', 'dev'],
  ['upload', file, '--to', 'apptego', '--environment', 'dev'],
  ['publish', file, '--to', 'apptego', '--environment', 'dev'],
  ['protect', file, '--environment', 'dev', '--dry-run'],
];

async function folderWith(file: string): Promise<string> {
  const folder = await temporaryFolder();
  await copyFixture(file, folder);
  return folder;
}

describe('before anything is sent', () => {
  test.each(named(REFUSED))('refuses %s', async (_, { file, args, says }) => {
    const [cwd, canary] = [await folderWith(file), await startCanary()];
    const env = { ...canary.variables, ...NOTHING_ALLOWED };

    // Of a flag that is given twice the last would count, so the usual environment goes where there is one of the row's own.
    const usual = args[0] === '--environment' ? [] : ['-e', 'dev'];
    const result = await runCli(['protect', file, ...usual, ...args], { cwd, env });

    expectRefused(result, canary, { exit: 2, says: ['error[usage]', says, 'hint: '] });
  });

  test.each(ways('v2.apk').map((line) => [line.join(' '), line] as const))('%s refuses', async (_, line) => {
    const [cwd, canary] = [await folderWith('v2.apk'), await startCanary()];

    const result = await runCli([...line, '--expect-package', 'com.other'], { cwd, env: canary.variables });

    expectRefused(result, canary, { exit: 2, says: 'its package is dev.apptool.fixture, not com.other' });
  });

  test.each(named(ACCEPTED))('accepts %s', async (_, { file, args }) => {
    const [cwd, canary] = [await folderWith(file), await startCanary()];
    const env = { ...canary.variables, ...NOTHING_ALLOWED };
    const usual = args[0] === '-e' ? [] : ['-e', 'dev'];

    const result = await runCli(['protect', file, '--dry-run', ...usual, ...args], { cwd, env });

    expectAccepted(result);
    expect(result.stderr).toContain(`warning: ${file} is debuggable`);
  });

  test('an APK with a v1 signature alone that targets Android 11 or later is told, and is not by the signer', async () => {
    const [cwd, canary] = [await temporaryFolder(), await startCanary()];
    await copyFixture('signed/v1-only-target-34.apk', cwd, 'app.apk');
    const line = ['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--dry-run'];

    const told = await runCli(line, { cwd, env: canary.variables });
    const refused = await runCli([...line, '--expect-signer', SIGNER], { cwd, env: canary.variables });

    const why = 'the app targets SDK 34, and from 30 on Android wants v2 or a newer signature';
    expectAccepted(told);
    expect(told.stderr).toContain(`warning: the v1 signature of app.apk does not verify: ${why}`);
    expectRefused(refused, canary, { exit: 2, says: `its v1 signature does not verify: ${why}` });
  });

  test('an APK that was changed after signing is not by the signer', async () => {
    const [cwd, canary] = [await temporaryFolder(), await startCanary()];
    const changed = (await tamperedCopies('v123.apk')).find(({ what }) => what === 'a byte of an entry');
    await writeFile(join(cwd, 'app.apk'), changed?.bytes ?? '');

    const result = await runCli(['upload', 'app.apk', '--to', 'apptego', '-e', 'dev', '--expect-signer', SIGNER], {
      cwd,
      env: canary.variables,
    });

    expectRefused(result, canary, { exit: 2, says: 'its v2 signature does not verify: the file was changed after' });
  });

  test('a package that cannot be read is not the one that is expected, and no hindrance otherwise', async () => {
    const [cwd, canary] = [await temporaryFolder(), await startCanary()];
    await writeFile(join(cwd, 'app.apk'), zip([{ name: 'AndroidManifest.xml', data: 'no manifest at all' }]));
    const line = ['protect', 'app.apk', '-e', 'prod'];

    const pinned = await runCli([...line, '--expect-package', 'a.b'], { cwd, env: canary.variables });
    const free = await runCli([...line, '--dry-run'], { cwd, env: { ...canary.variables, ...NOTHING_ALLOWED } });

    expectRefused(pinned, canary, { exit: 2, says: 'its package cannot be read' });
    expectAccepted(free);
    expect(free.stderr).toMatch(/^warning: cannot read AndroidManifest\.xml: /m);
  });

  test('an expired provisioning profile is a warning', async () => {
    const [cwd, { variables: env }] = [await temporaryFolder(), await sandbox()];
    const app = 'Payload/A.app/';
    const info = xmlPlist('<dict><key>CFBundleIdentifier</key><string>a.b</string></dict>');
    const profile = xmlPlist('<dict><key>ExpirationDate</key><date>2020-02-01T00:00:00Z</date></dict>');
    const entries = [
      { name: `${app}Info.plist`, data: info },
      { name: `${app}embedded.mobileprovision`, data: profile },
    ];
    await writeFile(join(cwd, 'app.ipa'), zip(entries));

    const result = await runCli(['upload', 'app.ipa', '--to', 'apptego', '-e', 'prod', '--json'], { cwd, env });

    expect(ResultDocument.parse(JSON.parse(result.stdout))).toMatchObject({
      ok: true,
      warnings: [
        { code: 'loopback' },
        { code: 'expired-profile', message: 'the provisioning profile of app.ipa expired on 2020-02-01' },
      ],
    });
  });
});

describe('the settings of it', () => {
  const PINS = { expectPackage: 'com.other', expectSigner: WITH_COLONS, minVersionCode: 7 };

  test('may stand in a config that was found, which is obeyed', async () => {
    const [cwd, canary] = [await folderWith('v2.apk'), await startCanary()];
    await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify(PINS));

    const shown = await runCli(['config', 'show'], { cwd });
    const result = await runCli(['protect', 'v2.apk', '-e', 'dev'], { cwd, env: canary.variables });

    expect(shown.stdout).toMatch(new RegExp(`^expectSigner +${SIGNER} `, 'm'));
    expect(shown.stdout).toMatch(/^minVersionCode +7 /m);
    expectRefused(result, canary, { exit: 2, says: 'its package is dev.apptool.fixture, not com.other' });
  });

  test('a config that was found may not allow what is debuggable; one that was named may', async () => {
    const [cwd, canary] = [await folderWith('v2.apk'), await startCanary()];
    await writeFile(join(cwd, 'apptool.config.json'), '{"allowDebuggable": true}');
    const env = { ...canary.variables, ...NOTHING_ALLOWED };
    const line = ['protect', 'v2.apk', '-e', 'prod', '--dry-run'];

    const found = await runCli(line, { cwd, env });
    const namedOne = await runCli([...line, '-c', 'apptool.config.json'], { cwd, env });

    expectRefused(found, canary, {
      exit: 13,
      says: '"allowDebuggable" is not allowed in a config that was only found; name the config with --config, or use a flag',
    });
    expectAccepted(namedOne);
  });

  test.each([
    ['--expect-signer', 'abc', 'must be a SHA-256: 64 hexadecimal digits'],
    ['--expect-signer', `${WITH_COLONS}:00`, 'must be a SHA-256: 64 hexadecimal digits'],
    ['--expect-package', '', 'is empty'],
    ['--min-version-code', '-1', WHOLE_NUMBER],
    ['--min-version-code', '1.5.', WHOLE_NUMBER],
    ['--min-version-code', '1e3', WHOLE_NUMBER],
    ['--min-version-code', '1'.repeat(16), WHOLE_NUMBER],
  ])('%s "%s" is refused', async (flag, value, says) => {
    const [cwd, canary] = [await folderWith('v2.apk'), await startCanary()];

    const result = await runCli(['protect', 'v2.apk', '-e', 'dev', `${flag}=${value}`], { cwd, env: canary.variables });

    expectRefused(result, canary, { exit: 2, says: `${flag} ${says}` });
  });
});

describe('what no store takes', () => {
  const SPLIT = zip([
    {
      name: 'AndroidManifest.xml',
      data: binaryXml({
        name: 'manifest',
        attributes: [
          { name: 'package', value: 'dev.app' },
          { name: 'split', value: 'config.hdpi' },
        ],
      }),
    },
  ]);

  async function protectSplit(...more: string[]) {
    const [canary, cwd] = [await startCanary(), await temporaryFolder()];
    await writeFile(join(cwd, 'app.apk'), SPLIT);
    const result = await runCli(['protect', 'app.apk', ...more], { cwd, env: canary.variables });
    return { result, canary };
  }

  test('is refused for production, and nothing is sent', async () => {
    const { result, canary } = await protectSplit('-e', 'prod');

    expectRefused(result, canary, {
      exit: 2,
      says: 'cannot send app.apk: it is a split (config.hdpi), not a whole app, which no store accepts, and the environment is production',
    });
    expect(result.stderr).toMatch(/^hint: send the bundle or one universal APK, or allow it \(--allow-unfit\)$/m);
  });

  test.each([
    ['where that was allowed', ['-e', 'prod', '--allow-unfit']],
    ['for a test', ['-e', 'dev']],
  ])('is sent with a warning %s', async (_, more) => {
    const { result } = await protectSplit(...more, '--dry-run');

    expectAccepted(result);
    expect(result.stderr).toMatch(
      /^warning: app\.apk is a split \(config\.hdpi\), not a whole app: no store accepts such a file$/m,
    );
  });

  test('cannot be allowed by a config that was only found', async () => {
    const [canary, cwd] = [await startCanary(), await temporaryFolder()];
    await writeFile(join(cwd, 'app.apk'), SPLIT);
    await writeFile(join(cwd, 'apptool.config.json'), '{"allowUnfit": true}');

    const result = await runCli(['protect', 'app.apk', '-e', 'prod'], { cwd, env: canary.variables });

    expectRefused(result, canary, { exit: 13, says: '"allowUnfit" is not allowed in a config that was only found' });
  });
});

test('a build number of an IPA is compared part by part', async () => {
  const [canary, cwd] = [await startCanary(), await temporaryFolder()];
  const info = xmlPlist(
    '<dict><key>CFBundleIdentifier</key><string>dev.app</string><key>CFBundleVersion</key><string>1.2.42</string></dict>',
  );
  await writeFile(join(cwd, 'app.ipa'), zip([{ name: 'Payload/A.app/Info.plist', data: info }]));
  const line = ['protect', 'app.ipa', '-e', 'dev', '--dry-run', '--min-version-code'];

  const higher = await runCli([...line, '1.2.9'], { cwd, env: canary.variables });
  const lower = await runCli([...line, '1.3'], { cwd, env: canary.variables });

  expectAccepted(higher);
  expectRefused(lower, canary, { exit: 2, says: 'its build number is 1.2.42, less than 1.3' });
});
