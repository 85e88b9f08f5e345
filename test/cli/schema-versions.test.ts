import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../src/testing/files.ts';
import { broken, type Promises, promisesOf, type Schema } from '../support/schema-promises.ts';

const RECORD = join(ROOT, 'test', 'cli', 'schema-versions.json');
/** What was promised, by schema and by version. */
type Recorded = Readonly<Record<string, Readonly<Record<string, Promises>>>>;

const recorded = JSON.parse(readFileSync(RECORD, 'utf8')) as Recorded;
const VERSIONED = ['result.schema.json', 'events.schema.json', 'inspect.schema.json', 'receipt.schema.json'];

function published(name: string): { readonly version: string; readonly promises: Promises } {
  const promises = promisesOf(JSON.parse(readFileSync(join(ROOT, 'dist', name), 'utf8')) as Schema);
  const [, version = ''] = Object.entries(promises).find(([path]) => /\.(schema|receipt)Version$/.test(path)) ?? [];
  return { version: version.replace('always number = ', ''), promises };
}

describe('the published schemas', () => {
  test.each(VERSIONED)('%s keeps what its version promised', (name) => {
    const { version, promises } = published(name);

    expect(version).toMatch(/^\d+$/);
    // A new version begins without promises; they are recorded before it is released.
    expect(broken(recorded[name]?.[version] ?? {}, promises)).toEqual({});
  });

  test.runIf(process.env.APPTOOL_RECORD_SCHEMAS === '1')('record what they promise now', () => {
    const now = VERSIONED.map((name) => {
      const { version, promises } = published(name);
      const before = recorded[name] ?? {};
      // What is broken stays as it was promised.
      const kept = Object.keys(broken(before[version] ?? {}, promises)).map((path) => [path, before[version]?.[path]]);
      return [name, { ...before, [version]: { ...promises, ...Object.fromEntries(kept) } }];
    });
    writeFileSync(RECORD, `${JSON.stringify(Object.fromEntries(now), null, 2)}\n`);
  });
});

describe('a promise', () => {
  const schema = {
    type: 'object',
    properties: {
      phase: { type: 'string', enum: ['queued', 'failed'] },
      jobs: { type: 'array', items: { type: 'object', properties: { id: { type: ['string', 'null'] } } } },
    },
    required: ['phase'],
  } satisfies Schema;
  const { phase, jobs } = schema.properties;
  const changed = (properties: Record<string, Schema>, required = ['phase']): Schema => ({
    ...schema,
    properties,
    required,
  });
  const breaches = (now: Schema) => Object.keys(broken(promisesOf(schema), promisesOf(now)));

  test.each<readonly [string, Schema]>([
    ['nothing', schema],
    ['one more member', changed({ ...schema.properties, more: { type: 'string' } })],
    ['one more value', changed({ jobs, phase: { type: 'string', enum: ['queued', 'failed', 'lost'] } })],
    ['a member that is now always there', changed(schema.properties, ['phase', 'jobs'])],
  ])('is kept by %s', (_, now) => {
    expect(breaches(now)).toEqual([]);
  });

  test.each<readonly [string, Schema, string]>([
    ['a member that has gone', changed({ phase }), '.jobs'],
    ['a member that is not sure any more', changed(schema.properties, []), '.phase'],
    ['a value that has gone', changed({ jobs, phase: { type: 'string', enum: ['queued'] } }), '.phase'],
    ['another type', changed({ jobs, phase: { ...phase, type: ['string', 'null'] } }), '.phase'],
    ['items of another type', changed({ phase, jobs: { type: 'array', items: { type: 'string' } } }), '.jobs[]'],
  ])('is broken by %s', (_, now, path) => {
    expect(breaches(now)).toContain(path);
  });
});
