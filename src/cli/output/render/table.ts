import { padded, shownText, widthOf } from './cells.ts';
import { type Row, renderRows, wrapped } from './rows.ts';

type Cells = readonly string[];

/** Columns under their names, as wide as their widest value. */
export function renderTable(columns: Cells, rows: readonly Cells[]): string {
  if (rows.length === 0) return 'none';
  const lines = [columns.map((column) => column.toUpperCase()), ...rows].map((row) =>
    row.map((value) => shownText(value.replace(/\s+/g, ' ').trim())),
  );
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((value, index) => padded(value, widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same for a terminal. Where it is too narrow, each row becomes a block: its first cell, and what else there is below, each by its name. */
export function fitTable(columns: Cells, rows: readonly Cells[], width: number): string {
  const table = renderTable(columns, rows);
  if (table.split('\n').every((line) => widthOf(line) <= width)) return table;
  return rows
    .flatMap(([first = '', ...others]) => [
      ...wrapped(first, width),
      ...renderRows(namedCells(columns.slice(1), others), width, 2),
    ])
    .join('\n');
}

function namedCells(names: Cells, cells: Cells): Row[] {
  return cells.flatMap((cell, index) =>
    cell === '' || cell === '-' ? [] : [{ name: names[index] ?? '', texts: [cell.replace(/\s+/g, ' ').trim()] }],
  );
}
