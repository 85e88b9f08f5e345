import { UsageError } from '../../../contract/errors.ts';
import type { JobState } from '../../../contract/job.ts';
import type { JournalFacts, Step } from '../../../contract/record/journal.ts';
import { formatElapsed } from '../../../contract/text/units.ts';
import { withArtifactFor } from '../../../run/artifact.ts';
import { type Prepared, prepare } from '../../../run/release/prepare.ts';
import { checkReleaseInput } from '../../../run/release/protect-part.ts';
import { release } from '../../../run/release/release.ts';
import type { ReleaseInput } from '../../../run/release/release-input.ts';
import type { CommandResult } from '../../line/command.ts';
import type { PlannedRelease } from '../../output/command-data.ts';
import { nextWords } from '../../output/next-words.ts';
import type { Session } from '../../session/session.ts';
import { withoutStop } from './line-to-go-on.ts';
import { readRelease } from './read-release.ts';

/** `apptool release [name] [file]` */
export async function releaseCommand(session: Session): Promise<CommandResult<PlannedRelease>> {
  const input = await readRelease(session);
  checkAsked(input);
  return await carryOut(input, session);
}

/** Throws `UsageError` for what a release that protects nothing cannot do: it would be left out in silence. */
function checkAsked({ plan, protect, asked, signed }: ReleaseInput): void {
  if (protect !== null) return;
  const refuse = (flag: string) =>
    new UsageError(`release ${plan.name} does not protect anything: ${flag} does not apply`, {
      hint: 'leave it out, or name a release that protects',
    });
  if (asked.until === 'protected') throw refuse('--until protected');
  if (asked.from === 'publish') throw refuse('--from publish');
  if (signed !== undefined) throw refuse('--signed');
}

/** A release that was read, carried out or rehearsed. */
export async function carryOut(input: ReleaseInput, session: Session): Promise<CommandResult<PlannedRelease>> {
  const { ctx, settings } = session;
  if (settings.values.dryRun === true) return await rehearse(input, session);
  ctx.journal.plan(input.plan.steps);
  const startedAt = ctx.clock.now();
  const failure = await release(input, ctx);
  const steps = input.plan.steps.flatMap(({ id }) => ctx.journal.steps.find((step) => step.id === id) ?? []);
  const text = steps.length === 0 ? null : steps.map(line).join('\n');
  ctx.emit({ type: 'note', message: summaryOf(input.plan, ctx.journal, ctx.clock.now() - startedAt) });
  const isOver = input.plan.steps.every(({ id }) => isDone(id, ctx.journal));
  if (failure !== null) return { text, failure };
  if (isOver || input.resume === null) return { text };
  const next = withoutStop(input.resume);
  ctx.emit({ type: 'note', message: nextWords(next) });
  return { text, next };
}

function isDone(id: string, journal: JournalFacts): boolean {
  return journal.steps.some((step) => step.id === id && step.state?.phase === 'succeeded');
}

/** Who, what, where and how long, in one line. */
function summaryOf({ name, steps }: ReleaseInput['plan'], journal: JournalFacts, durationMs: number): string {
  const { input, output, environment } = journal;
  const app = [input?.packageName, input?.versionName, input?.versionCode == null ? null : `(${input.versionCode})`];
  const open = steps.filter(({ id }) => !isDone(id, journal)).map(({ id }) => id);
  const files = output === null ? input?.name : `${input?.name} -> ${output.name}`;
  const what = app.filter((part) => part != null).join(' ');
  return [
    `release ${name}: ${[what, files, environment].filter((part) => part).join(', ')}`.replace(/: $/, ''),
    open.length === 0 ? 'every step is done' : `not done: ${open.join(', ')}`,
    formatElapsed(durationMs),
  ].join(', ');
}

/** How it stands with a step of a release: its id, phase, status and job, and where people get it, where they do. */
function line({ id, state, job, error, accepted, links }: Step): string {
  const link = links.install === null ? [] : [links.install];
  return [id, ...words(state, error?.class, accepted), job?.text ?? '-', ...link].join(' ');
}

function words(
  state: Pick<JobState, 'phase' | 'status'> | null,
  failed: string | undefined,
  accepted: boolean,
): string[] {
  if (state !== null) return [state.phase, state.status];
  return accepted && failed === undefined ? ['queued', 'uploaded'] : ['-', failed ?? '-'];
}

/** `--dry-run`: every check that needs no request, and what would be done for each step. */
async function rehearse(input: ReleaseInput, session: Session): Promise<CommandResult<PlannedRelease>> {
  const prepared = await prepare(input, session.ctx);
  const { path, platform, expected, protect, targets } = input;
  if (
    path !== undefined &&
    prepared.steps.some(({ step, task }) => isSent(task) && (step.action === 'protect' || protect === null))
  ) {
    const first = protect === null ? targets : [protect];
    const [{ options }] = first as [(typeof first)[number]];
    const of = new Map(first.map((one) => [one.backend.id, one.options]));
    const opened = { path, platform, expected, options, optionsOf: ({ id }: { id: string }) => of.get(id) ?? options };
    await withArtifactFor(
      first.map(({ backend }) => backend),
      opened,
      session.ctx,
      async (artifact) => {
        await checkReleaseInput(input, prepared, artifact, session.ctx);
      },
    );
  }
  const steps = prepared.steps.map(({ step, task }) => ({
    id: step.id,
    backend: step.backend,
    required: step.required,
    until: step.until,
    do: task.do,
    why: 'why' in task ? task.why : null,
  }));
  const text = prepared.steps.map((one) => `${one.step.id} ${WORDS[one.task.do]}${why(one)}`).join('\n');
  return { text: `release ${input.plan.name}\n${text}`, data: { plan: { release: input.plan.name, steps } } };
}

const WORDS = {
  skip: 'would be skipped',
  wait: 'would be waited for',
  fetch: 'would be fetched',
  send: 'would be sent',
  'abort-then-send': 'would be sent, after its unfinished upload is removed',
  look: 'would be looked for: it may have landed',
  refuse: 'would be refused',
} as const;

function isSent(task: Prepared['steps'][number]['task']): boolean {
  return task.do === 'send' || task.do === 'abort-then-send';
}

function why({ step, task }: Prepared['steps'][number]): string {
  if (task.do === 'skip') return task.why === 'done' ? ': it is done' : ': it was not requested';
  const until = step.until === null || task.do === 'fetch' ? '' : `, until ${step.until}`;
  return `${until}${step.required ? '' : ' (not required)'}`;
}
