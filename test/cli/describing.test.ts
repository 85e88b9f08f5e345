import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { backendCommands } from '../../src/cli/commands/backend/backend-commands.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { parseCommandLine } from '../../src/cli/line/program.ts';
import { settingTexts } from '../../src/cli/line/setting-texts.ts';
import { publishedSchemas } from '../../src/cli/output/published-schemas.ts';
import { configFileSchema, configJsonSchema } from '../../src/cli/settings/config/config-schema.ts';
import { ResultDocument } from '../../src/contract/result-document.ts';
import { ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { runCli } from '../support/cli.ts';

describe('help and version', () => {
  test.each(COMMANDS.map(({ name, example, flags }) => ({ name, example, flags })))(
    '$name --help shows its flags with their defaults and an example',
    async ({ name, example, flags }) => {
      const result = await runCli([...name.split(' '), '--help']);

      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout).toContain(`Example: ${example}`);
      const lines = result.stdout.trimEnd().split('\n');
      expect(lines.length).toBeLessThan(24);
      expect(lines.filter((line) => line.length > 80 && !line.startsWith('Example: '))).toEqual([]);
      for (const flag of flags) expect(result.stdout).toContain(`--${flag}`);
      if (flags.includes('timeout')) expect(result.stdout.replace(/\s+/g, ' ')).toContain('(default: 60m)');
    },
  );

  test('every command of one backend has a page that fits a screen, with its example', async () => {
    const specs = await backendCommands(null);
    const texts = await settingTexts();

    expect(specs.length).toBeGreaterThan(10);
    for (const { name, example } of specs) {
      const page = parseCommandLine([...name.split(' '), '--help'], specs, '0', texts);
      const text = page.type === 'help' ? page.text : '';
      expect(text).toContain(`Example: ${example}`);
      expect(text.trimEnd().split('\n').length).toBeLessThan(24);
    }
  });

  test('--help --verbose describes every flag', async () => {
    const publish = COMMANDS.find(({ name }) => name === 'publish');

    const { stdout } = await runCli(['publish', '--help', '--verbose']);

    for (const flag of publish?.flags ?? []) expect(stdout).toMatch(new RegExp(`^ +(-., )?--${flag}( <|\\s{2})`, 'm'));
  });

  test('--help says what the package is for, and lists every command and every global flag', async () => {
    const { description } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { description: string };

    const { stdout } = await runCli(['--help']);

    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(description);
    for (const { name } of COMMANDS) expect(stdout).toContain(name.split(' ')[0]);
    for (const flag of ['--config', '--json', '--quiet', '--verbose', '--no-color', '--dry-run', '--sandbox'])
      expect(stdout).toContain(flag);
  });

  test('--version prints the version of the package', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };

    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('backends', () => {
  test('lists files, limit, download, settings and variables', async () => {
    const { stdout, code } = await runCli(['backends']);

    expect(code).toBe(0);
    for (const backend of backends) expect(stdout).toContain(backend.id);
    expect(stdout).toMatch(/files +\.apk \.aab \.ipa/);
    expect(stdout).toContain('APPTEGO_API_KEY or APPTEGO_API_KEY_FILE');
    expect(stdout).toContain('apptego.apiUrl (APPTEGO_API_URL)');
  });

  test('gives the same as data with --json', async () => {
    const { stdout } = await runCli(['backends', '--json']);

    const document = ResultDocument.parse(JSON.parse(stdout));
    expect(document.data).toMatchObject({ backends: backends.map(({ id }) => ({ id })) });
  });
});

describe('config', () => {
  test('show names the source of every value: flag, variable, file with its line, default', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'apptool.config.yaml'), 'timeout: 45m\nenvironment: staging\nconcurrency: 6\n');
    const env = { APPTOOL_TIMEOUT: '50m', APPTEGO_API_KEY: 'key_id:hidden_value' };

    const { stdout, code } = await runCli(['config', 'show', '--json', '--verbose'], { cwd: folder, env });
    const text = await runCli(['config', 'show'], { cwd: folder, env });

    const rows = (JSON.parse(stdout) as { data: { settings: { key: string; value: unknown; source: string }[] } }).data
      .settings;
    const row = (key: string) => rows.find((one) => one.key === key);
    expect(code).toBe(0);
    expect(row('timeout')).toEqual({ key: 'timeout', value: '50m', source: 'APPTOOL_TIMEOUT' });
    expect(row('environment')).toEqual({ key: 'environment', value: 'staging', source: 'apptool.config.yaml:2:1' });
    expect(row('concurrency')).toMatchObject({ value: 6 });
    expect(row('json')).toMatchObject({ value: true, source: '--json' });
    expect(row('pollInterval')).toMatchObject({ value: '15s', source: 'default' });
    expect(row('APPTEGO_API_KEY')).toMatchObject({ value: '[secret]' });
    expect(stdout + text.stdout).not.toContain('hidden_value');
    expect(text.stdout).toContain('config file: apptool.config.yaml');
  });

  test('a flag beats its variable, which beats the file, which beats the default', async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, 'apptool.config.json'),
      '{ "stallTimeout": "30s", "appearTimeout": "30s", "timeout": "30s" }',
    );
    const env = { APPTOOL_TIMEOUT: '40s', APPTOOL_APPEAR_TIMEOUT: '40s' };

    const { stdout } = await runCli(['config', 'show', '--json'], { cwd: folder, env });
    const flagged = await runCli(['wait', 'apptego:1', '--timeout', 'soon'], { cwd: folder, env });

    const rows = (JSON.parse(stdout) as { data: { settings: { key: string; value: unknown }[] } }).data.settings;
    expect(rows).toContainEqual(expect.objectContaining({ key: 'stallTimeout', value: '30s' }));
    expect(rows).toContainEqual(expect.objectContaining({ key: 'appearTimeout', value: '40s' }));
    expect(flagged.stderr).toContain('--timeout must be 10s to 24h');
  });

  test('--set reaches any setting of a backend, also from a file', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'address'), 'https://own.example/api/\n');

    const { stdout } = await runCli(['config', 'show', '--set', 'apptego.apiUrl=@address'], { cwd: folder });

    expect(stdout).toMatch(/apptego\.apiUrl +https:\/\/own\.example\/api\/ +--set apptego\.apiUrl/);
  });

  test('is found upwards as far as the repository goes, and no further', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'repository', '.git'), { recursive: true });
    await mkdir(join(folder, 'repository', 'app', 'src'), { recursive: true });
    await writeFile(join(folder, '.apptoolrc'), 'timeout: 11m\n');

    const outside = await runCli(['config', 'show'], { cwd: join(folder, 'repository', 'app', 'src') });
    await writeFile(join(folder, 'repository', 'package.json'), '{ "name": "x", "apptool": { "timeout": "12m" } }');
    const inside = await runCli(['config', 'show'], { cwd: join(folder, 'repository', 'app', 'src') });

    expect(outside.stdout).toContain('config file: none');
    expect(inside.stdout).toContain('config file: ../../package.json');
    expect(inside.stdout).toMatch(/timeout +12m/);
  });

  test('schema is the schema that ships, and the example is valid against the code', async () => {
    const { stdout } = await runCli(['config', 'schema']);
    const shipped: unknown = JSON.parse(await readFile(join(ROOT, 'dist', 'config.schema.json'), 'utf8'));
    const example: unknown = JSON.parse(await readFile(join(ROOT, 'apptool.config.example.json'), 'utf8'));

    expect(JSON.parse(stdout)).toEqual(shipped);
    expect(shipped).toEqual(JSON.parse(JSON.stringify(configJsonSchema(backends))));
    expect(configFileSchema(backends).safeParse(example)).toMatchObject({ success: true });
  });

  test('the example is taken by the command line', async () => {
    const { code, stdout } = await runCli(['config', 'show', '--config', join(ROOT, 'apptool.config.example.json')]);

    expect(code).toBe(0);
    expect(stdout).toContain('apptool.config.example.json');
  });

  test('every published schema is in the package, as the code makes it', async () => {
    for (const [name, schema] of Object.entries(await publishedSchemas())) {
      expect(JSON.parse(await readFile(join(ROOT, 'dist', name), 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
    }
  });

  test('never runs code of the working directory, however it is offered', async () => {
    const folder = await temporaryFolder();
    const trap = `require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'ran'))}, 'yes');`;
    await mkdir(join(folder, '.config'));
    for (const name of [
      'apptool.config.js',
      'apptool.config.cjs',
      '.apptoolrc.js',
      '.config/config.js',
      '.config/config.cjs',
      '.config/config.ts',
    ]) {
      await writeFile(join(folder, name), trap);
    }
    await writeFile(join(folder, '.env'), 'APPTOOL_TIMEOUT=nonsense\n');

    const { code, stderr } = await runCli(['config', 'show'], { cwd: folder });

    expect(code).toBe(0);
    expect(stderr).toContain('apptool.config.js is ignored: configs are data only');
    expect(await readdir(folder)).not.toContain('ran');
  });
});
