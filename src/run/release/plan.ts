import type { Capabilities } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import type { Stage } from '../../contract/job.ts';
import type { StepRecord } from '../../contract/record/journal.ts';

/** One thing that a release does. */
export interface PlannedStep {
  readonly id: StepRecord['id'];
  readonly action: 'protect' | 'publish';
  readonly backend: string;
  /** False where its failure is only a warning. */
  readonly required: boolean;
  /** What its backend protects for, where it says so. */
  readonly stage: Stage | null;
  /** The milestone that its job is waited for; `null` for the backend's own end. */
  readonly until: string | null;
  /** True where people are to get it at a link. */
  readonly hasLink?: true;
}

/** What a release does, in order: protection first, where there is one; the rest side by side. */
export interface Plan {
  readonly name: string;
  /** SHA-256 of what the config says of it. */
  readonly definition: string;
  readonly steps: readonly PlannedStep[];
}

/** A backend, as far as a plan depends on it. */
type Planned = Pick<Capabilities, 'protects' | 'milestones' | 'signature'> & { readonly id: string };

export interface PlannedProtection {
  readonly backend: Planned;
  readonly stage: Stage | null;
  /** The signing key that is asked for, or `none`; `undefined` for the tenant's. */
  readonly signingKey: string | undefined;
}

export interface PlannedTarget {
  readonly backend: Planned;
  readonly required: boolean;
  /** The milestone that the release itself names for it. */
  readonly until: string | undefined;
  /** Environments whose builds this target also accepts, besides production. */
  readonly environments: readonly Stage[];
  /** Whether people are to get it at a link. */
  readonly hasLink?: boolean;
}

export interface PlanInput extends Pick<Plan, 'name' | 'definition'> {
  readonly protect: PlannedProtection | null;
  readonly targets: readonly PlannedTarget[];
  /** The milestone of the command line: for the targets that have it. */
  readonly until: string | undefined;
}

/** Throws `UsageError` for targets that a release cannot have; what is asked of them is known without their credentials. */
export function checkTargets({
  name,
  targets,
  until,
}: Pick<PlanInput, 'name' | 'until'> & {
  readonly targets: readonly Pick<PlannedTarget, 'backend' | 'until'>[];
}): void {
  const ids = targets.map(({ backend }) => backend.id);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) throw new UsageError(`release ${name} publishes to ${twice} twice`);
  if (until !== undefined && !targets.some(({ backend }) => knows(backend, until)))
    throw new UsageError(`no target of release ${name} has a milestone "${until}"`, {
      hint: 'name a milestone that a target has',
    });
  for (const target of targets) checkMilestone(name, target);
}

/** Throws `UsageError` for a release that cannot be carried out. */
export function planOf({ name, definition, protect, targets, until }: PlanInput): Plan {
  checkTargets({ name, targets, until });
  const steps = targets.map((target): PlannedStep => {
    checkPromotion(protect?.stage ?? null, target);
    const { backend, required } = target;
    const own = until !== undefined && knows(backend, until) ? until : target.until;
    const milestone = own ?? backend.milestones[0]?.name ?? null;
    const link = target.hasLink === true ? ({ hasLink: true } as const) : {};
    return { ...stepOf('publish', backend.id), required, until: milestone, ...link };
  });
  if (protect === null) return { name, definition, steps };
  if (!protect.backend.protects)
    throw new UsageError(`release ${name}: ${protect.backend.id} does not protect`, {
      hint: 'name a backend that protects',
    });
  return { name, definition, steps: [{ ...stepOf('protect', protect.backend.id), stage: protect.stage }, ...steps] };
}

function stepOf(action: PlannedStep['action'], backend: string): PlannedStep {
  return { id: `${action}:${backend}`, action, backend, required: true, stage: null, until: null };
}

function knows({ milestones }: Planned, until: string): boolean {
  return milestones.some(({ name }) => name === until);
}

function checkMilestone(name: string, { backend, until }: Pick<PlannedTarget, 'backend' | 'until'>): void {
  if (until === undefined || knows(backend, until)) return;
  const known = backend.milestones.map((milestone) => milestone.name).join(', ');
  const why = known === '' ? 'has no milestones' : `has ${known}`;
  throw new UsageError(`release ${name}: ${backend.id} has no milestone "${until}"; it ${why}`);
}

/** Throws `UsageError` where a target would get what was protected for something else than production, and does not say that it may. */
function checkPromotion(
  stage: Stage | null,
  { backend, environments }: Pick<PlannedTarget, 'environments'> & { readonly backend: { readonly id: string } },
): void {
  if (stage === null || stage === 'production' || environments.includes(stage)) return;
  throw new UsageError(`${backend.id} would get a file that was protected for ${stage}`, {
    hint: `protect for production, or give the target the key "environments": ["${stage}"]`,
  });
}

/**
 * Throws `UsageError` where a target is known to refuse what protection will give back: it takes the signature of the input away, and signs
 * anew only with a key. Gives what is not known as a warning.
 */
export function checkGivenBack(protect: PlannedProtection, targets: readonly PlannedTarget[]): string | null {
  const strict = targets.find(({ backend }) => backend.signature === 'release')?.backend.id;
  if (strict === undefined || (protect.signingKey !== undefined && protect.signingKey !== 'none')) return null;
  if (protect.signingKey === undefined)
    return `${strict} refuses unsigned files, and no signing key is given: the output is only signed if the portal has a default key`;
  throw new UsageError(`${strict} refuses unsigned files, and with signing key none the output is not signed`, {
    hint: 'give a signing key; or stop after protection, sign the output, and publish the signed file',
  });
}
