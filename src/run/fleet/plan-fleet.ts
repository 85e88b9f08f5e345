import { posix } from 'node:path';
import type { Stage } from '../../contract/job.ts';
import type { FleetPlan, PlannedApp } from '../../contract/record/fleet-plan.ts';
import { type Budget, type BudgetKey, type CountedBuild, createBudget, type ToldQuota } from './budget.ts';
import { lanesOf } from './lanes.ts';
import { type FleetApp, type ReceiptsByFile, type Work, workOf } from './work.ts';

/** An app as the plan has it, but for what follows from its receipts. */
export interface AppToPlan extends FleetApp {
  readonly facts: Omit<PlannedApp, 'all' | 'steps' | 'receipt' | 'junit'>;
  /** What it is protected for; `null` where nothing protects it, or its backend knows no such thing. */
  readonly stage: Stage | null;
  readonly isCanary: boolean;
}

/** An app, and what there is to do for it. */
export interface AppWithWork extends AppToPlan {
  readonly planned: PlannedApp;
  readonly work: Work;
}

/** Where the files of a fleet's runs go. */
export interface Folders {
  readonly receipts: string;
  readonly reports: string;
}

/** What is left to do for each app, and where its receipt is: that of an earlier run, or a new one that takes the place of none. */
export function worksOf(
  apps: readonly AppToPlan[],
  receipts: ReceiptsByFile,
  folders: Folders,
): readonly AppWithWork[] {
  return apps.map((app) => {
    const kept = receipts.of(app);
    const work = workOf(app, kept);
    const { facts, plan } = app;
    const planned: PlannedApp = {
      ...facts,
      all: plan.steps.map(({ id, required }) => ({ id, required })),
      steps: work.do === 'run' ? [...work.steps] : [],
      receipt: kept?.path ?? newReceipt(app, receipts, folders.receipts),
      junit: posix.join(folders.reports, `${facts.id}.xml`),
    };
    return { ...app, planned, work };
  });
}

function newReceipt({ id, file, plan }: AppToPlan, receipts: ReceiptsByFile, folder: string): string {
  const names = [
    id,
    `${id}-${file.sha256.slice(0, 8)}`,
    `${id}-${file.sha256.slice(0, 8)}-${plan.definition.slice(0, 8)}`,
  ];
  const free = names.map((name) => posix.join(folder, `${name}.json`)).find((path) => !receipts.has(path));
  return free ?? posix.join(folder, `${id}-${file.sha256}.json`);
}

/** The platforms and environments of which builds are wanted. */
export function keysOf(apps: readonly AppWithWork[]): readonly (BudgetKey & { readonly environment: string | null })[] {
  const wanted = apps.filter(({ work }) => work.do === 'run' && work.takesBuild);
  const keys = new Map(
    wanted.map(({ facts: { platform, environment }, stage }) => [
      textOf({ platform, stage }),
      { platform, stage, environment },
    ]),
  );
  return [...keys.values()];
}

export interface WaveInput {
  readonly slots: number;
  readonly weekly: number | null;
  readonly builds: readonly CountedBuild[];
  /** What a backend says of a platform and environment, where one was asked. */
  readonly told: (key: BudgetKey) => ToldQuota | null;
  readonly nowMs: number;
}

/** The wave: which apps get a lane, which have to wait for another week, and which somebody has to look at. Pure. */
export function planWave(
  apps: readonly AppWithWork[],
  { slots, weekly, builds, told, nowMs }: WaveInput,
): Pick<FleetPlan, 'cells' | 'deferred' | 'look' | 'done'> {
  const budgets = new Map<string, Budget>();
  const budgetOf = (key: BudgetKey): Budget => {
    const text = textOf(key);
    const known = budgets.get(text);
    if (known !== undefined) return known;
    const own = builds.filter((build) => textOf(build) === text).map(({ atMs }) => atMs);
    const budget = createBudget(weekly, own, told(key), nowMs);
    budgets.set(text, budget);
    return budget;
  };
  const wave = { cells: [] as FleetPlan['cells'], deferred: [] as FleetPlan['deferred'] };
  for (const { planned, work, isCanary, stage } of canariesFirst(apps)) {
    if (work.do !== 'run') continue;
    const fromMs = work.takesBuild ? budgetOf({ platform: planned.platform, stage }).take() : nowMs;
    if (fromMs > nowMs) wave.deferred.push({ ...planned, from: new Date(fromMs).toISOString() });
    else wave.cells.push({ ...planned, lane: 0, canary: isCanary, step: work.step });
  }
  const lanes = lanesOf(wave.cells, slots);
  return {
    cells: wave.cells.map((cell) => ({ ...cell, lane: lanes.get(cell.id) ?? 0 })),
    deferred: wave.deferred,
    look: apps.flatMap(({ planned, work }) =>
      work.do === 'look' ? [{ ...planned, why: work.why, at: [...work.at] }] : [],
    ),
    done: apps.flatMap(({ planned, work }) => (work.do === 'nothing' ? [planned] : [])),
  };
}

function canariesFirst(apps: readonly AppWithWork[]): readonly AppWithWork[] {
  return [...apps.filter(({ isCanary }) => isCanary), ...apps.filter(({ isCanary }) => !isCanary)];
}

function textOf({ platform, stage }: BudgetKey): string {
  return `${platform} ${stage}`;
}
