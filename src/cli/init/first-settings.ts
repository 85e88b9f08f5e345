import type * as z from 'zod';
import type { BackendDefinition, FirstSetting } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import type { ResolvedSettings } from '../settings/resolve-settings.ts';
import { wordsOf } from '../settings/setting-words.ts';
import { isGiven, isSet } from '../settings/source.ts';
import type { Interview, Wanted } from './interview.ts';

type Section = Record<string, unknown>;

/** A backend's section of a first config: what `--set` gave, and the settings that it cannot do without. */
export async function sectionOf(
  backend: BackendDefinition,
  settings: ResolvedSettings,
  interview: Interview,
): Promise<Section> {
  const { values = {}, sources = {} } = settings.backends[backend.id] ?? {};
  const first = backend.firstSettings ?? [];
  const isWanted = (key: string) => first.some((setting) => setting.key === key);
  const given = Object.keys(values).filter((key) => isSet(sources[key]) || (isWanted(key) && isGiven(sources[key])));
  const section: Section = Object.fromEntries(given.map((key) => [key, values[key]]));
  for (const setting of first) {
    if (!isNeeded(setting, section)) continue;
    const answer = await interview.ask(questionOf(backend, setting));
    if (answer !== null) section[setting.key] = answer;
  }
  return section;
}

function isNeeded({ key, where, orIn }: FirstSetting, section: Section): boolean {
  if (section[key] !== undefined || (orIn !== undefined && section[orIn] !== undefined)) return false;
  return where === undefined || section[where.key] === where.is;
}

function questionOf({ id, settings }: BackendDefinition, { key, isOptional }: FirstSetting): Wanted<unknown> {
  const schema = settings.shape[key] as z.ZodType;
  return {
    about: aboutOf(schema),
    question: `${id}.${key}`,
    flag: `--set ${id}.${key}=<value>`,
    isOptional: isOptional === true,
    read: (answer) => checkedBy(schema, answer),
  };
}

/** What a setting is, and what it can be. */
export function aboutOf(schema: z.ZodType): string {
  const words = wordsOf(schema);
  return `${schema.description ?? ''}${words.length === 0 ? '' : ` (${words.join(', ')})`}`;
}

/** The value that an answer stands for. Throws `UsageError`. */
export function checkedBy<T>(schema: z.ZodType<T>, answer: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues[0]?.message ?? 'is not valid');
}
