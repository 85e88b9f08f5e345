import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { PLACES } from '../../settings/config/config-file.ts';
import { wordsOf } from '../../settings/setting-words.ts';
import { Settings } from '../../settings/settings.ts';
import type { CommandSpec } from '../command.ts';
import { FLAGS, type Flag, OFFERED_FOR_OPERANDS, type Offered } from '../flags.ts';
import { WORDS_FOR_FLAGS } from '../program.ts';
import type { SettingTexts } from '../setting-text.ts';

/** A word to choose, and what it is. */
export interface Word {
  readonly word: string;
  readonly about: string;
}

/** What there is to choose from: words, of which `list` takes several with commas between and `open` goes on after it; or files. */
export type Offer =
  | { readonly type: 'words' | 'list' | 'open'; readonly words: readonly Word[] }
  /** Files whose names match one of the patterns, and folders; every file where there is no pattern. */
  | { readonly type: 'files'; readonly patterns: readonly string[] }
  | { readonly type: 'nothing' };

export interface OfferedFlag {
  readonly name: string;
  readonly short: string | null;
  readonly about: string;
  readonly isList: boolean;
  /** `null` for a flag without a value. */
  readonly value: Offer | null;
}

export interface OfferedCommand {
  /** Its words; none for `apptool` itself. */
  readonly path: string;
  readonly about: string;
  /** The commands below it; then it has no operands. */
  readonly commands: readonly Word[];
  readonly flags: readonly string[];
  readonly operands: readonly { readonly name: string; readonly offer: Offer }[];
}

/** All that a shell can complete. */
export interface Offers {
  readonly commands: readonly OfferedCommand[];
  readonly flags: readonly OfferedFlag[];
}

export interface OfferSources {
  readonly ownCommands: readonly CommandSpec[];
  readonly backendCommands: readonly CommandSpec[];
  readonly backends: readonly BackendDefinition[];
  readonly texts: SettingTexts;
  /** Names of the releases of a config that was named: a script that runs nothing cannot look for them later. */
  readonly releases: readonly string[];
}

export function offersOf({ ownCommands, backendCommands, backends, texts, releases }: OfferSources): Offers {
  const offerOf = createOffers(backends);
  const named = bareWords(releases);
  const own = ownCommands.map((spec) =>
    leaf(spec, (name) => {
      if (name !== 'name') return offerOf(OFFERED_FOR_OPERANDS[name]);
      // With one release in the config its name may be left out, and the file comes first.
      return named.type === 'nothing' ? offerOf('apps') : named;
    }),
  );
  const others = backendCommands.map((spec) => leaf(spec, (name) => (name === 'file' ? ANY_FILE : NOTHING)));
  const flags = FLAGS.map((flag) => ({
    name: flag.name,
    short: flag.short ?? null,
    about: flag.help ?? (flag.key === null ? '' : (texts[flag.key]?.description ?? '')),
    isList: flag.isList === true,
    value: flag.type === 'switch' ? null : offerFor(flag, offerOf),
  }));
  const commands = withGroups([...own, ...others]);
  return { commands: withWords(commands), flags };
}

/** With `help` and `version`, of which the first goes before any other command. */
function withWords(commands: readonly OfferedCommand[]): readonly OfferedCommand[] {
  const all = commands.find(({ path }) => path === '')?.commands ?? [];
  const words = Object.entries(WORDS_FOR_FLAGS).map(([word, about]) => ({ word, about }));
  const asked = { name: 'command', offer: { type: 'words', words: all } } as const;
  return [
    ...commands.map((one) => (one.path === '' ? { ...one, commands: [...one.commands, ...words] } : one)),
    ...words.map(({ word, about }) => ({
      path: word,
      about,
      commands: [],
      flags: GLOBAL_FLAGS,
      operands: word === 'help' ? [asked] : [],
    })),
  ];
}

const NOTHING: Offer = { type: 'nothing' };
const ANY_FILE: Offer = { type: 'files', patterns: [] };

function leaf({ name, summary, flags, operands }: CommandSpec, offerOf: (operand: string) => Offer): OfferedCommand {
  const offered = operands.map((operand) => ({ name: operand, offer: offerOf(operand) }));
  return { path: name, about: summary, commands: [], flags: [...flags, ...GLOBAL_FLAGS], operands: offered };
}

const GLOBAL_FLAGS = FLAGS.filter(({ isGlobal }) => isGlobal === true).map(({ name }) => name);

/** The commands with those above them: `apptool` itself, `config`, `apptego-management keys`. */
function withGroups(leaves: readonly OfferedCommand[]): readonly OfferedCommand[] {
  const paths = leaves.flatMap(({ path }) => path.split(' ').map((_, index, words) => words.slice(0, index).join(' ')));
  const groups = [...new Set(paths)].map((path) => {
    const below = leaves.filter((one) => path === '' || one.path.startsWith(`${path} `));
    const depth = path === '' ? 0 : path.split(' ').length;
    const words = [...new Set(below.map((one) => one.path.split(' ')[depth] ?? ''))];
    const commands = words.map((word) => ({ word, about: aboutWord([path, word].join(' ').trim(), leaves) }));
    return { path, about: '', commands, flags: GLOBAL_FLAGS, operands: [] };
  });
  return [...groups, ...leaves];
}

function aboutWord(path: string, leaves: readonly OfferedCommand[]): string {
  const below = leaves.filter((one) => one.path.startsWith(`${path} `)).map((one) => one.path.slice(path.length + 1));
  return leaves.find((one) => one.path === path)?.about ?? below.join(', ');
}

function offerFor({ key, value = '', offers }: Flag, offerOf: (offered: Offered | undefined) => Offer): Offer {
  if (offers !== undefined) return offerOf(offers);
  if (value.startsWith('<file')) return ANY_FILE;
  return key === null ? NOTHING : bareWords(wordsOf(Settings.shape[key]));
}

function bareWords(words: readonly string[]): Offer {
  return words.length === 0 ? NOTHING : { type: 'words', words: words.map((word) => ({ word, about: '' })) };
}

function createOffers(backends: readonly BackendDefinition[]): (offered: Offered | undefined) => Offer {
  const asWords = (some: readonly BackendDefinition[]) => some.map(({ id, title }) => ({ word: id, about: title }));
  const milestones = backends.flatMap(({ capabilities }) => capabilities.milestones.map(({ name }) => name));
  const kinds = backends.flatMap(({ capabilities: { files, otherFiles = [] } }) => [...files, ...otherFiles]);
  const offers: Readonly<Record<Exclude<Offered, readonly string[]>, Offer>> = {
    backends: { type: 'list', words: asWords(backends) },
    'protecting-backends': {
      type: 'words',
      words: asWords(backends.filter(({ capabilities }) => capabilities.protects)),
    },
    milestones: {
      type: 'words',
      words: [...new Set(milestones)].map((word) => ({ word, about: whose(word, backends) })),
    },
    'backend-settings': {
      type: 'open',
      words: backends.flatMap(({ id, settings }) =>
        Object.entries(settings.shape).map(([key, schema]) => ({
          word: `${id}.${key}=`,
          about: (schema as { description?: string }).description ?? '',
        })),
      ),
    },
    apps: { type: 'files', patterns: [...new Set(kinds)].map((kind) => `*.${kind}`) },
    configs: { type: 'files', patterns: [...new Set(['*.json', '*.yaml', '*.yml', ...PLACES])] },
    receipts: { type: 'files', patterns: ['*.json'] },
  };
  return (offered) => {
    if (offered === undefined) return NOTHING;
    return typeof offered === 'string' ? offers[offered] : bareWords(offered);
  };
}

function whose(milestone: string, backends: readonly BackendDefinition[]): string {
  return backends
    .filter(({ capabilities }) => capabilities.milestones.some(({ name }) => name === milestone))
    .map(({ id }) => id)
    .join(', ');
}
