import { basename, resolve } from 'node:path';
import { openReplaced } from '../../../ci/files/replaced-file.ts';
import { FLEET_JUNIT_HEAD, fleetJUnit } from '../../../ci/fleet/status-junit.ts';
import { countsLine, fleetSummary, SUMMARY_HEAD } from '../../../ci/fleet/status-summary.ts';
import {
  type AppToolError,
  LimitError,
  PartialError,
  PendingError,
  UnknownOutcomeError,
  UsageError,
} from '../../../contract/errors.ts';
import type { FleetPlan } from '../../../contract/record/fleet-plan.ts';
import type { FleetRow, FleetStatus } from '../../../contract/record/fleet-status.ts';
import { counted } from '../../../contract/text/units.ts';
import { type AppOfStatus, statusOf } from '../../../run/fleet/status.ts';
import type { Kept } from '../../../run/journal/same-release.ts';
import type { CommandResult } from '../../line/command.ts';
import { commandFor } from '../../output/next-words.ts';
import { renderRows } from '../../output/render/rows.ts';
import { fitTable, renderTable } from '../../output/render/table.ts';
import type { Session } from '../../session/session.ts';
import { releasesIn } from '../../settings/config/releases.ts';
import { findFleet } from '../../settings/fleet/fleet-file.ts';
import { configFor, releaseNamed } from './app-release.ts';
import { readPlan } from './plan-file.ts';
import { receiptsIn } from './receipts-in.ts';

/** `apptool fleet status <folder>` */
export async function fleetStatusCommand(session: Session): Promise<CommandResult<FleetStatus>> {
  const { invocation, redactor } = session;
  const [folder = ''] = invocation.operands;
  const text = (name: string) => {
    const value = invocation.flags[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [summary, junit] = [report('summary', session), report('junit', session)];
  const planPath = text('plan');
  const write = {
    summary: summary === undefined ? null : openReplaced('--summary', summary, SUMMARY_HEAD),
    junit: junit === undefined ? null : openReplaced('--junit', junit, FLEET_JUNIT_HEAD),
  };
  const receipts = receiptsIn(folder, session);
  const apps =
    planPath === undefined ? await withoutPlan(receipts, text('fleet'), session) : byPlan(readPlan(planPath), receipts);
  if (apps.length === 0)
    throw new UsageError(`there are no receipts in ${folder}`, { hint: 'name the folder of the receipts, or a plan' });
  const status = statusOf(apps);
  const failure = failureOf(status, folder);
  const next = failure?.next == null ? null : commandFor(failure.next);
  write.summary?.(fleetSummary(status, next, redactor));
  write.junit?.(fleetJUnit(status, redactor));
  session.ctx.emit({ type: 'note', message: countsLine(status) });
  const [columns, rows] = tableOf(status);
  const layOut = (width: number): string => laidOut(status, failure === null, width);
  return { text: renderTable(columns, rows), layOut, data: status, ...(failure === null ? {} : { failure }) };
}

/** Where a report goes: what a config says is of the reports of runs. */
function report(key: 'summary' | 'junit', { settings: { values, sources } }: Session): string | undefined {
  return sources[key]?.from === 'config' ? undefined : values[key];
}

/** The apps of a wave, by its plan. */
function byPlan({ cells, deferred, look, done }: FleetPlan, receipts: readonly Kept[]): readonly AppOfStatus[] {
  const planned = [
    ...cells.map((app) => ({ app, as: null })),
    ...deferred.map((app) => ({ app, as: { as: 'deferred', from: app.from } as const })),
    ...look.map((app) => ({ app, as: { as: 'look' } as const })),
    ...done.map((app) => ({ app, as: { as: 'done' } as const })),
  ];
  const named = byName(receipts);
  return planned.map(({ app, as }) => ({
    id: app.id,
    package: app.package,
    steps: app.all,
    receipt: newest(
      (named.get(basename(app.receipt, '.json')) ?? []).filter(
        ({ receipt: { input } }) => input?.sha256 == null || input.sha256 === app.sha256,
      ),
    ),
    planned: as,
  }));
}

function byName(
  receipts: readonly Kept[],
  idOf: (name: string) => string = (name) => name,
): ReadonlyMap<string, readonly Kept[]> {
  const named = new Map<string, Kept[]>();
  for (const kept of receipts) {
    const name = idOf(basename(kept.path, '.json'));
    named.set(name, [...(named.get(name) ?? []), kept]);
  }
  return named;
}

/** The apps of the fleet that is here, or those of the receipts where there is none. */
async function withoutPlan(
  receipts: readonly Kept[],
  named: string | undefined,
  session: Session,
): Promise<readonly AppOfStatus[]> {
  const fleet = await findFleet(named, resolve());
  const stepsOf = knownSteps(session);
  const names = byName(receipts);
  if (fleet !== null) {
    const more = byName(receipts, (name) => name.replace(/-[0-9a-f]{8,}(?:-[0-9a-f]{8})?$/, ''));
    return [...fleet.apps].map(([id, app]) => ({
      id,
      package: app.package,
      steps: stepsOf(app.release ?? fleet.defaults.release, app.publish ?? null),
      receipt: newest([...(names.get(id) ?? []), ...(more.get(id) ?? [])]),
      planned: null,
    }));
  }
  return [...names].map(([id, own]) => {
    const receipt = newest(own);
    const release = receipt?.receipt.release?.name;
    return { id, package: null, steps: release === undefined ? [] : stepsOf(release, null), receipt, planned: null };
  });
}

/** The steps of a release of the config; none where the config does not have it. Each is read once. */
function knownSteps({ config, backends }: Session) {
  const releases = releasesIn(config, backends).map(({ name }) => name);
  const known = new Map<string, AppOfStatus['steps']>();
  return (named: string | undefined, publish: readonly string[] | null): AppOfStatus['steps'] => {
    const key = JSON.stringify([named, publish]);
    const steps = known.get(key) ?? (named !== undefined && !releases.includes(named) ? [] : read(named, publish));
    known.set(key, steps);
    return steps;
  };

  function read(named: string | undefined, publish: readonly string[] | null): AppOfStatus['steps'] {
    const [definition] = releasesIn(configFor(config, releaseNamed(config, backends, { named, publish })), backends);
    if (definition === undefined) return [];
    const { protect, publish: targets } = definition;
    return [
      ...(protect === null ? [] : [{ id: `protect:${protect.backend}`, required: true }]),
      ...targets.map(({ backend, required }) => ({ id: `publish:${backend}`, required })),
    ];
  }
}

function newest(receipts: readonly Kept[]): Kept | null {
  return receipts.reduce<Kept | null>(
    (best, one) => (best === null || one.receipt.updatedAt > best.receipt.updatedAt ? one : best),
    null,
  );
}

/** The gravest of what is not done: what may have landed, what has failed or was not begun, what is deferred, what runs. */
function failureOf({ counts, rows }: FleetStatus, folder: string): AppToolError | null {
  const next = { do: 'plan', receipts: folder } as const;
  const what = `of ${counted(rows.length, 'step')}`;
  if (counts.look > 0)
    return new UnknownOutcomeError(`${counts.look} ${what} may have landed`, {
      hint: 'look at their backends first; what is there must not be sent again',
      next,
    });
  const open = counts.failed + counts.notStarted;
  if (open > 0)
    return new PartialError(`${open} ${what} are not done: ${counts.failed} failed, ${counts.notStarted} not started`, {
      next,
    });
  if (counts.deferred > 0)
    return new LimitError(`${counts.deferred} ${what} are deferred: this week has no build left for them`, {
      limit: 'week',
      next,
    });
  if (counts.running > 0) return new PendingError(`${counts.running} ${what} are still running`, { next });
  return null;
}

type Table = readonly [columns: readonly string[], rows: readonly (readonly string[])[]];

/** With a column of links where a step has one, if they are wanted there. */
function tableOf({ rows }: FleetStatus, wantsLinks = true): Table {
  const hasLinks = wantsLinks && rows.some(({ links }) => linksOf(links) !== '');
  const cells = rows.map((row) => [
    row.app,
    row.step ?? '-',
    `${row.state}${row.required ? '' : ' (not required)'}`,
    row.job ?? '-',
    ...(hasLinks ? [linksOf(row.links) || '-'] : []),
    row.from === null ? [row.errorClass, row.message].filter((part) => part !== null).join(': ') : `from ${row.from}`,
  ]);
  return [['app', 'step', 'state', 'job', ...(hasLinks ? ['link'] : []), 'why'], cells];
}

function linksOf({ page, install }: FleetRow['links']): string {
  return [page, install].filter((link) => link !== null).join(' ');
}

/** For a terminal: a mark for each row, links below, where they make no table too wide, and a verdict where no error tells it. */
function laidOut(status: FleetStatus, isWell: boolean, width: number): string {
  const [columns, rows] = tableOf(status, false);
  const links = status.rows.flatMap(({ app, step, links: { page, install } }) =>
    [page, install].flatMap((link) => (link === null ? [] : [{ name: `${app} ${step}`, texts: [link] }])),
  );
  return [
    fitTable(columns, marked(rows, status), width),
    ...(links.length === 0 ? [] : ['', ...renderRows(links, width)]),
    ...(isWell ? ['', '✓ every step is done'] : []),
  ].join('\n');
}

const MARKS: Readonly<Record<FleetRow['state'], string>> = {
  done: '✓',
  running: '›',
  failed: '✗',
  look: '✗',
  deferred: '·',
  'not-started': '·',
};

/** Each row with what a terminal says at a glance. */
function marked(cells: Table[1], { rows }: FleetStatus): Table[1] {
  return cells.map(([app = '', ...others], index) => [
    `${MARKS[rows[index]?.state ?? 'not-started']} ${app}`,
    ...others,
  ]);
}
