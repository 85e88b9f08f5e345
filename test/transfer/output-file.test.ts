import { chmod, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testContext } from '../../src/testing/context.ts';
import { temporaryFolder } from '../../src/testing/files.ts';
import { checkOutput, checkRoom, createOutput } from '../../src/transfer/download/output-file.ts';

describe('an output file', () => {
  test('has its name only when it is whole, and only the user may read it until then', async () => {
    const folder = await temporaryFolder();
    const target = { path: join(folder, 'out.apk'), force: false };

    const file = await createOutput(target, testContext());
    const writer = file.writerAt(0);
    await writer.write(Buffer.alloc(3_000_000, 'a'));
    const [temporary] = await readdir(folder);
    const before = await stat(file.temporaryPath);
    await writer.flush();
    await file.commit();

    expect(temporary).toMatch(/^\.apptool-[0-9a-f]{16}\.partial$/);
    expect(before.mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['out.apk']);
    expect((await stat(target.path)).size).toBe(3_000_000);
    expect((await stat(target.path)).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test('leaves nothing when it is discarded, also twice', async () => {
    const folder = await temporaryFolder();
    const file = await createOutput({ path: join(folder, 'out.apk'), force: false }, testContext());
    const writer = file.writerAt(0);
    await writer.write(Buffer.from('something'));

    await file.discard();
    await file.discard();

    expect(await readdir(folder)).toEqual([]);
  });

  test('gives up where the file system takes nothing and gives no error, instead of asking for ever', async () => {
    const file = await createOutput({ path: join(await temporaryFolder(), 'out.apk'), force: false }, testContext());
    onTestFinished(() => file.discard());
    Object.assign(file.handle, { write: async (buffer: Buffer) => ({ bytesWritten: 0, buffer }) });
    const writer = file.writerAt(0);
    await writer.write(Buffer.from('something'));

    await expect(writer.flush()).rejects.toMatchObject({ class: 'local-io', exitCode: 3 });
  });

  test('is brought to the disk while it comes, and what fails then fails the end', async () => {
    const folder = await temporaryFolder();
    const file = await createOutput({ path: join(folder, 'out.apk'), force: false }, testContext());
    let [syncs, atOnce, most] = [0, 0, 0];
    Object.assign(file.handle, {
      datasync: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
        syncs += 1;
        // The system tells of a failed write once, to whoever asks first.
        if (syncs === 1) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      },
    });
    const writer = file.writerAt(0);
    for (let written = 0; written < 100; written += 1) await writer.write(Buffer.alloc(1024 * 1024));
    await writer.flush();

    expect(syncs).toBeGreaterThan(1);
    expect(most).toBe(1);
    await expect(file.commit()).rejects.toMatchObject({ class: 'local-io', message: expect.stringContaining('EIO') });
    await file.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  test('is read as far as was asked, or not at all', async () => {
    const file = await createOutput({ path: join(await temporaryFolder(), 'out.apk'), force: false }, testContext());
    onTestFinished(() => file.discard());
    const writer = file.writerAt(0);
    await writer.write(Buffer.from('0123456789'));
    await writer.flush();
    const read = file.handle.read.bind(file.handle) as (...values: unknown[]) => Promise<{ bytesRead: number }>;
    // Reads may be short, on network file systems above all.
    Object.assign(file.handle, {
      read: (buffer: Buffer, from: number, _: number, at: number) => read(buffer, from, 1, at),
    });
    const there = Buffer.alloc(4);
    await file.fill(there, 3);

    expect(there.toString()).toBe('3456');
    await expect(file.fill(Buffer.alloc(4), 8)).rejects.toMatchObject({ class: 'local-io' });
  });

  test('starts again from nothing', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.apk');
    const file = await createOutput({ path, force: false }, testContext());
    const writer = file.writerAt(0);

    await writer.write(Buffer.alloc(2_000_000, 'x'));
    await file.restart();
    const again = file.writerAt(0);
    await again.write(Buffer.from('short'));
    await again.flush();
    await file.commit();

    expect(await readFile(path, 'utf8')).toBe('short');
  });

  test('does not replace what has appeared there meanwhile', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.apk');
    const file = await createOutput({ path, force: false }, testContext());
    const writer = file.writerAt(0);
    await writer.write(Buffer.from('ours'));
    await writeFile(path, 'theirs');

    await writer.flush();
    const committing = file.commit();

    await expect(committing).rejects.toMatchObject({
      class: 'local-io',
      message: expect.stringContaining('output exists'),
    });
    await file.discard();
    expect(await readFile(path, 'utf8')).toBe('theirs');
    expect(await readdir(folder)).toEqual(['out.apk']);
  });

  test('replaces what is there with force, in one step', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.apk');
    await writeFile(path, 'before');
    const file = await createOutput({ path, force: true }, testContext());
    const writer = file.writerAt(0);

    await writer.write(Buffer.from('after'));
    const midway = await readFile(path, 'utf8');
    await writer.flush();
    await file.commit();

    expect(midway).toBe('before');
    expect(await readFile(path, 'utf8')).toBe('after');
  });
});

describe('checkOutput', () => {
  test('F-IO-06: refuses a missing folder', async () => {
    const folder = await temporaryFolder();

    await expect(checkOutput({ path: join(folder, 'none', 'out.apk'), force: true }, null)).rejects.toMatchObject({
      class: 'local-io',
      message: `directory "${join(folder, 'none')}" does not exist`,
    });
  });

  test.runIf(process.getuid?.() !== 0)('F-IO-06: refuses a folder that cannot be written', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);

    await expect(checkOutput({ path: join(folder, 'out.apk'), force: true }, null)).rejects.toMatchObject({
      class: 'local-io',
    });
    await chmod(folder, 0o700);
  });

  test('F-IO-07: refuses what exists, without force', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.apk');
    await writeFile(path, '');

    await expect(checkOutput({ path, force: false }, null)).rejects.toMatchObject({
      class: 'local-io',
      message: expect.stringContaining('use --force'),
    });
    await expect(checkOutput({ path, force: true }, null)).resolves.toBeUndefined();
  });

  test('F-IO-08: refuses a folder, a symlink, and the input by any name', async () => {
    const folder = await temporaryFolder();
    const input = join(folder, 'app.apk');
    await writeFile(input, 'app');
    await mkdir(join(folder, 'dir'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'link'));
    await link(input, join(folder, 'hard'));
    await symlink(input, join(folder, 'soft'));

    const check = (name: string) => checkOutput({ path: join(folder, name), force: true }, input);

    await expect(check('dir')).rejects.toMatchObject({
      class: 'local-io',
      message: expect.stringContaining('not a regular file'),
    });
    await expect(check('link')).rejects.toMatchObject({
      class: 'local-io',
      message: expect.stringContaining('not a regular file'),
    });
    for (const same of ['app.apk', 'hard', 'soft']) {
      await expect(check(same)).rejects.toMatchObject({
        class: 'local-io',
        message: 'output would overwrite the input',
      });
    }
  });

  test('F-IO-10: sees that there is no room before the transfer', async () => {
    const folder = await temporaryFolder();

    await expect(checkRoom(join(folder, 'out.apk'), 1, testContext())).resolves.toBeUndefined();
    await expect(checkRoom(join(folder, 'out.apk'), 2 ** 60, testContext())).rejects.toMatchObject({
      class: 'local-io',
      message: expect.stringMatching(/bytes needed, \d+ free/),
    });
  });
});
