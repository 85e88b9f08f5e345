/** Columns under their names, as wide as their widest value; a line break in a value would break the table, so it becomes a space. */
export function renderTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'none';
  const lines = [columns.map((column) => column.toUpperCase()), ...rows].map((row) =>
    row.map((value) => value.replace(/\s+/g, ' ').trim()),
  );
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((value, index) => value.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
