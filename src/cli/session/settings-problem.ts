import { type AppToolError, asAppToolError, UsageError } from '../../contract/errors.ts';
import { didYouMean } from '../../contract/text/suggest.ts';
import { assertProtects } from '../../run/backend.ts';
import { checkTargets } from '../../run/release/plan.ts';
import { releasesIn } from '../settings/config/releases.ts';
import { subjectOf } from '../settings/source.ts';
import { checkedAddress, checkPollInterval, type Session } from './session.ts';

/** What every run would refuse of these settings, whichever command it is; `null` where that is nothing. Addresses that cannot be used are left out. */
export function settingsProblem(session: Session): AppToolError | null {
  return problemOf(() => checkAsRunsDo(session));
}

/** The first address of any backend that a run would refuse; `null` where there is none. */
export function addressProblem({ backends, settings }: Session): AppToolError | null {
  return problemOf(() => {
    for (const backend of backends) for (const key of backend.addresses) checkedAddress(backend, key, settings);
  });
}

function problemOf(check: () => void): AppToolError | null {
  try {
    check();
    return null;
  } catch (error) {
    return asAppToolError(error);
  }
}

function checkAsRunsDo(session: Session): void {
  const { settings, config, backends, definition } = session;
  const { values, sources } = settings;
  if (values.backend !== undefined) {
    const { id, capabilities } = definition(values.backend);
    assertProtects({ id, protects: capabilities.protects });
  }
  const milestones = backends.flatMap(({ capabilities }) => capabilities.milestones.map(({ name }) => name));
  if (values.until !== undefined && values.until !== 'protected' && !milestones.includes(values.until))
    throw new UsageError(
      `${subjectOf(sources.until, 'until')} no backend has a milestone "${values.until}"${didYouMean(values.until, milestones)}`,
      { hint: `there are ${[...new Set(milestones)].join(', ')}` },
    );
  for (const { name, publish } of releasesIn(config, backends)) {
    const targets = publish.map(({ backend, own }) => ({
      backend: { id: backend, ...definition(backend).capabilities },
      until: typeof own.until === 'string' ? own.until : undefined,
    }));
    checkTargets({ name, targets, until: undefined });
  }
  checkPollIntervals(session);
}

/** A run asks one backend or another: what one of them takes is no problem of every run. */
function checkPollIntervals({ settings, backends, definition }: Session): void {
  const { backend } = settings.values;
  const inUse = backend === undefined ? backends : [definition(backend)];
  const problems = inUse.map(({ id, addresses }) => {
    const own = addresses.map((key) => String(settings.backends[id]?.values[key] ?? ''));
    const usable = own.filter((address) => URL.canParse(address));
    return problemOf(() => checkPollInterval(settings, usable));
  });
  const [first = null] = problems;
  if (first !== null && !problems.includes(null)) throw first;
}
