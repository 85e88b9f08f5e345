import type { UploadOptions } from '../../contract/adapter.ts';
import type { Question } from '../../contract/job.ts';
import { artifactAt } from '../artifacts.ts';
import { fakeClock } from '../clock.ts';
import { type TestContext, testContext } from '../context.ts';
import { type FaultProxy, faultProxy, type PlannedFault } from '../fault-proxy.ts';
import { copyFixture, temporaryFolder } from '../files.ts';
import { openBackend, QUICK_UPLOAD } from '../open-backend.ts';
import { sandbox } from '../sandbox.ts';
import type { Conformance } from './subject.ts';

/** How long a job may take to come to its end (ms). */
export const SETTLED_MS = 4_000;

export type Rig = ReturnType<typeof createRig>;

/** What every part of the suite works with. */
export function createRig(subject: Conformance) {
  const { definition, way } = subject;
  const title = way === undefined ? definition.id : `${definition.id}, ${way.name}`;
  const variablesOf = way?.variables ?? ((all) => all);
  const options: UploadOptions = { ...QUICK_UPLOAD, ...subject.options };
  const question = (patience: Question['patience'], until?: string): Question => ({
    patience,
    until: until ?? definition.capabilities.milestones[0]?.name ?? null,
  });

  async function setUp(planned: readonly PlannedFault[] = [], path?: string) {
    const folder = await temporaryFolder();
    const box = await sandbox({ processingMs: 20, appearMs: 10 }, definition);
    const proxy = await faultProxy(box, planned);
    const backend = await openBackend(definition, variablesOf(proxy.variables), 1_000, subject.settings);
    const artifact = await artifactAt(path ?? (await copyFixture(subject.fixture, folder)));
    const ctx = testContext({ clock: fakeClock() });
    return { folder, box, proxy, backend, artifact, ctx, upload: () => backend.adapter.upload(artifact, options, ctx) };
  }

  async function stateOf(setting: Awaited<ReturnType<typeof setUp>>, id: string) {
    const deadline = performance.now() + SETTLED_MS;
    for (;;) {
      const state = await setting.backend.adapter.poll(id, question('retried'), setting.ctx);
      const isOver = state !== 'absent' && state.phase !== 'running' && state.phase !== 'queued';
      if (isOver || performance.now() > deadline) return state;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  function creations(proxy: FaultProxy): number {
    const { method, path } = subject.create;
    return proxy.seen.filter((one) => one.origin === 'api' && one.method === method && path?.test(one.path)).length;
  }

  return { ...subject, subject, title, options, variablesOf, question, setUp, stateOf, creations };
}

/** The job that was recorded last. */
export function jobOf(ctx: TestContext): string | null {
  const fact = ctx.facts.findLast((one) => one.type === 'job');
  return fact?.type === 'job' ? fact.id : null;
}
