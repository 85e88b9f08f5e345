import { resolve } from 'node:path';
import { openReplaced } from '../../../ci/files/replaced-file.ts';
import { FLEET_FORMATS, PLAN_HEAD, planText } from '../../../ci/fleet/formats.ts';
import { AppToolError, LimitError, UsageError } from '../../../contract/errors.ts';
import type { FleetPlan } from '../../../contract/record/fleet-plan.ts';
import { counted } from '../../../contract/text/units.ts';
import { type BudgetKey, buildsIn, type ToldQuota } from '../../../run/fleet/budget.ts';
import { type AppToPlan, type AppWithWork, keysOf, planWave, worksOf } from '../../../run/fleet/plan-fleet.ts';
import { receiptsByFile } from '../../../run/fleet/work.ts';
import { checkSameHosts } from '../../../run/journal/same-hosts.ts';
import type { Kept } from '../../../run/journal/same-release.ts';
import { checkArtifactName } from '../../../transfer/artifact-name.ts';
import type { CommandResult } from '../../line/command.ts';
import { fitTable, renderTable } from '../../output/render/table.ts';
import { VERSION } from '../../process/version.ts';
import type { Session } from '../../session/session.ts';
import { type Fleet, fileOfApp, readFleetFile } from '../../settings/fleet/fleet-file.ts';
import { type FleetApp, FleetDefaults } from '../../settings/fleet/fleet-schema.ts';
import { type AppRelease, type PlannedRelease, planRelease, releaseNamed } from './app-release.ts';
import { chosenApps } from './chosen-apps.ts';
import { type Hashes, hashesKnownBy } from './known-hashes.ts';
import { tellLeftOut } from './left-out.ts';
import { DEFAULT_PLAN, planAt } from './plan-file.ts';
import { receiptsIn } from './receipts-in.ts';

/** What every engine takes as a path without a second thought. */
const PLAIN_PATH = /^[\w./@+,-]+$/;
const RECEIPTS = 'receipts';
const REPORTS = 'reports';
const OUTPUTS = 'protected';

/** `apptool fleet plan` */
export async function fleetPlanCommand(session: Session): Promise<CommandResult<FleetPlan>> {
  const asked = readAsked(session);
  const now = session.ctx.clock.date();
  const fleet = await readFleetFile(asked.fleet, resolve());
  const apps = await chosenApps(fleet, session);
  const receipts = asked.resume === undefined ? [] : receiptsOfHere(asked.resume, session);
  const hashes = hashesKnownBy(planAt(asked.planPath), session.ctx.signal);
  const toPlan = await appsToPlan(apps, fleet, hashes, session);
  const folders = { receipts: asked.resume ?? RECEIPTS, reports: REPORTS };
  const works = worksOf(
    toPlan.map(({ app }) => app),
    receiptsByFile(receipts),
    folders,
  );
  const protects = (backend: string) =>
    session.backends.some(({ id, capabilities }) => id === backend && capabilities.protects);
  const told = await quotasOf(works, new Map(toPlan.map(({ app, protectedBy }) => [app.id, protectedBy])), session);
  const { weekly = null, gate } = fleet.defaults;
  const slots = asked.slots ?? fleet.defaults.slots;
  const wave = planWave(works, {
    slots,
    weekly,
    builds: buildsIn(
      receipts.map(({ receipt }) => receipt),
      protects,
    ),
    told: (key) => told.get(textOf(key)) ?? null,
    nowMs: now.getTime(),
  });
  const plan: FleetPlan = {
    planVersion: 1,
    tool: { name: 'apptool', version: VERSION },
    createdAt: now.toISOString(),
    fleet: fleet.source.name,
    receipts: folders.receipts,
    slots,
    weekly,
    gate,
    ...wave,
    left: [...fleet.apps.keys()].filter((id) => !apps.some(([one]) => one === id)),
  };
  const written = write(plan, asked);
  tell(plan, session);
  const failure = plan.cells.length === 0 && plan.deferred.length > 0 ? allDeferred(plan) : null;
  return { ...written, data: plan, ...(failure === null ? {} : { failure }) };
}

function readAsked({ invocation: { flags } }: Session) {
  const text = (name: string) => (typeof flags[name] === 'string' ? flags[name] : undefined);
  const output = text('output');
  const format = text('format') ?? (output === undefined ? undefined : 'json');
  if (format !== undefined && !Object.hasOwn(FLEET_FORMATS, format))
    throw new UsageError(`--format takes ${Object.keys(FLEET_FORMATS).join(', ')}`);
  const slots = text('slots');
  const parsed = FleetDefaults.shape.slots.safeParse(slots === undefined ? undefined : Number(slots));
  if (!parsed.success) throw new UsageError(`--slots ${parsed.error.issues[0]?.message}`);
  const resume = text('resume')?.replace(/(?<=.)\/+$/, '');
  const planPath = text('plan') ?? (format === 'json' && output !== undefined ? output : DEFAULT_PLAN);
  for (const [flag, path] of [
    ['--resume', resume],
    ['--plan', planPath],
  ] as const)
    if (path !== undefined && !PLAIN_PATH.test(path))
      throw new UsageError(
        `${flag} takes a path of letters, digits and . _ - / + , @ only: other characters have a meaning in the files of a CI`,
      );
  return {
    fleet: text('fleet'),
    output,
    format,
    slots: slots === undefined ? undefined : parsed.data,
    resume,
    planPath,
    named: text('plan'),
  };
}

/** What went to another host, such as that of a rehearsal, is not done here: it is told, and left out. */
function receiptsOfHere(folder: string, session: Session): readonly Kept[] {
  const { hostOf, ctx, backends } = session;
  const hosts = backends.map(({ id }) => ({ id, host: hostOf(id) }));
  const problems: AppToolError[] = [];
  const ofHere = receiptsIn(folder, session).filter((kept) => {
    try {
      checkSameHosts(
        kept,
        hosts.filter(({ id }) => kept.receipt.steps.some((step) => step.backend === id)),
      );
      return true;
    } catch (error) {
      if (!(error instanceof AppToolError)) throw error;
      problems.push(error);
      return false;
    }
  });
  tellLeftOut('other-host', problems, ctx);
  return ofHere;
}

interface Chosen {
  readonly app: AppToPlan;
  readonly protectedBy: string | null;
}

function copyOf<T>(list: readonly T[] | null): T[] | null {
  return list === null ? null : [...list];
}

/** The apps with their files and releases. Throws `UsageError` for two that have one file. */
async function appsToPlan(
  apps: readonly (readonly [string, FleetApp])[],
  fleet: Fleet,
  hashes: Hashes,
  session: Session,
): Promise<readonly Chosen[]> {
  const releases = new Map<string, PlannedRelease>();
  const names = new Map<string, AppRelease>();
  const found: Chosen[] = [];
  const bySha256 = new Map<string, string>();
  for (const [id, app] of apps) {
    session.ctx.signal.throwIfAborted();
    const { defaults, source } = fleet;
    const at = (): string => `${source.text.locate(['apps', id])}: apps.${id}: `;
    const publish = app.publish ?? null;
    const asked = { named: app.release ?? defaults.release, publish };
    const name = JSON.stringify(asked);
    const own = names.get(name) ?? inFile(at, () => releaseNamed(session.config, session.backends, asked));
    names.set(name, own);
    const environment = app.environment ?? defaults.environment;
    const key = JSON.stringify([own, environment]);
    const release = releases.get(key) ?? inFile(at, () => planRelease(session, own, environment));
    releases.set(key, release);
    const file = fileOfApp(id, fleet, app, resolve());
    const { name: fileName, kind } = inFile(at, () => checkArtifactName(file));
    const hashed = await hashes.of(file);
    const other = bySha256.get(hashed.sha256);
    if (other !== undefined) throw new UsageError(`${at()}${other} and ${id} share the same file: ${file}`);
    bySha256.set(hashed.sha256, id);
    const protection = release.plan.steps.find(({ action }) => action === 'protect');
    found.push({
      protectedBy: release.protectedBy,
      app: {
        id,
        file: { name: fileName, size: hashed.size, sha256: hashed.sha256 },
        plan: release.plan,
        stage: protection?.stage ?? null,
        isCanary: app.canary,
        facts: {
          id,
          file,
          ...hashed,
          platform: kind === 'ipa' ? 'ios' : 'android',
          package: app.package,
          ...own,
          publish: copyOf(own.publish),
          environment: release.environment,
          credentials: app.credentials ?? null,
          output: protection === undefined ? null : `${OUTPUTS}/${id}.${kind}`,
        },
      },
    });
  }
  return found;
}

/** An error of an app's says where the app stands. */
function inFile<T>(at: () => string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof UsageError ? error.with({ message: `${at()}${error.message}` }) : error;
  }
}

/** What the backends say of the week, where one can be asked with the variables that are set. */
async function quotasOf(
  works: readonly AppWithWork[],
  protectors: ReadonlyMap<string, string | null>,
  session: Session,
): Promise<ReadonlyMap<string, ToldQuota>> {
  const told = new Map<string, ToldQuota>();
  for (const { platform, stage, environment } of keysOf(works)) {
    const first = works.find(({ facts, stage: own }) => facts.platform === platform && own === stage);
    const backend = first === undefined ? null : (protectors.get(first.id) ?? null);
    const quota = backend === null ? undefined : await session.quotaOf(backend);
    if (quota === undefined) continue;
    const answer = await quota({ platform, environment: environment ?? undefined }, session.ctx).catch(
      (error: unknown) => {
        session.ctx.signal.throwIfAborted();
        const why = error instanceof Error ? error.message : 'unknown error';
        const message = `cannot read how many builds are left this week: ${why}`;
        session.ctx.emit({ type: 'warning', code: 'quota-unknown', message });
        return null;
      },
    );
    if (answer !== null) told.set(textOf({ platform, stage }), answer);
  }
  return told;
}

function textOf({ platform, stage }: BudgetKey): string {
  return `${platform} ${stage}`;
}

/** Writes what was asked for; the plan itself too, because the cells need it. */
function write(
  plan: FleetPlan,
  { format, output, planPath, named }: ReturnType<typeof readAsked>,
): Pick<CommandResult, 'text' | 'layOut' | 'path' | 'exact'> {
  const open = (name: string, path: string, head: string) => openReplaced(name, path, head);
  const keep =
    format !== undefined && (format !== 'json' || named !== undefined) ? open('--plan', planPath, PLAN_HEAD) : null;
  if (format === undefined) {
    const layOut = (width: number): string => fitTable(COLUMNS, markedRowsOf(plan), width);
    return { text: renderTable(COLUMNS, rowsOf(plan)), layOut };
  }
  const { write: textOfFormat, head } = FLEET_FORMATS[format] as (typeof FLEET_FORMATS)[string];
  const text = textOfFormat(plan, { planPath });
  const writeOutput = output === undefined ? null : open('--output', output, head);
  if (output !== planPath || format !== 'json') keep?.(planText(plan));
  writeOutput?.(text);
  return output === undefined ? { text: null, exact: text } : { text: null, path: output };
}

const COLUMNS = ['app', 'lane', 'do', 'steps', 'file'];

function rowsOf({ cells, deferred, look, done }: FleetPlan): string[][] {
  return [
    ...cells.map((cell) => [cell.id, String(cell.lane), cell.step, cell.steps.join(' '), cell.file]),
    ...deferred.map((app) => [app.id, '-', `deferred until ${app.from.slice(0, 10)}`, app.steps.join(' '), app.file]),
    ...look.map((app) => [app.id, '-', 'look', app.at.join(' '), app.file]),
    ...done.map((app) => [app.id, '-', 'done', '-', app.file]),
  ];
}

/** Each row with what a terminal says at a glance. */
function markedRowsOf(plan: FleetPlan): string[][] {
  const { cells, deferred, look } = plan;
  const markOf = (index: number): string => {
    if (index < cells.length) return '›';
    if (index < cells.length + deferred.length) return '·';
    return index < cells.length + deferred.length + look.length ? '✗' : '✓';
  };
  return rowsOf(plan).map(([app = '', ...others], index) => [`${markOf(index)} ${app}`, ...others]);
}

function tell({ cells, deferred, look, done, slots }: FleetPlan, { ctx }: Session): void {
  const lanes = new Set(cells.map(({ lane }) => lane)).size;
  const message = `${cells.length} to do in ${lanes} of ${counted(slots, 'lane')}, ${done.length} done, ${deferred.length} deferred, ${look.length} to look at`;
  ctx.emit({ type: 'note', message });
  for (const { id, why, at, receipt } of look)
    ctx.emit({ type: 'warning', code: 'look', message: `${id} is not planned: ${why} (${at.join(', ')}; ${receipt})` });
}

function allDeferred({ deferred, weekly }: FleetPlan): LimitError {
  const [first = ''] = deferred.map(({ from }) => from).sort();
  const most = weekly === null ? '' : ` of ${weekly}`;
  return new LimitError(`this week's builds${most} are used up: ${counted(deferred.length, 'app')} deferred`, {
    limit: 'week',
    hint: `plan again on ${first} or later`,
  });
}
