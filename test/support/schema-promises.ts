/** As much of JSON Schema as the published ones are made of. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/**
 * What a reader of such documents relies on, by path: the types, after ` = ` the values where those are told, and before them `always` for
 * a member that is always there. Of several kinds of object each has its own paths: `<upload.plan>.parts`.
 */
export type Promises = Readonly<Record<string, string>>;

export function promisesOf(schema: Schema): Promises {
  const found = new Map<string, Schema[]>();
  const always = new Set<string>();
  for (const place of placesIn(schema, '')) {
    found.set(place.path, [...(found.get(place.path) ?? []), place.schema]);
    if (place.isRequired) always.add(place.path);
  }
  return Object.fromEntries(
    [...found].map(([path, schemas]) => {
      const types = sorted(schemas.flatMap(({ type = 'any' }) => type));
      const values = sorted(schemas.flatMap(valuesOf));
      return [path, `${always.has(path) ? 'always ' : ''}${types}${values === '' ? '' : ` = ${values}`}`];
    }),
  );
}

interface Place {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

function* placesIn(schema: Schema, path: string, isRequired = false): Generator<Place> {
  const variants = schema.anyOf ?? schema.oneOf ?? [];
  const kinds = variants.filter(({ properties }) => properties !== undefined);
  for (const variant of variants) {
    const label = kinds.length > 1 && kinds.includes(variant) ? `<${labelOf(variant)}>` : '';
    yield* placesIn(variant, `${path}${label}`, isRequired);
  }
  if (variants.length === 0) yield { path, schema, isRequired };
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* placesIn(member, `${path}.${name}`, schema.required?.includes(name));
  if (schema.items !== undefined) yield* placesIn(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === 'object') yield* placesIn(schema.additionalProperties, `${path}.*`);
  for (const [name, definition] of Object.entries(schema.definitions ?? {})) yield* placesIn(definition, `#${name}`);
}

function valuesOf({ const: value, enum: values = value === undefined ? [] : [value] }: Schema): string[] {
  return values.map(String);
}

/** What tells this kind of object from its neighbours: the value of a member, else a member that it has to have. */
function labelOf({ properties = {}, required = [] }: Schema): string {
  const telling = Object.values(properties).map(valuesOf);
  return telling.find((values) => values.length > 0)?.join('|') ?? required[0] ?? '';
}

function sorted(words: Iterable<string>): string {
  return [...new Set(words)].sort().join(' ');
}

/** The promises that are not kept any more, in words. More members and more values are no breach; another type is one. */
export function broken(recorded: Promises, current: Promises): Promises {
  const entries = Object.entries(recorded).flatMap(([path, promise]): [string, string][] =>
    isKept(promise, current[path] ?? '') ? [] : [[path, `${promise}; now ${current[path] ?? 'gone'}`]],
  );
  return Object.fromEntries(entries);
}

function isKept(promise: string, now: string): boolean {
  const [before, after] = [promise, now].map((text) => {
    const [, always, types, values] = /^(always )?([^=]*?)(?: = (.*))?$/.exec(text) ?? [];
    return { isSure: always !== undefined, types, values: values?.split(' ') };
  }) as [Parsed, Parsed];
  const isNarrower = after.values !== undefined && !before.values?.every((value) => after.values?.includes(value));
  return before.types === after.types && (after.isSure || !before.isSure) && !isNarrower;
}

interface Parsed {
  readonly isSure: boolean;
  readonly types: string;
  readonly values: readonly string[] | undefined;
}
