import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { UsageError } from '../../../contract/errors.ts';
import { didYouMean } from '../../../contract/text/suggest.ts';
import { wantsLink } from '../../../run/after-upload/publish-link.ts';
import { checkInputName } from '../../../run/artifact.ts';
import { type OpenBackend, stageOf } from '../../../run/backend.ts';
import { checkTargets, planOf } from '../../../run/release/plan.ts';
import type { ReleaseInput } from '../../../run/release/release-input.ts';
import { keptReceipt } from '../../receipt/kept-receipt.ts';
import { expectations, optionsWith, refuseUselessFlags, releaseNotesFor, type Session } from '../../session/session.ts';
import {
  configOfStep,
  type ReleaseDefinition,
  releasesIn,
  type StepDefinition,
} from '../../settings/config/releases.ts';
import { isFlag } from '../../settings/source.ts';
import { waiting } from '../waiting.ts';
import { lineToGoOn } from './line-to-go-on.ts';

/** What the command line and the config say of a release, with every backend open. Throws where any of it cannot work. */
export async function readRelease(session: Session): Promise<ReleaseInput> {
  const { definition, path } = chosen(session);
  const { values } = session.settings;
  const asked = readAsked(session);
  const definitions = [definition.protect, ...definition.publish].flatMap((step) =>
    step === null ? [] : session.definition(step.backend),
  );
  refuseUselessFlags(session, definitions);
  checkWithoutCredentials(session, definition, path);
  const notes = createNotes(session, definitions);
  const open = async (step: StepDefinition, use?: 'idle') => {
    const own = sessionOf(session, step);
    const backend = await own.open(step.backend, use);
    const options = optionsWith(own, await notes(own, step));
    const { pollIntervalMs, timeoutMs, appearTimeoutMs } = waiting(own, backend);
    return { own, backend, options, waiting: { pollIntervalMs, timeoutMs, appearTimeoutMs } };
  };
  // On either side of a gate a job has the credentials of its own steps. The output may have to be fetched, and that rejects without them.
  const useOfProtection = asked.from === 'publish' ? 'idle' : undefined;
  const useOfTargets = asked.until === 'protected' ? 'idle' : undefined;
  const protection = definition.protect === null ? null : await open(definition.protect, useOfProtection);
  const targets = await Promise.all(
    definition.publish.map(async (step) => {
      const { own, ...target } = await open(step, useOfTargets);
      const { required, environments } = step;
      const until = untilOf(step, own, target.backend.milestones);
      const hasLink = wantsLink(target.backend, target.options);
      return { ...target, planned: { backend: target.backend, required, environments, until, hasLink } };
    }),
  );
  const planned =
    protection === null
      ? null
      : {
          backend: protection.backend,
          stage: stageOf(protection.backend, protection.options),
          signingKey: protection.options.signingKey,
        };
  const plan = planOf({
    name: definition.name,
    definition: createHash('sha256').update(JSON.stringify(definition.written)).digest('hex'),
    protect: planned,
    targets: targets.map((target) => target.planned),
    until: milestoneAsked(session),
  });
  const receiptPath = receiptPathOf(session);
  return {
    plan,
    environment: protection?.options.environment ?? null,
    asked,
    resume: receiptPath === undefined ? null : lineToGoOn(session, receiptPath),
    kept: receiptPath === undefined ? null : keptReceipt(receiptPath, text(session, 'resume')),
    path,
    platform: values.platform,
    expected: expectations(session),
    protect: protection === null || planned === null ? null : { ...withoutSession(protection), planned },
    targets,
    output: protection?.own.settings.values.output,
    force: values.force === true,
    signed: text(session, 'signed'),
    detach: values.detach === true,
    failFast: values.failFast === true,
  };
}

/** What no backend of the release has to be opened for: which files they take, and which milestones they have. */
function checkWithoutCredentials(
  session: Session,
  { name, protect, publish }: ReleaseDefinition,
  path: string | undefined,
): void {
  const targets = publish.map((step) => {
    const { id, capabilities } = session.definition(step.backend);
    return {
      backend: { id, ...capabilities },
      until: untilOf(step, sessionOf(session, step), capabilities.milestones),
    };
  });
  checkTargets({ name, targets, until: milestoneAsked(session) });
  if (path === undefined) return;
  // Protection gives back a file of the kind that it got.
  const first = protect === null ? [] : [session.definition(protect.backend)];
  for (const { id, capabilities } of first) checkInputName({ id, ...capabilities }, path);
  for (const { backend } of targets) checkInputName(backend, path);
}

function withoutSession<T extends { readonly own: Session }>({ own: _, ...rest }: T): Omit<T, 'own'> {
  return rest;
}

/** The receipt that the run goes on with and writes: `--receipt`, or else the one that it is told to go on with. */
function receiptPathOf(session: Session): string | undefined {
  return session.settings.values.receipt ?? text(session, 'resume');
}

function text({ invocation: { flags } }: Session, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** Which release, and of which file: a word that names a release is one, and with a single release it may be left out. */
function chosen(session: Session): { readonly definition: ReleaseDefinition; readonly path: string | undefined } {
  const releases = releasesIn(session.config, session.backends);
  const [first, second] = session.invocation.operands;
  const names = releases.map(({ name }) => name).join(', ');
  if (releases.length === 0)
    throw session.config === null
      ? new UsageError('there is no config, and so no release to run', {
          hint: 'write one with apptool init, or name it with --config; docs/release.md shows a release',
        })
      : new UsageError('the config has no releases', {
          hint: 'add one below the key releases; docs/release.md shows how',
        });
  const named = releases.find(({ name }) => name === first);
  if (named !== undefined) return { definition: named, path: second };
  const [only, ...others] = releases;
  if (second !== undefined || (first !== undefined && !isFile(first)))
    throw new UsageError(
      `there is no release of that name; the config has ${names}${didYouMean(
        first ?? '',
        releases.map(({ name }) => name),
      )}`,
    );
  if (only === undefined || others.length > 0)
    throw new UsageError(`name the release to run; the config has ${names}`, {
      hint: 'write its name before the file',
    });
  return { definition: only, path: first };
}

function isFile(operand: string): boolean {
  return /\.(apk|aab|ipa)$/i.test(operand) || operand.includes('/') || existsSync(operand);
}

function readAsked(session: Session): ReleaseInput['asked'] {
  const { flags } = session.invocation;
  const [resume, from, until] = ['resume', 'from', 'until'].map((name) => text(session, name));
  if (from !== undefined && from !== 'publish') throw new UsageError('--from must be publish');
  if (from !== undefined && until === 'protected')
    throw new UsageError('--until protected and --from publish leave nothing to do together', {
      hint: 'leave one of them out',
    });
  const again = [flags.again].flat().flatMap((id) => (typeof id === 'string' ? [id] : []));
  if (again.length > 0 && resume === undefined)
    throw new UsageError('--again needs --resume: the receipt says what was sent');
  if (from !== undefined && receiptPathOf(session) === undefined)
    throw new UsageError('--from publish needs the receipt of the run that protected', {
      hint: 'name it with --resume',
    });
  return { resume: resume !== undefined, again, until: until === 'protected' ? until : null, from: from ?? null };
}

/** The milestone of the command line; `protected` is the release's own. */
function milestoneAsked({ settings: { values, sources } }: Session): string | undefined {
  return isFlag(sources.until) && values.until !== 'protected' ? values.until : undefined;
}

/** The milestone that holds for a target: its own, or one that a variable or the config names for all, where the target has it. */
function untilOf(
  { own: said }: StepDefinition,
  own: Session,
  milestones: OpenBackend['milestones'],
): string | undefined {
  if (typeof said.until === 'string') return said.until;
  const { values, sources } = own.settings;
  return isFlag(sources.until) ? undefined : milestones.find(({ name }) => name === values.until)?.name;
}

function sessionOf(session: Session, step: StepDefinition): Session {
  const { config } = session;
  return config === null ? session : session.over(configOfStep(config, step, session.definition(step.backend)));
}

/** What is new, for each step: standard input can be read once. */
function createNotes(session: Session, definitions: Parameters<typeof releaseNotesFor>[1]) {
  let common: Promise<string | undefined> | null = null;
  return async (own: Session, step: StepDefinition): Promise<string | undefined> => {
    const definition = session.definition(step.backend);
    if ('releaseNotes' in step.own || 'releaseNotesFile' in step.own) return await releaseNotesFor(own, [definition]);
    if (!definition.capabilities.accepts.includes('releaseNotes')) return undefined;
    common ??= releaseNotesFor(session, definitions);
    return await common;
  };
}
