import { describe, expect, test } from 'vitest';
import { renderRows, wrapped } from '../../src/cli/output/render/rows.ts';

const ROWS = [
  { name: 'a', texts: ['one two three four five six seven'] },
  { name: 'long name', texts: ['first', '  second'] },
];

describe('rows', () => {
  test('stand in two columns, as long as they are where nothing has to fit', () => {
    expect(renderRows(ROWS, null, 1)).toEqual([
      ' a          one two three four five six seven',
      ' long name  first',
      '              second',
    ]);
  });

  test.each([12, 20, 45, 80, 120])('fit %i columns', (columns) => {
    const lines = renderRows([...ROWS, { name: 'b', texts: ['x'.repeat(200)] }], columns);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(lines.join('').replace(/\s/g, '')).toBe(
      `aonetwothreefourfivesixsevenlongnamefirstsecondb${'x'.repeat(200)}`,
    );
  });

  test('texts stand below their names where there is no room beside them', () => {
    expect(renderRows(ROWS, 20)).toEqual([
      'a',
      '    one two three',
      '    four five six',
      '    seven',
      'long name',
      '    first',
      '      second',
    ]);
  });

  test('a text makes no row of its own', () => {
    expect(wrapped('a\r\nb', 80)).toEqual(['a b']);
    expect(wrapped('', 80)).toEqual(['']);
  });
});
