import { type AppToolError, asAppToolError, UsageError } from '../../contract/errors.ts';
import { didYouMean } from '../../contract/text/suggest.ts';
import { assertProtects } from '../../run/backend.ts';
import { checkTargets } from '../../run/release/plan.ts';
import { releasesIn } from '../settings/config/releases.ts';
import { subjectOf } from '../settings/source.ts';
import { checkedAddress, checkPollInterval, type Session } from './session.ts';

/** What every run would refuse of these settings, whichever command it is; `null` where that is nothing. Addresses that cannot be used are left out. */
export function settingsProblem(session: Session): AppToolError | null {
  try {
    checkAsRunsDo(session);
    return null;
  } catch (error) {
    return asAppToolError(error);
  }
}

/** The first address of any backend that a run would refuse; `null` where there is none. */
export function addressProblem({ backends, settings }: Session): AppToolError | null {
  try {
    for (const backend of backends) for (const key of backend.addresses) checkedAddress(backend, key, settings);
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
  checkPollInterval(settings, addressesInUse(session));
}

/** Those that can be used of the backend that is set, or else of all: a run may be with any of them. */
function addressesInUse({ settings, backends, definition }: Session): readonly string[] {
  const { backend } = settings.values;
  const inUse = backend === undefined ? backends : [definition(backend)];
  const own = inUse.map(({ id, addresses }) =>
    addresses.map((key) => String(settings.backends[id]?.values[key] ?? '')),
  );
  return own.flat().filter((address) => URL.canParse(address));
}
