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
import type { Next } from '../../../contract/next.ts';
import type { FleetPlan } from '../../../contract/record/fleet-plan.ts';
import type { FleetStatus } from '../../../contract/record/fleet-status.ts';
import { type AppOfStatus, statusOf } from '../../../run/fleet/status.ts';
import type { Kept } from '../../../run/journal/same-release.ts';
import type { CommandResult } from '../../line/command.ts';
import { nextWords } from '../../output/next-words.ts';
import { renderTable } from '../../output/render/table.ts';
import type { Session } from '../../session/session.ts';
import { releasesIn } from '../../settings/config/releases.ts';
import { type Fleet, findFleet } from '../../settings/fleet/fleet-file.ts';
import type { FleetApp } from '../../settings/fleet/fleet-schema.ts';
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
  const next = failure?.next == null ? null : lineOf(failure.next);
  write.summary?.(fleetSummary(status, next, redactor));
  write.junit?.(fleetJUnit(status, redactor));
  session.ctx.emit({ type: 'note', message: countsLine(status) });
  return { text: tableOf(status), data: status, ...(failure === null ? {} : { failure }) };
}

/** Where a report goes: what a config says is of the reports of runs. */
function report(key: 'summary' | 'junit', { settings: { values, sources } }: Session): string | undefined {
  return sources[key]?.from === 'config' ? undefined : values[key];
}

function lineOf(next: Next): string {
  return nextWords(next).replace(/^.*?: /, '');
}

/** The apps of a wave, by its plan. */
function byPlan({ cells, deferred, look, done }: FleetPlan, receipts: readonly Kept[]): readonly AppOfStatus[] {
  const planned = [
    ...cells.map((app) => ({ app, as: null })),
    ...deferred.map((app) => ({ app, as: { as: 'deferred', from: app.from } as const })),
    ...look.map((app) => ({ app, as: { as: 'look' } as const })),
    ...done.map((app) => ({ app, as: { as: 'done' } as const })),
  ];
  return planned.map(({ app, as }) => ({
    id: app.id,
    package: app.package,
    steps: app.all,
    receipt: newest(
      receipts.filter(
        ({ path, receipt: { input } }) =>
          basename(path) === basename(app.receipt) && (input?.sha256 == null || input.sha256 === app.sha256),
      ),
    ),
    planned: as,
  }));
}

/** The apps of the fleet that is here, or those of the receipts where there is none. */
async function withoutPlan(
  receipts: readonly Kept[],
  named: string | undefined,
  session: Session,
): Promise<readonly AppOfStatus[]> {
  const fleet = await findFleet(named, resolve());
  if (fleet !== null) return [...fleet.apps].map(([id, app]) => appOfFleet(id, app, fleet, receipts, session));
  const names = [...new Set(receipts.map(({ path }) => basename(path, '.json')))];
  return names.map((id) => {
    const receipt = newest(receipts.filter(({ path }) => basename(path, '.json') === id));
    const release = receipt?.receipt.release?.name ?? null;
    return { id, package: null, steps: stepsOf(session, release, null), receipt, planned: null };
  });
}

function appOfFleet(
  id: string,
  app: FleetApp,
  { defaults }: Fleet,
  receipts: readonly Kept[],
  session: Session,
): AppOfStatus {
  const isOwn = (file: string) =>
    file === id || (file.startsWith(`${id}-`) && /^[0-9a-f]{8}/.test(file.slice(id.length + 1)));
  const receipt = newest(receipts.filter(({ path }) => isOwn(basename(path, '.json'))));
  const publish = app.publish ?? null;
  const { release } = releaseNamed(session.config, session.backends, {
    named: app.release ?? defaults.release,
    publish,
  });
  return { id, package: app.package, steps: stepsOf(session, release, publish), receipt, planned: null };
}

/** The steps of a release of the config; none where the config does not have it. */
function stepsOf(
  { config, backends }: Session,
  release: string | null,
  publish: readonly string[] | null,
): AppOfStatus['steps'] {
  if (release === null && publish === null) return [];
  if (release !== null && !releasesIn(config, backends).some(({ name }) => name === release)) return [];
  const [definition] = releasesIn(configFor(config, { release, publish }), backends);
  if (definition === undefined) return [];
  const { protect, publish: targets } = definition;
  return [
    ...(protect === null ? [] : [{ id: `protect:${protect.backend}`, required: true }]),
    ...targets.map(({ backend, required }) => ({ id: `publish:${backend}`, required })),
  ];
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
  const what = `of ${rows.length} steps`;
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
    return new LimitError(`${counts.deferred} ${what} are deferred: the week has no build for them`, {
      limit: 'week',
      next,
    });
  if (counts.running > 0) return new PendingError(`${counts.running} ${what} are still running`, { next });
  return null;
}

function tableOf({ rows }: FleetStatus): string {
  return renderTable(
    ['app', 'step', 'state', 'job', 'why'],
    rows.map((row) => [
      row.app,
      row.step ?? '-',
      `${row.state}${row.required ? '' : ' (not required)'}`,
      row.job ?? '-',
      row.from === null ? [row.errorClass, row.message].filter((part) => part !== null).join(': ') : `from ${row.from}`,
    ]),
  );
}
