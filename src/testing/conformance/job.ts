import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JobState } from '../../contract/job.ts';
import { artifactAt } from '../artifacts.ts';
import { fakeClock } from '../clock.ts';
import { testContext } from '../context.ts';
import { faults } from '../faults.ts';
import { copyFixture } from '../files.ts';
import { type Rig, SETTLED_MS } from './rig.ts';
import type { DocumentedState } from './subject.ts';

/** The way of a job from its upload to its end. */
export function testJob({ subject, title, options, question, setUp, stateOf, creations, definition }: Rig): void {
  describe(`${title}: the way of a job`, () => {
    test('uploads, is asked until it has succeeded, and says the same when asked again', async () => {
      const setting = await setUp();

      const id = await setting.upload();
      const state = await stateOf(setting, id);

      expect(id).toMatch(definition.jobId);
      expect(JSON.parse(JSON.stringify(id))).toBe(id);
      expect(state).toMatchObject({ phase: 'succeeded' });
      const again = await setting.backend.adapter.poll(id, question('once'), setting.ctx);
      // A store may have gone on meanwhile; what has been reached stays reached.
      const { phase, status } = state as JobState;
      expect(again).toMatchObject({ phase, status });
      expect(creations(setting.proxy)).toBe(1);
    });

    test('records the job, and that it may have landed, before the upload resolves', async () => {
      const { upload, ctx } = await setUp();

      const id = await upload();

      expect(ctx.facts).toContainEqual(expect.objectContaining({ type: 'job', id }));
      expect(ctx.facts).toContainEqual({ type: 'may-have-landed' });
    });

    test('two uploads at once do not mix', async () => {
      const setting = await setUp();
      const name = `other-${subject.fixture}`;
      const made = subject.makeOther?.(join(setting.folder, name));
      const other = await artifactAt(await (made ?? copyFixture(subject.fixture, setting.folder, name)));

      const ids = await Promise.all([
        setting.upload(),
        setting.backend.adapter.upload(other, options, testContext({ clock: fakeClock() })),
      ]);

      expect(new Set(ids).size).toBe(2);
      for (const [index, artifact] of [setting.artifact, other].entries()) {
        const state = await stateOf(setting, ids[index] ?? '');
        const fileName = state === 'absent' ? undefined : state.subject?.fileName;
        expect([undefined, artifact.name]).toContain(fileName);
      }
    });

    test('gives absent for a job that does not exist', async () => {
      const { backend, ctx } = await setUp();

      expect(await backend.adapter.poll(subject.unknownId, question('once'), ctx)).toBe('absent');
    });

    test('reads every documented state as what it is for each milestone, also beside members that nobody knows', async () => {
      let told: DocumentedState['answer'] = (answer) => answer;
      const withMore = (answer: unknown) => ({ ...(answer as object), surprise: { of: ['tomorrow'] }, nothing: null });
      const fault = faults.changeJson((answer) => withMore(told(answer)));
      const setting = await setUp([{ ...subject.status, times: 1_000, fault }]);
      const id = await setting.upload();
      expect(await stateOf(setting, id)).toMatchObject({ phase: 'succeeded' });

      const asked = subject.states.flatMap(({ phases, ...state }) =>
        Object.entries(phases).map(([until, phase]) => ({ ...state, until: until === '' ? null : until, phase })),
      );
      for (const { name, answer, until, phase } of asked) {
        told = answer;
        const ask = () => setting.backend.adapter.poll(id, { patience: 'once', until }, setting.ctx);
        await expect.poll(ask, { timeout: SETTLED_MS, message: `${name}, until ${until}` }).toMatchObject({ phase });
        expect(await ask(), name).not.toHaveProperty('unrecognized');
      }
    });

    test('knows what each documented state is for each of its milestones', () => {
      const names = definition.capabilities.milestones.map(({ name }) => name);
      const expected = names.length === 0 ? [''] : names;

      expect(subject.states.map(({ phases }) => Object.keys(phases))).toEqual(subject.states.map(() => expected));
      expect(new Set(subject.states.flatMap(({ phases }) => Object.values(phases)))).toContain('failed');
    });

    test('passes an unknown status on as still running, whatever it is made of', async () => {
      let told: DocumentedState['answer'] = (answer) => answer;
      const fault = faults.changeJson((answer) => told(answer));
      const setting = await setUp([{ ...subject.status, times: 1_000, fault }]);
      const id = await setting.upload();
      expect(await stateOf(setting, id)).toMatchObject({ phase: 'succeeded' });

      for (const word of [...(subject.unknownWords ?? []), 'Dusty', 'completed?', '', 7, ['dust'], { is: 'dusty' }]) {
        told = (answer) => subject.withUnknownStatus(answer, word);
        const state = await setting.backend.adapter.poll(id, question('once', subject.statusUntil), setting.ctx);
        expect(state, JSON.stringify(word)).toMatchObject({
          phase: 'running',
          unrecognized: true,
          status: expect.stringContaining(typeof word === 'string' ? word : JSON.stringify(word)),
        });
      }
    });
  });
}
