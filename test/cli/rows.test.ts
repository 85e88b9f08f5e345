import { describe, expect, test } from 'vitest';
import { widthOf } from '../../src/cli/output/render/cells.ts';
import { renderRows, wrapped } from '../../src/cli/output/render/rows.ts';
import { fitTable, renderTable } from '../../src/cli/output/render/table.ts';

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

const WIDE = [
  '株式会社の素晴らしいアプリケーション',
  '🚀🚀 rocket 👩‍👩‍👧 family',
  'e\u0301te\u0301',
  '\u202egpj.exe',
  'name\twith\nbreaks',
];

describe('wide and odd characters', () => {
  test.each([20, 45, 80, 120])('rows fit %i columns, each character whole', (columns) => {
    const lines = renderRows(
      WIDE.map((name, index) => ({ name, texts: [WIDE[(index + 1) % WIDE.length] ?? '', '漢字'.repeat(60)] })),
      columns,
    );
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
    expect(lines.join('')).not.toMatch(/[\u200d\u202e\t\n]|\p{Surrogate}/u);
  });

  test('texts stand below each other', () => {
    const lines = renderRows(
      [
        { name: '漢字', texts: ['one'] },
        { name: 'abcd', texts: ['two'] },
      ],
      80,
    );
    expect(lines).toEqual(['漢字  one', 'abcd  two']);
    expect(
      renderTable(
        ['a', 'b'],
        [
          ['漢', 'x'],
          ['ab', 'y'],
        ],
      ),
    ).toBe('A   B\n漢  x\nab  y');
  });

  test('an address is never broken', () => {
    const address = `https://a.example/${'x'.repeat(100)}`;
    expect(wrapped(`see ${address} now`, 40)).toEqual(['see', address, 'now']);
  });
});

describe('a table', () => {
  const COLUMNS = ['build', 'state', 'tags', 'changelog'];
  const CELLS = [
    ['b1', 'processed', '-', '新しい機能 🎉 and many words more than fit'],
    ['a-very-long-id-of-a-build-'.repeat(3), 'failed', 'rc', ''],
  ];

  test('stays one where it fits', () => {
    expect(fitTable(COLUMNS, CELLS, 200)).toBe(renderTable(COLUMNS, CELLS));
  });

  test.each([20, 45, 80])('becomes blocks at %i columns, and leaves out what is not there', (columns) => {
    const lines = fitTable(COLUMNS, CELLS, columns).split('\n');
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
    expect(lines[0]).toBe('b1');
    expect(lines.filter((line) => line.includes('tags'))).toHaveLength(1);
  });

  test('of nothing says so', () => {
    expect(fitTable(COLUMNS, [], 10)).toBe('none');
  });
});
