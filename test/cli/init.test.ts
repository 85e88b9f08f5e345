import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { BIN, runCli } from '../support/cli.ts';
import { takesTurn } from '../support/share.ts';
import { HAS_TERMINALS, startAtTerminal, type Terminal } from '../support/terminal.ts';

const NAME = 'apptool.config.json';
const APPTEGO = ['init', '--to', 'apptego', '-e', 'prod'];
/** What the permissions of an app need is known with the app, and not before. */
const PERMISSIONS = ['--set', 'ignite.barePermissions=true'];
const METADATA = [
  'fallbackUrl=https://files.example.com/app.apk',
  'variantSegmentIds=11111111-2222-3333-4444-555555555555',
  'sendToSamsung=false',
  'category=Tools',
  'shortDescription=Does one thing',
  'iconUrl=https://files.example.com/icon.png',
  'developer=Example',
  'email=apps@example.com',
  'websiteUrl=https://www.example.com',
  'marketUrl=https://store.example.com/details?id=com.example',
  'privacyPolicyUrl=https://www.example.com/privacy',
];

async function shown(cwd: string, ...more: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runCli(['config', 'show', '--json', ...more], { cwd });
  const { data } = JSON.parse(stdout) as { data: { settings: { key: string; value: unknown; source: string }[] } };
  return Object.fromEntries(data.settings.map(({ key, value, source }) => [key, source === 'default' ? null : value]));
}

describe('from flags', () => {
  test('writes a config that is found, and says which variables to set', async () => {
    const cwd = await temporaryFolder();

    const { code, stdout, stderr } = await runCli([...APPTEGO, '--timeout', '2700s'], { cwd });

    expect({ code, stdout }).toEqual({ code: 0, stdout: `${NAME}\n` });
    expect(stderr).toContain('APPTEGO_API_KEY');
    expect(stderr).toContain('apptool doctor');
    expect(await readdir(cwd)).toEqual([NAME]);
    expect(JSON.parse(await readFile(join(cwd, NAME), 'utf8'))).toEqual({
      $schema: './node_modules/apptool/dist/config.schema.json',
      backend: 'apptego',
      environment: 'prod',
      timeout: '45m',
    });
    expect(await shown(cwd)).toMatchObject({ backend: 'apptego', environment: 'prod', timeout: '45m' });
  });

  test('every backend that was chosen is one that doctor looks at, also one without settings', async () => {
    const cwd = await temporaryFolder();
    await runCli(['init', '--to', 'apptego,applivery', '-e', 'prod'], { cwd });

    const { code, stdout } = await runCli(['doctor'], { cwd, env: { HTTPS_PROXY: 'http://127.0.0.1:1' } });

    expect(code).toBe(4);
    const others = backends.map(({ id }) => id).filter((id) => id !== 'apptego' && id !== 'applivery');
    for (const id of others) expect(stdout).toMatch(new RegExp(`^${id} +not configured$`, 'm'));
  });

  test('what it asks for is what an upload needs', async () => {
    const cwd = await temporaryFolder();
    await copyFixture('v2.apk', cwd);
    const given = METADATA.flatMap((assignment) => ['--set', `ignite.${assignment}`]);

    const bare = await runCli(['init', '--to', 'ignite'], { cwd });
    const full = await runCli(['init', '--to', 'ignite', ...given], { cwd });
    const upload = await runCli(['upload', 'v2.apk', '--to', 'ignite', '--dry-run', '--sandbox', ...PERMISSIONS], {
      cwd,
    });

    const named = [...bare.stderr.matchAll(/--set ignite\.(\w+)=/g)].map(([, key]) => key);
    expect(bare.code).toBe(2);
    expect(named).toEqual(METADATA.map((assignment) => assignment.split('=')[0]));
    expect(full.code).toBe(0);
    expect(upload.code).toBe(0);
  });

  test('names all that is missing', async () => {
    const cwd = await temporaryFolder();
    const api = ['--set', 'applivery.api=workspace'];

    const nothing = await runCli(['init'], { cwd });
    const more = await runCli(['init', '--to', 'apptego-management,applivery', ...api], { cwd });

    expect(nothing.stderr).toContain('init needs --to <backend>');
    expect(more.code).toBe(2);
    expect(more.stderr).toMatch(/--environment .*apptego-management\.tenant.*organizationId.*applicationId/);
    expect(await readdir(cwd)).toEqual([]);
  });

  test('writes YAML by the name, and says that a name has to be named', async () => {
    const cwd = await temporaryFolder();
    const address = ['--set', 'apptego.apiUrl=https://own.example/api'];

    const { code, stderr } = await runCli([...APPTEGO, ...address, '-o', 'ci.yaml'], { cwd });

    expect(code).toBe(0);
    expect(stderr).toContain('add --config ci.yaml to each command');
    expect(await readFile(join(cwd, 'ci.yaml'), 'utf8')).toContain('environment: prod\n');
    expect(await shown(cwd, '--config', 'ci.yaml')).toMatchObject({ 'apptego.apiUrl': 'https://own.example/api' });
  });

  test('--dry-run prints it and writes nothing', async () => {
    const cwd = await temporaryFolder();

    const { code, stdout } = await runCli([...APPTEGO, '--dry-run'], { cwd });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ environment: 'prod' });
    expect(await readdir(cwd)).toEqual([]);
  });

  test('replaces a file with --force alone', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, NAME), '{ broken');

    const refused = await runCli(['init'], { cwd });
    const kept = await readFile(join(cwd, NAME), 'utf8');
    const forced = await runCli([...APPTEGO, '--force'], { cwd });

    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(`output exists; use --force to replace it: ${NAME}`);
    expect(kept).toBe('{ broken');
    expect(forced.code).toBe(0);
    expect(await shown(cwd)).toMatchObject({ environment: 'prod' });
  });

  test('warns of a second config in the folder', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, '.apptoolrc'), 'timeout: 10m\n');

    const { stderr } = await runCli(APPTEGO, { cwd });

    expect(stderr).toContain('only one config per folder is used, but .apptoolrc is there too');
  });

  test.each([
    {
      name: 'a key that sounds like a secret',
      args: ['--set', 'apptego.apiKey=id:SECRET123'],
      code: 13,
      says: 'keep secrets out',
    },
    {
      name: 'a credential as a value',
      args: ['--to', 'applivery', '--set', 'applivery.changelog=by SECRET123'],
      code: 13,
      says: 'keep secrets out',
    },
    {
      name: 'an address, which a found config may not set',
      args: ['--set', 'apptego.apiUrl=https://own.example'],
      code: 13,
      says: 'APPTEGO_API_URL',
    },
    {
      name: 'a setting of a backend that is not chosen',
      args: ['--set', 'ignite.category=x'],
      code: 2,
      says: 'ignite is not among the backends',
    },
    { name: 'an unknown backend', args: ['--to', 'nostore'], code: 2, says: 'unknown backend "nostore"' },
    { name: 'a name that is none of a config', args: ['-o', 'config.js'], code: 2, says: '.json, .yaml or .yml' },
    { name: 'package.json', args: ['-o', 'package.json'], code: 2, says: 'package.json holds more than a config' },
    {
      name: 'a config to read',
      args: ['-c', 'other.json'],
      code: 2,
      says: 'init writes a new config and does not read one',
    },
  ])('refuses $name', async ({ args, code, says }) => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'other.json'), '{}');
    const to = args.includes('--to') ? [] : ['--to', 'apptego'];
    const env = { APPTEGO_API_KEY: 'key_id:SECRET123' };

    const result = await runCli(['init', '-e', 'prod', ...to, ...args], { cwd, env });

    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(says);
    expect(result.stderr).not.toContain('SECRET123');
    expect(await readdir(cwd)).toEqual(['other.json']);
  });
});

describe.skipIf(!HAS_TERMINALS)('on a terminal', () => {
  const start = (cwd: string, args = ''): Terminal =>
    startAtTerminal(`'${process.execPath}' '${BIN}' init ${args}`, { cwd });

  // A terminal is a process: two of six a day.
  test.runIf(takesTurn(0, 3))('asks nobody where a CI gives its jobs a terminal', async () => {
    const line = `'${process.execPath}' '${BIN}' init`;
    const terminal = startAtTerminal(line, { cwd: await temporaryFolder(), env: { BUILDKITE: 'true' } });

    await terminal.until(/error\[usage\]: init needs --to/);
    expect(await terminal.ended).toBe(2);
  });

  test.runIf(takesTurn(1, 3))('asks again until an answer can be one', async () => {
    const cwd = await temporaryFolder();
    const terminal = start(cwd);

    const asked = await terminal.until(/backends \[apptego\]: $/);
    for (const { id, title } of backends) expect(asked).toContain(`${id}: ${title}`);
    expect(asked.split('\n').filter((line, index, lines) => lines.indexOf(line) !== index)).toEqual([]);
    terminal.type('apptego,nostore\n');
    await terminal.until(/unknown backend "nostore"[\s\S]*backends \[apptego\]: $/);
    terminal.type('apptego-management,applivery\n');
    await terminal.until(/\(dev, development.*\)\nenvironment: $/);
    terminal.type('qa\n');
    await terminal.until(/^qa\n.*must be dev, staging or prod.*\nenvironment: $/);
    terminal.type('PROD\n');
    await terminal.until(/apptego-management\.tenant: $/);
    terminal.type('tenant-1\n');
    await terminal.until(/applivery\.api \[none\]: $/);
    terminal.type('\n');
    await terminal.until(/name of the release \[none\]: $/);
    terminal.type('production\n');
    await terminal.until(/name \[apptool\.config\.json\]: $/);
    terminal.type('config.js\n');
    await terminal.until(/ends in \.json, \.yaml or \.yml\nname .*: $/);
    terminal.type('\n');

    expect(await terminal.ended).toBe(0);
    expect(JSON.parse(await readFile(join(cwd, NAME), 'utf8'))).toMatchObject({
      backend: 'apptego-management',
      environment: 'prod',
      'apptego-management': { tenant: 'tenant-1' },
      releases: { production: { protect: { backend: 'apptego-management' }, publish: ['applivery'] } },
    });
  });

  test.runIf(takesTurn(2, 3))(
    'a pipeline to a store that wants signed files has its key, and is what release and publish then use',
    async () => {
      const cwd = await temporaryFolder();
      await copyFixture('v2.apk', cwd, 'app.apk');
      const terminal = start(cwd, '--to apptego,autoappstore,applivery -e prod -o apptool.config.json');

      await terminal.until(/signed files alone.*\nsigningKey \[none\]: $/);
      terminal.type('release-key\n');
      await terminal.until(/applivery\.api \[none\]: $/);
      terminal.type('\n');
      await terminal.until(/publish to autoappstore, applivery\. .*\nname of the release \[none\]: $/);
      terminal.type('production\n');
      await terminal.until(/to rehearse without an account: apptool release production FILE --sandbox\n/);
      expect(await terminal.ended).toBe(0);

      const release = await runCli(['release', 'app.apk', '--dry-run', '--sandbox', '--json'], { cwd, isFast: true });
      const publish = await runCli(['publish', 'app.apk', '--dry-run', '--sandbox', '--json'], { cwd, isFast: true });
      expect(JSON.parse(await readFile(join(cwd, NAME), 'utf8'))).toMatchObject({ signingKey: 'release-key' });
      const { data, warnings } = JSON.parse(release.stdout);
      expect(data.plan.steps.map(({ id }: { id: string }) => id)).toEqual([
        'protect:apptego',
        'publish:autoappstore',
        'publish:applivery',
      ]);
      expect(warnings.map(({ message }: { message: string }) => message).join()).not.toContain('no signing key');
      expect(JSON.parse(publish.stdout).data.plans).toHaveLength(2);
    },
  );

  test.runIf(takesTurn(0, 3))('takes what was typed ahead, and asks for nothing that a flag gives', async () => {
    const cwd = await temporaryFolder();
    const terminal = start(cwd, '--to applivery -o x.yaml');
    terminal.type('workspace\nacme\napp-1\n\n');

    expect(await terminal.ended).toBe(0);
    expect(await readFile(join(cwd, 'x.yaml'), 'utf8')).toContain(
      'applivery:\n  api: workspace\n  organizationId: acme\n  applicationId: app-1\n',
    );
  });

  const KEYS = [
    { name: 'Ctrl-C', key: '\u0003' },
    { name: 'Ctrl-D', key: '\u0004' },
  ];

  test.each(KEYS.filter((_, index) => takesTurn(index + 1, 3)))(
    '$name ends it with nothing written',
    async ({ key }) => {
      const cwd = await temporaryFolder();
      const terminal = start(cwd);

      await terminal.until(/backends .*: $/);
      terminal.type(key);
      const said = await terminal.until(/nothing was written/);

      expect(await terminal.ended).toBe(130);
      expect(said).toContain('error[cancelled]: stopped by SIGINT');
      await expect(access(join(cwd, NAME))).rejects.toThrow();
    },
  );
});
