import { createHash } from 'node:crypto';
import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { UsageError } from '../../../contract/errors.ts';
import { nearest } from '../../../contract/text/suggest.ts';
import { type Plan, planOf } from '../../../run/release/plan.ts';
import type { Session } from '../../session/session.ts';
import type { ConfigFile } from '../../settings/config/config-file.ts';
import {
  configOfStep,
  type ReleaseDefinition,
  releasesIn,
  type StepDefinition,
  stageWord,
} from '../../settings/config/releases.ts';

/** Which release an app goes through. */
export interface AppRelease {
  /** The release of the config; `null` where the app names its targets alone. */
  readonly release: string | null;
  /** The targets instead of those of the release; `null` for these. */
  readonly publish: readonly string[] | null;
}

/** What a release is called that only publishes, and stands in no config. */
const UNNAMED = 'fleet';

/** The release that an app's is made of: the one that it names, or the only one there is. Throws `UsageError`. */
export function releaseNamed(
  config: ConfigFile | null,
  backends: readonly BackendDefinition[],
  { named, publish }: { readonly named: string | undefined; readonly publish: readonly string[] | null },
): AppRelease {
  const names = releasesIn(config, backends).map(({ name }) => name);
  const [only, ...others] = names;
  if (named !== undefined && !names.includes(named)) {
    const near = nearest(named, names);
    throw new UsageError(
      `there is no release "${named}"; ${names.length === 0 ? 'the config has none' : `the config has ${names.join(', ')}`}`,
      {
        hint: near === null ? null : `did you mean ${near}?`,
      },
    );
  }
  if (named === undefined && others.length > 0)
    throw new UsageError(`name the release to run; the config has ${names.join(', ')}`, {
      hint: 'name it in the defaults of the fleet, or of the app',
    });
  const release = named ?? only ?? null;
  if (release === null && publish === null)
    throw new UsageError('the config has no release, and the fleet names no targets', {
      hint: 'add one below the key releases of the config, or a list publish to the app',
    });
  return { release, publish };
}

/** The config with this release alone, which goes to the targets that the app names; what the release says of one of these holds. */
export function configFor(config: ConfigFile | null, { release, publish }: AppRelease): ConfigFile {
  const { text, ...file } = config ?? NO_FILE;
  const all = (text.value.releases ?? {}) as Readonly<Record<string, { readonly publish?: readonly unknown[] }>>;
  const name = release ?? UNNAMED;
  const own = release === null ? {} : (all[release] ?? {});
  const targets = own.publish ?? [];
  const indexes =
    publish?.map((id) => targets.findIndex((target) => idOf(target) === id)) ?? targets.map((_, index) => index);
  const chosen = indexes.map((index, at) => (index < 0 ? publish?.[at] : targets[index]));
  return {
    ...file,
    text: {
      value: { ...text.value, releases: { [name]: { ...own, ...(publish === null ? {} : { publish: chosen }) } } },
      locate: (path) => {
        const [first, , key, index, ...rest] = path;
        if (first !== 'releases' || key !== 'publish' || typeof index !== 'number') return text.locate(path);
        return text.locate(['releases', name, key, indexes[index] ?? index, ...rest]);
      },
    },
  };
}

const NO_FILE: ConfigFile = {
  name: 'no config',
  wasFound: true,
  folder: '.',
  text: { value: {}, locate: () => 'the fleet' },
};

function idOf(target: unknown): unknown {
  return typeof target === 'object' && target !== null ? (target as { backend?: unknown }).backend : target;
}

/** What an app's release does, and for what. */
export interface PlannedRelease {
  readonly plan: Plan;
  /** As it was given; `null` where nothing protects, or the backend knows no such thing. */
  readonly environment: string | null;
  readonly protectedBy: string | null;
}

/** Plans a release without opening a backend. Throws `UsageError` for one that cannot be carried out. */
export function planRelease(session: Session, app: AppRelease, environment: string | undefined): PlannedRelease {
  const config = configFor(session.config, app);
  const [definition] = releasesIn(config, session.backends) as [ReleaseDefinition];
  const settingsOf = (step: StepDefinition) =>
    session.over(configOfStep(config, step, session.definition(step.backend))).settings.values;
  const { protect, publish, name, written } = definition;
  const targets = publish.map((step) => {
    const backend = plannable(session, step);
    const { until } = settingsOf(step);
    const isKnown = typeof step.own.until === 'string' || backend.milestones.some((one) => one.name === until);
    return { backend, required: step.required, environments: step.environments, until: isKnown ? until : undefined };
  });
  const protection = protect === null ? null : protectionOf(session, protect, settingsOf(protect), environment);
  const plan = planOf({
    name,
    definition: createHash('sha256').update(JSON.stringify(written)).digest('hex'),
    protect: protection,
    targets,
    until: undefined,
  });
  return { plan, environment: protection?.environment ?? null, protectedBy: protect?.backend ?? null };
}

function plannable(session: Session, { backend }: StepDefinition) {
  const { id, capabilities } = session.definition(backend);
  return { id, ...capabilities };
}

function protectionOf(
  session: Session,
  step: StepDefinition,
  values: Session['settings']['values'],
  asked: string | undefined,
) {
  const backend = plannable(session, step);
  if (!backend.accepts.includes('environment'))
    return { backend, stage: null, signingKey: values.signingKey, environment: null };
  const environment = asked ?? values.environment;
  if (environment === undefined)
    throw new UsageError('no environment to protect for is set', {
      hint: 'set environment in the defaults of the fleet, or in the release',
    });
  return { backend, stage: stageWord.parse(environment), signingKey: values.signingKey, environment };
}
