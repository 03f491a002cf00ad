/** Formats rows of cells as lines, each column as wide as its widest cell, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] as number))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Formats a value as the JSON that commands print. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
