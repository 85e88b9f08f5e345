import { describe, expect, test } from 'vitest';
import { AuthError, UsageError } from '../../contract/errors.ts';
import type { JobState } from '../../contract/job.ts';
import { artifactAt } from '../artifacts.ts';
import { fakeClock } from '../clock.ts';
import { testContext } from '../context.ts';
import type { Answer, Fault, PlannedFault } from '../fault-proxy.ts';
import { faults } from '../faults.ts';
import { copyFixture } from '../files.ts';
import { backendInput } from '../open-backend.ts';
import type { Rig } from './rig.ts';
import type { PagedList, WholeList } from './subject.ts';

const MINUTE_MS = 60_000;

/** How answers may come: in other clothes, in pages, with a list that is cut. */
export function testAnswers(rig: Rig): void {
  const { subject, title, options, variablesOf, question, setUp, stateOf, definition } = rig;

  /** A job that has succeeded, and what is said of it once `fault` strikes. */
  async function finished(call: Pick<PlannedFault, 'method' | 'path'>) {
    let fault: Fault | null = null;
    const strike: Fault = async (exchange) => {
      if (fault !== null) return await fault(exchange);
      exchange.reply(await exchange.forward(await exchange.readBody()));
    };
    const setting = await setUp([{ ...call, times: 10_000, fault: strike }]);
    const since = new Date(Date.now() - MINUTE_MS);
    const id = await setting.upload();
    const before = await stateOf(setting, id);
    expect(before).toMatchObject({ phase: 'succeeded' });
    const { adapter } = setting.backend;
    const { name, platform, identity } = setting.artifact;
    const lost = { name, platform, identity, environment: options.environment, job: null };
    return {
      before: before as JobState,
      asked: async (next: Fault): Promise<{ state: JobState | 'absent'; found: readonly string[] | undefined }> => {
        fault = next;
        const state = await adapter.poll(id, question('once'), setting.ctx);
        return { state, found: await adapter.find?.(lost, since, setting.ctx) };
      },
      id,
    };
  }

  describe(`${title}: the forms of an answer`, () => {
    test.each([
      ['with a byte order mark', (body) => `\uFEFF${body}`, 'application/json'],
      ['with space around it', (body) => `\r\n  ${body}\n\n`, 'application/json; charset=utf-8'],
      ['with its members in another order', inReverse, 'application/json'],
      ['as another kind of JSON', (body) => body, 'application/vnd.api+json'],
    ] satisfies [string, (body: string) => string, string][])('is read %s', async (_, change, contentType) => {
      const { before, asked } = await finished(subject.status);

      const { state } = await asked(faults.answerInstead((answer) => reworded(answer, change, contentType)));

      expect(state).toMatchObject({ phase: before.phase, status: before.status });
    });

    test.each((subject.forms ?? []).map((form) => [form.name, form] as const))(
      'is read %s',
      async (_, { call, answer }) => {
        const { id, before, asked } = await finished(call);

        const { state, found } = await asked(faults.changeJson(answer));

        expect(state).toMatchObject({ phase: before.phase, status: before.status });
        if (found !== undefined && subject.pages !== undefined) expect(found).toContain(id);
      },
    );

    test('says the same of a job whose file the server calls otherwise, and tells the name', async ({ skip }) => {
      const { renamed } = subject;
      if (renamed === undefined) return skip('its answers name no file');
      const { asked } = await finished(subject.status);

      const { state } = await asked(faults.changeJson((answer) => renamed(answer, 'renamed by the server.apk')));

      expect(state).toMatchObject({ phase: 'succeeded' });
      expect(JSON.stringify(state)).toContain('renamed by the server.apk');
    });
  });

  const { pages } = subject;
  describe.runIf(pages !== undefined)(`${title}: pages`, () => {
    test.each([
      ['names the last page and the rows', { pages: 4, rows: 5 }],
      ['names the last page', { pages: 4, rows: null }],
      ['names the rows', { pages: null, rows: 5 }],
      ['names nothing', { pages: null, rows: null }],
      ['names fewer pages than rows', { pages: 1, rows: 5 }],
      ['names fewer rows than pages', { pages: 4, rows: 1 }],
    ])('a job is found on the last of several short ones, where the server %s', async (_, whole) => {
      if (pages === undefined) return;
      const { id, asked } = await finished(pages.call);

      const { state, found } = await asked(inPages(pages, whole));

      expect(state).toMatchObject({ phase: 'succeeded' });
      if (found !== undefined) expect(found).toEqual([id]);
    });
  });

  const lists = (definition.commands ?? []).filter(
    ({ flags, operands, writes }) => flags.includes('limit') && operands.length === 0 && writes !== true,
  );
  test.runIf(lists.length > 0)(
    `${title}: its lists are as their schemas say, and one that is cut says so`,
    async () => {
      const setting = await setUp();
      await setting.upload();
      const name = `other-${subject.fixture}`;
      const other =
        subject.makeOther?.(`${setting.folder}/${name}`) ?? copyFixture(subject.fixture, setting.folder, name);
      const ctx = testContext({ clock: fakeClock() });
      await setting.backend.adapter.upload(await artifactAt(await other), options, ctx);
      const input = {
        ...backendInput(definition, variablesOf(setting.proxy.variables), { own: subject.settings ?? {} }),
        operands: [],
        flags: {},
        dryRun: false,
      };

      for (const { name: command, run, data } of lists) {
        const list = async (limit: number) => {
          const ctx = testContext();
          const output = await run({ ...input, limit } as never, ctx);
          expect((await data()).parse(output.data), command).toEqual(output.data);
          return { rows: output.table?.rows ?? [], notes: ctx.ofType('note') };
        };
        const all = await list(1_000).catch((error: unknown) => {
          // What these credentials or settings do not open.
          if (error instanceof AuthError || error instanceof UsageError) return { rows: [], notes: [] };
          throw error;
        });
        expect(all.notes, command).toEqual([]);
        if (all.rows.length < 2) continue;
        const cut = await list(1);
        expect(cut.rows, command).toHaveLength(1);
        expect(cut.notes, command).toEqual([
          { type: 'note', message: expect.stringMatching(/higher limit shows more/) },
        ]);
      }
    },
  );
}

function reworded(answer: Answer, change: (body: string) => string, contentType: string): Answer {
  const body = Buffer.from(change(answer.body.toString('utf8')));
  const headers = { ...answer.headers, 'content-type': contentType, 'content-length': String(body.length) };
  return { ...answer, headers, body };
}

function inReverse(body: string): string {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, turned(member)]),
    );
  };
  return JSON.stringify(turned(JSON.parse(body)));
}

/** The rows that there are on the last of three pages, behind those of other jobs; then an empty one. */
function inPages(pages: PagedList, { pages: named, rows: total }: Omit<WholeList, 'page'>): Fault {
  let real: Record<string, unknown> | null = null;
  return async (exchange) => {
    const body = await exchange.readBody();
    const page = pages.asked({ path: exchange.path, body: body.toString('utf8') });
    if (page === 1 || real === null)
      real = JSON.parse((await exchange.forward(body)).body.toString('utf8')) as Record<string, unknown>;
    const own = pages.rows(real);
    const other = (index: number) => pages.otherRow(own[0] ?? {}, index);
    const all = [[other(0), other(1)], [other(2)], [other(3), ...own]];
    const answer = Buffer.from(
      JSON.stringify(pages.answer(real, all[page - 1] ?? [], { page, pages: named, rows: total })),
    );
    const headers = { 'content-type': 'application/json', 'content-length': String(answer.length) };
    exchange.reply({ status: 200, headers, body: answer });
  };
}
