import { HttpResponse, http } from 'msw';
import { describe, expect, test } from 'vitest';
import type { Fault, PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { contract } from '../support/contract.ts';
import { type Asked, call, doneButBroken, type Fields, keeping, tenant } from '../support/management.ts';

const rejection = async (running: Promise<unknown>) => await running.catch((thrown: unknown) => thrown);

describe('apps', () => {
  test('list shows each application, and no more than was asked for', async () => {
    const { run, build } = await tenant();
    await build();

    const all = await run('apps list');
    const one = await run('apps list', { limit: 1 });

    expect(all.table).toEqual({
      columns: ['application', 'name', 'platform', 'version', 'created'],
      rows: [
        ['app-sandbox', 'MyApp', 'android', '1.0.0', expect.stringMatching(/^\d{4}-.*Z$/)],
        ['app-android-app.apk', 'app.apk', 'android', '1.0.0', expect.stringMatching(/^\d{4}-.*Z$/)],
      ],
    });
    expect(all.data).toMatchObject({ applications: [{ id: 'app-sandbox', buildId: expect.any(String) }, {}] });
    expect(one.table?.rows).toHaveLength(1);
  });

  test('delete removes one that is old enough, and tells why it does not remove a young one', async () => {
    const { run, build } = await tenant();
    await build();

    const deleted = await run('apps delete', { operands: ['app-sandbox'] });
    const young = await rejection(run('apps delete', { operands: ['app-android-app.apk'] }));

    expect(deleted).toEqual({ text: 'deleted application app-sandbox', data: { application: 'app-sandbox' } });
    expect((await run('apps list')).table?.rows).toHaveLength(1);
    expect(young).toMatchObject({
      class: 'rejected',
      serverText: expect.stringContaining('within 7 days of creation'),
    });
  });
});

describe('builds list', () => {
  test('shows the builds of all environments, the newest first, each with its job reference', async () => {
    const { run, build } = await tenant();
    const [first, second] = [await build(), await build('My App.apk')];

    const { table, data } = await run('builds list');

    expect(table?.columns).toEqual(['job', 'phase', 'status', 'signed', 'key', 'ended', 'message']);
    expect(table?.rows).toEqual(
      [second, first].map((id) => [
        `apptego-management:${id}`,
        'succeeded',
        'completed',
        'no',
        '-',
        expect.stringMatching(/Z$/),
        '',
      ]),
    );
    expect(second).toMatch(/^production\/android\/\d{10}\/My%20App\.apk$/);
    expect(data).toMatchObject({ builds: [{ name: 'My App.apk', version: 'production', platform: 'android' }, {}] });
  });

  /** The history of three environments, each with so many builds; what was asked for, and what was listed. */
  async function listed(count: number, asked: Asked) {
    const bodies: { version: string; page: number; page_size: number }[] = [];
    const history = http.post('*/get_application_builds', async ({ request }) => {
      const body = (await request.json()) as (typeof bodies)[number];
      bodies.push(body);
      const first = (body.page - 1) * body.page_size;
      const length = Math.max(0, Math.min(body.page_size, count - first));
      const results = Array.from({ length }, (_, index) => ({
        start_time: 1_700_000_000 - (first + index),
        name: 'app.apk',
        platform: 'android',
        success: true,
      }));
      return HttpResponse.json({ results, total_pages: Math.ceil(count / body.page_size) });
    });
    const { run } = await tenant([contract(history)]);
    const { table } = await run('builds list', asked);
    return { asked: bodies.map(({ version, page }) => `${version} ${page}`), rows: table?.rows ?? [] };
  }

  test('of one environment reads page by page until there are enough', async () => {
    const some = await listed(500, { flags: { environment: 'dev' }, limit: 120 });
    const all = await listed(70, { flags: { environment: 'dev' }, limit: 1_000 });

    expect(some.asked).toEqual(['development 1', 'development 2', 'development 3']);
    expect(some.rows).toHaveLength(120);
    expect(all.asked).toEqual(['development 1', 'development 2']);
    expect(all.rows).toHaveLength(70);
  });

  test('of all environments gives the newest of them together', async () => {
    const { asked, rows } = await listed(100, { limit: 4 });

    expect(asked).toEqual(['development 1', 'staging 1', 'production 1']);
    expect(rows.map(([job]) => job)).toEqual([
      'apptego-management:development/android/1700000000/app.apk',
      'apptego-management:staging/android/1700000000/app.apk',
      'apptego-management:production/android/1700000000/app.apk',
      'apptego-management:development/android/1699999999/app.apk',
    ]);
  });

  test('shows a row that cannot be named, without a job reference', async () => {
    const odd = [{}, { start_time: 'soon', name: 'a/../b.apk', platform: 'windows', success: 'odd', end_time: 'late' }];
    const { run } = await tenant([
      contract(http.post('*/get_application_builds', () => HttpResponse.json({ results: odd }))),
    ]);

    const { table } = await run('builds list', { flags: { environment: 'prod' } });

    expect(table?.rows.map(([job, phase]) => [job, phase])).toEqual([
      ['-', 'running'],
      ['-', 'running'],
    ]);
  });
});

describe('builds delete', () => {
  test('removes the build, by its id or by its job reference, by the four fields that name it', async () => {
    const sent: Fields[] = [];
    const { run, build } = await tenant([{ ...call('delete_application_build'), fault: keeping(sent) }]);
    const [first, second] = [await build('My App.apk'), await build()];

    const deleted = await run('builds delete', { operands: [first] });
    await run('builds delete', { operands: [`apptego-management:${second}`] });

    expect(deleted).toEqual({ text: `deleted build ${first}`, data: { build: first } });
    expect(sent).toEqual([
      { version: 'production', platform: 'android', start_time: Number(first.split('/')[2]), file_name: 'My App.apk' },
    ]);
    expect((await run('builds list')).table?.rows).toEqual([]);
  });

  test.each(['app.apk', 'apptego:1700000000', 'production/android/1700000000/a%2Fb.apk', '../x'])(
    'asks for nothing by what names no build: %s',
    async (operand) => {
      const { run, proxy } = await tenant();

      for (const name of ['builds delete', 'builds sign'])
        expect(await rejection(run(name, { operands: [operand] }))).toMatchObject({ class: 'usage', exitCode: 2 });
      expect(proxy.seen).toEqual([]);
    },
  );
});

describe('a delete whose answer is lost', () => {
  const UNKNOWN_BUILD = 'production/android/1500000000/app.apk';
  const kinds = [
    ['apps delete', 'delete_application', 'get_applications', 'apps list', 'app-unknown'],
    ['builds delete', 'delete_application_build', 'get_application_builds', 'builds list', UNKNOWN_BUILD],
    ['keys delete', 'delete_signing_key', 'get_signing_keys', 'keys list', 'key-unknown'],
  ] as const;

  /** A tenant with something that can be deleted. */
  async function withOne(name: string, planned: readonly PlannedFault[]) {
    const made = await tenant(planned);
    if (name === 'apps delete') return { ...made, operands: ['app-sandbox'] };
    return { ...made, operands: [name === 'keys delete' ? await made.addKey() : await made.build()] };
  }

  test.each(kinds)('%s: gone at the second try was done by the first', async (name, path, list) => {
    const { run, operands, calls } = await withOne(name, [{ ...call(path), fault: faults.lostAnswer() }]);
    const before = calls().length;

    const { text } = await run(name, { operands });

    expect(text).toContain(`deleted`);
    expect(calls().slice(before)).toEqual([path, path, list]);
  });

  test.each(kinds)('%s: the list decides where no try has an answer', async (name, path, list) => {
    const done = await withOne(name, [{ ...call(path), times: 100, fault: doneButBroken() }]);
    const undone = await withOne(name, [{ ...call(path), times: 100, fault: faults.lostBeforeWork() }]);

    expect((await done.run(name, { operands: done.operands })).text).toContain('deleted');
    expect(done.calls().slice(-4)).toEqual([path, path, path, list]);
    await expect(undone.run(name, { operands: undone.operands })).rejects.toMatchObject({ class: 'unavailable' });
  });

  test.each(kinds)('%s: what failed first is told where the list cannot be read either', async (name, path, list) => {
    let isBroken = false;
    const breaking: Fault = async (exchange) => {
      if (isBroken) return await faults.answer(500, { error: 'last words' })(exchange);
      exchange.reply(await exchange.forward(await exchange.readBody()));
    };
    const { run, operands, calls } = await withOne(name, [
      { ...call(path), times: 100, fault: faults.answer(500, { error: 'first words' }) },
      { ...call(list), times: 1_000, fault: breaking },
    ]);
    isBroken = true;

    await expect(run(name, { operands })).rejects.toMatchObject({ class: 'unavailable', serverText: 'first words' });
    expect(calls().at(-1)).toBe(list);
  });

  test.each(kinds)('%s: what never was there is refused, with where to look', async (name, path, _list, shows, id) => {
    const { run, calls } = await tenant();

    await expect(run(name, { operands: [id] })).rejects.toMatchObject({
      class: 'rejected',
      exitCode: 5,
      hint: null,
      next: { do: 'list', backend: 'apptego-management', command: shows },
    });
    // A build may have another name in the history.
    expect(calls()).toEqual([path, ...(name === 'builds delete' ? ['get_application_builds'] : [])]);
  });

  test.each(kinds)('%s: success: false is none', async (name, path) => {
    const { run, operands } = await withOne(name, [
      { ...call(path), fault: faults.answer(200, { success: false, message: 'Not today' }) },
    ]);

    await expect(run(name, { operands })).rejects.toMatchObject({ class: 'rejected', serverText: 'Not today' });
  });
});
