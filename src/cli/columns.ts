const ASCII = /^[ -~]*$/;
/** Characters that take no place of their own, and those that take two (Unicode, UAX #11). */
const NARROW = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE = new RegExp(
  `^[${[
    '\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f',
    '\\uff01-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}\\p{Emoji_Presentation}',
  ].join('')}]$`,
  'u',
);

function widthOf(character: string): number {
  if (NARROW.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The places that a text takes on a terminal. */
function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** The start of a text that fits on a line of a terminal, with an ellipsis if it is cut. */
export function clippedTo(width: number, text: string): string {
  if (displayWidth(text) <= width) return text;
  let start = '';
  let left = width - 1;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    start += character;
  }
  return `${start}…`;
}

/** Formats rows of cells as lines, each column as wide as its widest cell, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell + ' '.repeat((widths[i] as number) - displayWidth(cell)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Formats a value as the JSON that commands print. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
