import type { Platform } from '../../contract/artifact.ts';
import type { Receipt, StepRecord } from '../../contract/record/journal.ts';
import { standingOf } from '../journal/standing.ts';

const WEEK_MS = 7 * 24 * 3600_000;

/** What the builds of a week are counted by: the platform, and what is protected for. */
export interface BudgetKey {
  readonly platform: Platform;
  readonly stage: string | null;
}

/** A build that counts, or may count. */
export interface CountedBuild extends BudgetKey {
  readonly atMs: number;
}

/** What a backend says itself of the week. */
export interface ToldQuota {
  readonly used: number | null;
  readonly limit: number | null;
  /** When the next build is possible, where none is left. */
  readonly freeAt: Date | null;
}

/** The builds that receipts tell of: those that were accepted, and those that may have been. */
export function buildsIn(
  receipts: readonly Receipt[],
  protects: (backend: string) => boolean,
): readonly CountedBuild[] {
  return receipts.flatMap(({ input, steps }) => {
    const platform = input?.platform;
    if (platform !== 'android' && platform !== 'ios') return [];
    return steps
      .filter(({ action, backend }) => action !== 'publish' && protects(backend))
      .flatMap((step) => timesOf(step).map((atMs) => ({ platform, stage: step.stage, atMs })));
  });
}

function timesOf(step: StepRecord): number[] {
  const own = timeOf(step.acceptedAt, step.startedAt, step.updatedAt);
  const attempts = step.earlier.filter(
    ({ job, state, mayHaveLanded }) => mayHaveLanded || (job !== null && state !== null),
  );
  const earlier = attempts.map(({ state }) => timeOf(state?.startedAt ?? null, step.startedAt, step.updatedAt));
  const counts = ['running', 'unknown', 'done', 'failed'].includes(standingOf(step));
  return [...earlier, ...(counts ? [own] : [])].flatMap((time) => time ?? []);
}

function timeOf(...times: readonly (string | null)[]): number | null {
  const known = times.map((time) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time));
  return known[0] ?? null;
}

/** One platform and environment: gives builds of the week to apps, in the order in which they ask. */
export interface Budget {
  /** When the next build may begin (ms); it counts from then on. */
  take(): number;
}

/** `limit` is `null` where none is known: then there is a build for everybody. */
export function createBudget(
  limit: number | null,
  builds: readonly number[],
  told: ToldQuota | null,
  nowMs: number,
): Budget {
  const most = least(limit, told?.limit ?? null);
  const known = builds.filter((atMs) => atMs > nowMs - WEEK_MS && atMs <= nowMs).sort((one, other) => one - other);
  // What the backend counts and no receipt tells of: the oldest is as old as the backend says, the others may be new.
  const untold = Math.max(0, (told?.used ?? 0) - known.length);
  const times = [...known, ...Array.from({ length: untold }, () => nowMs)];
  const freeAtMs = told?.freeAt?.getTime() ?? null;
  if (freeAtMs !== null && most !== null && untold > 0 && times.length >= most)
    times[times.length - most] = freeAtMs - WEEK_MS;
  times.sort((one, other) => one - other);
  return {
    take() {
      const oldest = most === null || times.length < most ? null : times[times.length - most];
      const atMs = oldest == null ? nowMs : Math.max(nowMs, oldest + WEEK_MS);
      times.push(atMs);
      return atMs;
    },
  };
}

function least(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
