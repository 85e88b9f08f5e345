import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { CancelledError, UsageError } from '../../../contract/errors.ts';
import type { RunContext } from '../../../run/journal/journal.ts';
import { checkOutput, createOutput, type OutputTarget } from '../../../transfer/download/output-file.ts';
import { aboutOf, checkedBy, sectionOf } from '../../init/first-settings.ts';
import { createInterview, type Interview } from '../../init/interview.ts';
import { assertNoCredential, checkNewConfig } from '../../init/new-config.ts';
import type { CommandResult } from '../../line/command.ts';
import type { NewConfig } from '../../output/command-data.ts';
import type { Session } from '../../session/session.ts';
import { type ConfigPlace, placeOf } from '../../settings/config/config-file.ts';
import { formatConfig } from '../../settings/config/config-text.ts';
import { stageWord } from '../../settings/config/releases.ts';
import { formatDuration } from '../../settings/durations.ts';
import { namedBackends } from '../../settings/named-backends.ts';
import { Settings } from '../../settings/settings.ts';
import { isGiven, isSet } from '../../settings/source.ts';

const USUAL_NAME = 'apptool.config.json';
const SCHEMA = 'node_modules/apptool/dist/config.schema.json';

/** `apptool init`: a first config, from a person's answers or from flags. */
export async function initCommand(session: Session): Promise<CommandResult<NewConfig>> {
  if (session.config !== null)
    throw new UsageError('init writes a new config and does not read one', { hint: 'name the new file with --output' });
  const { output, force, dryRun } = session.settings.values;
  await checkPath({ path: output ?? USUAL_NAME, force: force === true });
  const questions = session.questions();
  try {
    const interview = createInterview(questions);
    const chosen = await chosenBackends(session, interview);
    const config = await configFor(chosen, session, interview);
    const path = output ?? (questions === null ? USUAL_NAME : await askForPath(interview, force === true));
    const place = await placeOf(path, resolve());
    const text = formatConfig({ $schema: schemaFrom(path), ...config }, path);
    checkNewConfig({ path, text, isFound: place.isFound }, session.backends);
    assertNoCredential(text, session.backends, session.environment);
    if (dryRun === true) return { text: text.trimEnd(), data: { path, config } };
    await write({ path, force: force === true }, text, session.ctx);
    const result = { text: null, path, data: { path, config } };
    session.printNow(result);
    tellNext(chosen, path, place, config, session.ctx);
    return result;
  } catch (error) {
    throw error instanceof CancelledError && error.hint === null ? error.with({ hint: 'nothing was written' }) : error;
  } finally {
    questions?.close();
  }
}

/** Throws `UsageError` for a name that no config has, `LocalIoError` where it cannot be written. */
async function checkPath(target: OutputTarget): Promise<void> {
  const name = basename(target.path);
  if (!/.\.(json|ya?ml)$/.test(name)) throw new UsageError('the name of a config ends in .json, .yaml or .yml');
  if (name === 'package.json')
    throw new UsageError('package.json holds more than a config', { hint: 'choose another' });
  await checkOutput(target, null);
}

async function askForPath(interview: Interview, force: boolean): Promise<string> {
  const path = await interview.ask({
    about: 'File to write',
    question: 'name',
    fallback: USUAL_NAME,
    flag: '--output <file>',
    read: async (answer) => {
      await checkPath({ path: answer, force });
      return answer;
    },
  });
  return path ?? USUAL_NAME;
}

async function chosenBackends(session: Session, interview: Interview): Promise<readonly BackendDefinition[]> {
  const { backends, settings } = session;
  const { to } = settings.values;
  const known = backends.map(({ id, title }) => `  ${id}: ${title}`);
  const named =
    to !== undefined
      ? namedBackends(to, session)
      : await interview.ask({
          about: `Backends, one or several separated by commas\n${known.join('\n')}`,
          question: 'backends',
          fallback: backends[0]?.id ?? '',
          flag: '--to <backend>[,<backend>…]',
          read: (list) => namedBackends(list, session),
        });
  interview.assertComplete();
  const chosen = named ?? [];
  const other = backends.find((backend) => !chosen.includes(backend) && hasAssigned(backend, session));
  if (other !== undefined)
    throw new UsageError(`--set ${other.id} is given, but ${other.id} is not among the backends`);
  return chosen;
}

function hasAssigned({ id }: BackendDefinition, { settings }: Session): boolean {
  return Object.values(settings.backends[id]?.sources ?? {}).some(isSet);
}

/** What the config holds, in the order in which it is written. */
async function configFor(
  chosen: readonly BackendDefinition[],
  session: Session,
  interview: Interview,
): Promise<Record<string, unknown>> {
  const { settings } = session;
  const { values, sources } = settings;
  const config: Record<string, unknown> = {};
  const protecting = chosen.find(({ capabilities }) => capabilities.protects);
  if (protecting !== undefined) config.backend = protecting.id;
  const needsEnvironment = chosen.some(({ capabilities }) => capabilities.accepts.includes('environment'));
  const environment =
    values.environment ?? (needsEnvironment ? await interview.ask(environmentQuestion()) : undefined) ?? undefined;
  if (environment !== undefined) config.environment = environment;
  const signingKey = values.signingKey ?? (await askForSigningKey(chosen, protecting, interview)) ?? undefined;
  if (signingKey !== undefined) config.signingKey = signingKey;
  if (isGiven(sources.timeout)) config.timeout = formatDuration(values.timeout);
  for (const backend of chosen) {
    const section = await sectionOf(backend, settings, interview);
    // An empty one, too, says that this backend is meant to be used.
    if (Object.keys(section).length > 0 || backend !== protecting) config[backend.id] = section;
  }
  const targets = chosen.filter((backend) => backend !== protecting).map(({ id }) => id);
  // What publish and upload take where the line names none.
  if (targets.length > 0) config.to = targets.join(',');
  const release = await askForRelease(targets, protecting, environment, interview);
  if (release !== null) config.releases = release;
  interview.assertComplete();
  return config;
}

/** Protection takes the signature off, so a store that refuses what is not signed gets nothing without a key of the portal. */
async function askForSigningKey(
  chosen: readonly BackendDefinition[],
  protecting: BackendDefinition | undefined,
  interview: Interview,
): Promise<string | null> {
  const demanding = chosen.filter((backend) => backend !== protecting && backend.capabilities.signature === 'release');
  if (protecting?.capabilities.accepts.includes('signingKey') !== true || demanding.length === 0) return null;
  const { signingKey } = Settings.shape;
  const stores = demanding.map(({ id }) => id).join(' and ');
  return await interview.ask({
    about: `Id of the signing key in the portal of ${protecting.id}: ${stores} takes signed files alone (none: the portal has a default key)`,
    question: 'signingKey',
    isOptional: true,
    flag: '--signing-key <id>',
    read: (answer) => checkedBy(signingKey, answer) ?? null,
  });
}

/** A pipeline through all that was chosen, where the person wants it. */
async function askForRelease(
  targets: readonly string[],
  protecting: BackendDefinition | undefined,
  environment: string | undefined,
  interview: Interview,
): Promise<Record<string, unknown> | null> {
  if (targets.length === 0) return null;
  const first = protecting === undefined ? '' : `protect with ${protecting.id}, then `;
  const name = await interview.ask({
    about: `A pipeline for apptool release: ${first}publish to ${targets.join(', ')}. Its name, or nothing for no pipeline`,
    question: 'name of the release',
    isOptional: true,
    flag: '--config <file>',
    read: (answer) => {
      if (/^[a-z][\w-]{0,40}$/i.test(answer)) return answer;
      throw new UsageError('a name is letters, digits, - and _');
    },
  });
  if (name === null) return null;
  if (protecting === undefined) return { [name]: { publish: targets } };
  return { [name]: { protect: { backend: protecting.id }, publish: targets.map((id) => targetFor(id, environment)) } };
}

/** What is not protected for production reaches a target that says so, and no other. */
function targetFor(backend: string, environment: string | undefined): unknown {
  const stage = environment === undefined ? undefined : stageWord.safeParse(environment).data;
  return stage === undefined || stage === 'production' ? backend : { backend, environments: [environment] };
}

function environmentQuestion() {
  const { environment } = Settings.shape;
  return {
    about: aboutOf(environment),
    question: 'environment',
    flag: '--environment <dev|staging|prod>',
    read: (answer: string) => checkedBy(environment, answer),
  };
}

/** Where editors find the schema once apptool is installed in the project, as the config's folder sees it. */
function schemaFrom(path: string): string {
  const way = relative(dirname(resolve(path)), join(resolve(), SCHEMA)).replaceAll(sep, '/');
  return way.startsWith('.') ? way : `./${way}`;
}

async function write(target: OutputTarget, text: string, ctx: RunContext): Promise<void> {
  const file = await createOutput(target, ctx);
  try {
    const writer = file.writerAt(0);
    await writer.write(Buffer.from(text));
    await writer.flush();
    await file.commit();
  } finally {
    await file.discard();
  }
}

/** What is left to do: credentials, which no config holds. */
function tellNext(
  chosen: readonly BackendDefinition[],
  path: string,
  { isFound, others }: ConfigPlace,
  config: Readonly<Record<string, unknown>>,
  ctx: RunContext,
): void {
  const note = (message: string) => ctx.emit({ type: 'note', message });
  if (others.length > 0) {
    const message = `only one config per folder is used, but ${others.join(', ')} is there too`;
    ctx.emit({ type: 'warning', code: 'several-configs', message });
  }
  note("next: set in your CI's secret store");
  for (const { id, credentials } of chosen) {
    const lines = credentials.map(({ variable, form }) => `${variable} (${form})`);
    note(`  ${id}: ${lines.join(credentials.some(({ isOptional }) => isOptional === true) ? ', or ' : ', and ')}`);
  }
  const flag = isFound ? '' : ` --config ${path}`;
  if (!isFound) note(`apptool does not find this config by itself: add${flag} to each command`);
  note(`then check them: apptool doctor${flag}`);
  note(`to rehearse without an account: apptool ${usualCommand(chosen, config)} --sandbox${flag}`);
}

/** What the config is made for. */
function usualCommand(chosen: readonly BackendDefinition[], { releases }: Readonly<Record<string, unknown>>): string {
  const [name] = Object.keys(releases ?? {});
  if (name !== undefined) return `release ${name} FILE`;
  return chosen.some(({ capabilities }) => capabilities.protects) ? 'protect FILE' : 'publish FILE';
}
