import { expect } from 'vitest';
import { elements } from './ci-files.ts';
import { readJUnit } from './junit-form.ts';

/** Suite, case, and what became of it. */
export function casesIn(xml: string): (readonly [suite: string, name: string, outcome: string])[] {
  const root = readJUnit(xml);
  const suites = elements(root, 'testsuite');
  for (const one of [root, ...suites]) {
    const count = (name: string) => String(elements(one, name).length);
    expect(one.attributes).toMatchObject({
      tests: count('testcase'),
      failures: count('failure'),
      errors: count('error'),
    });
  }
  return suites.flatMap(({ attributes, children }) =>
    children
      .filter(({ name }) => name === 'testcase')
      .map((one): readonly [string, string, string] => {
        expect(one.attributes.time).toMatch(/^\d+\.\d{3}$/);
        const [inner] = one.children;
        const outcome = inner === undefined ? 'passed' : [inner.name, inner.attributes.type].join(' ').trim();
        return [attributes.name ?? '', one.attributes.name ?? '', outcome];
      }),
  );
}
