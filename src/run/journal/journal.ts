import type { Context, RemoteFact } from '../../contract/context.ts';
import type { JobRef } from '../../contract/job.ts';
import type { InputRecord, JournalFacts, OutputRecord, Receipt, Step } from '../../contract/record/journal.ts';
import { anotherRelease, checkMayBegin, isOfRelease } from './same-release.ts';
import { holdsNothing, standingOf } from './standing.ts';
import { asWritten, createStep, type NewStep, newFacts, stepFacts } from './step.ts';
import { unite } from './unite.ts';

/**
 * Everything that a run knows of its release: the one place that every ending, a sudden one too, reads from. With a receipt that is there
 * already it goes on from what that says, once it is known to be of the same release.
 */
export interface Journal extends JournalFacts {
  /**
   * A step that this run is about to begin. It is told of from now on, and stands among the steps once `begin` has found that it may.
   * `isTarget` where the run does several side by side.
   */
  draft(step: NewStep, isTarget: boolean): Step;
  /** Begins what was drafted, with the file that is about to be sent and the environment as it was given. Throws `LocalIoError` where the receipt forbids it, and sends nothing. */
  begin(artifact: InputRecord, environment: string | null): void;
  /** Whether `begin` needs the SHA-256 of the file, to compare it with that of an earlier run. */
  readonly needsHash: boolean;
  /** Goes on from the receipt of an earlier run. Throws `LocalIoError` where the one that is written is of another release. */
  goOnFrom(receipt: Receipt): void;
  /** Goes on with a job of which nothing else is known. */
  goOnWith(job: JobRef, host: string | null): Step;
  /** Takes up steps that are there already. */
  choose(steps: readonly Step[]): void;
  /**
   * Takes up a release of the config: goes on from the receipt that is kept, where one is. `input` is the file that goes in, where it is
   * there. Throws `LocalIoError` where the receipt is of another.
   */
  takeUp(release: NonNullable<Receipt['release']>, input: InputRecord | null, environment: string | null): void;
  /** Works on a step that an earlier run has begun, beside the others. */
  workOn(step: Step, isTarget: boolean): void;
  /** Begins what was drafted in place of what earlier runs have left of it: that this may be, was found before. */
  beginDrafts(): void;
  /** What the run is to do in all, for whoever shows it. */
  plan(steps: JournalFacts['planned']): void;
  note(files: { readonly artifact: InputRecord } | { readonly output: OutputRecord }): void;
  /** A command of a backend's own, which is no step. */
  calls(backend: string): void;
  /** What belongs to no step. */
  record(fact: RemoteFact): void;
}

export interface JournalInput {
  /** What is kept of an earlier run where this one's receipt will be. */
  readonly kept?: { readonly path: string; readonly receipt: Receipt } | null;
  readonly now: () => Date;
  /** Told after every change, at once: what is to survive a power cut has to be written down then. */
  readonly changed: (journal: Journal) => void;
}

/** A run's context that knows its journal. */
export interface RunContext extends Context {
  readonly journal: Journal;
}

/** The context of whatever is done for one step. */
export interface StepContext extends RunContext {
  readonly step: Step;
}

export function createJournal({ kept = null, now, changed }: JournalInput): Journal {
  let drafts: readonly Step[] = [];
  let steps: readonly Step[] = [];
  let current: readonly Step[] = [];
  let planned: JournalFacts['planned'] = [];
  const isFresh = kept === null || holdsNothing(kept.receipt);
  const facts = {
    environment: null as string | null,
    build: null as Receipt['build'],
    release: null as Receipt['release'],
    input: null as InputRecord | null,
    output: null as OutputRecord | null,
    fetched: null as OutputRecord | null,
    artifact: null as InputRecord | null,
    runs: kept?.receipt.runs ?? [],
    call: null as JournalFacts['call'],
    temporaryPaths: [] as readonly string[],
    mayBeKept: isFresh,
  };
  const time = (): string => now().toISOString();
  const tellAll = (): void => changed(journal);
  const load = (receipt: Receipt): void => {
    const { environment, build, release, input, output, runs } = receipt;
    // A receipt has no paths: the names have to do.
    const files = {
      input: input && { ...input, path: input.name },
      output: output && { ...output, path: output.name },
    };
    Object.assign(facts, { environment, build, release, runs, ...files, mayBeKept: true });
    steps = receipt.steps.map((record) => createStep(stepFacts(record), false, time, tellAll));
  };
  const keepDrafts = (): void => {
    const before = (id: string) => steps.find((step) => step.id === id);
    for (const step of drafts) Object.assign(step, { earlier: attemptsOf(before(step.id)) });
    steps = [...steps.filter(({ id }) => !drafts.some((draft) => draft.id === id)), ...drafts];
    drafts = [];
  };
  const journal: Journal = {
    get environment() {
      return facts.environment;
    },
    get build() {
      return facts.build;
    },
    get release() {
      return facts.release;
    },
    get input() {
      return facts.input;
    },
    get output() {
      return facts.output;
    },
    get fetched() {
      return facts.fetched;
    },
    get artifact() {
      return facts.artifact;
    },
    get steps() {
      return steps;
    },
    get current() {
      return current;
    },
    get planned() {
      return planned;
    },
    get runs() {
      return facts.runs;
    },
    get call() {
      return facts.call;
    },
    get temporaryPaths() {
      return facts.temporaryPaths;
    },
    get mayBeKept() {
      return facts.mayBeKept;
    },
    get needsHash() {
      return !isFresh;
    },
    draft(wanted, isTarget) {
      const step = createStep(newFacts(wanted, time()), isTarget, time, tellAll);
      drafts = [...drafts, step];
      current = [...current, step];
      return step;
    },
    begin(artifact, environment) {
      if (!isFresh && steps.length === 0) {
        if (!isOfRelease(kept.receipt, artifact)) throw anotherRelease(kept.path, artifact.name);
        checkMayBegin(kept, drafts);
        load(kept.receipt);
      }
      facts.environment ??= environment;
      const isOutput = artifact.sha256 !== null && artifact.sha256 === facts.output?.sha256;
      if (facts.input?.sha256 == null && !isOutput) facts.input = artifact;
      facts.artifact = artifact;
      keepDrafts();
      tellAll();
    },
    goOnFrom(receipt) {
      load(isFresh ? { ...receipt, runs: [...facts.runs, ...receipt.runs] } : unite(kept, receipt));
      facts.artifact = facts.input;
      tellAll();
    },
    goOnWith(job, host) {
      if (!isFresh) {
        if (!kept.receipt.steps.some((step) => step.job?.ref === job.text)) throw anotherRelease(kept.path, job.text);
        load(kept.receipt);
        facts.artifact = facts.input;
      }
      const known = steps.find((step) => step.job?.text === job.text);
      if (known !== undefined) return known;
      const own = newFacts({ action: 'upload', backend: { id: job.backend, host } }, time());
      const step = createStep({ ...own, job: { ...job, details: {} }, accepted: true }, false, time, tellAll);
      steps = [...steps, step];
      return step;
    },
    choose(chosen) {
      for (const step of chosen) Object.assign(step, { isTarget: chosen.length > 1, ended: null });
      current = chosen;
      tellAll();
    },
    takeUp(release, input, environment) {
      if (!isFresh && steps.length === 0) {
        if (input !== null && !isOfRelease(kept.receipt, input)) throw anotherRelease(kept.path, input.name);
        load(kept.receipt);
      }
      if (input !== null) facts.input = inputOf(input, facts);
      facts.environment ??= environment;
      Object.assign(facts, { release, artifact: facts.input });
      tellAll();
    },
    workOn(step, isTarget) {
      Object.assign(step, { isTarget, ended: null });
      current = [...current, step];
      tellAll();
    },
    beginDrafts() {
      keepDrafts();
      tellAll();
    },
    plan(all) {
      planned = all;
      tellAll();
    },
    note(files) {
      const isInput = facts.input !== null && facts.input === facts.artifact;
      Object.assign(facts, files, 'output' in files ? { fetched: files.output } : {});
      if (isInput) facts.input = facts.artifact;
      tellAll();
    },
    calls(backend) {
      facts.call = { backend, mayHaveLanded: false };
    },
    record(fact) {
      const { temporaryPaths, call } = facts;
      if (fact.type === 'temporary') facts.temporaryPaths = [...temporaryPaths, fact.path];
      else if (fact.type === 'temporary-gone')
        facts.temporaryPaths = temporaryPaths.filter((path) => path !== fact.path);
      else if (call !== null && (fact.type === 'may-have-landed' || fact.type === 'not-landed'))
        facts.call = { ...call, mayHaveLanded: fact.type === 'may-have-landed' };
      tellAll();
    },
  };
  return journal;
}

/** What went in, by the file that is here now: the output of a release is not its input. */
function inputOf(file: InputRecord, { input, output }: Pick<JournalFacts, 'input' | 'output'>): InputRecord | null {
  if (file.sha256 !== null && file.sha256 === output?.sha256) return input;
  return { ...file, sha256: file.sha256 ?? input?.sha256 ?? null };
}

/** What an attempt leaves that another takes the place of, and what those before it have left. */
function attemptsOf(before: Step | undefined): Step['earlier'] {
  if (before === undefined) return [];
  const { job, state, mayHaveLanded, unfinished, ended } = before;
  if (standingOf(before) === 'not-begun') return before.earlier;
  const own = { job: asWritten(job), state, mayHaveLanded, unfinished, ended };
  return [...before.earlier, own];
}

/** The context for what is done for one step: what is recorded and emitted in it is that step's. */
export function contextOf(step: Step, ctx: RunContext): StepContext {
  return {
    ...ctx,
    step,
    record(fact) {
      if (fact.type === 'temporary' || fact.type === 'temporary-gone') ctx.journal.record(fact);
      else step.tell(fact);
    },
    emit: (event) => ctx.emit({ ...event, ...(step.isTarget ? { target: step.backend } : {}), step: step.id }),
  };
}
