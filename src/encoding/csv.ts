import { type LineReader, lineFormat } from './line-format.ts';

/**
 * CSV (RFC 4180, lines ended by LF): one column for every field of any of the machine types, empty
 * if a machine does not have it or it has no value.
 */
export const csv = lineFormat({
  name: 'csv',
  mediaType: 'text/csv',
  open: '',
  separator: ',',
  close: '',
  quote: '',
  key: undefined,
  none: '',
  // RFC 4180 §2: quoted if it contains a comma, a quote or a line break.
  text: (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),
  reader,
});

function reader(names: readonly string[]): LineReader {
  let columns: readonly number[] | undefined;
  /** The lines so far of a record whose last cell is incomplete. */
  let begun = '';
  return (line) => {
    let cells: readonly string[];
    if (begun === '' && !line.includes('"')) cells = line.split(',');
    else {
      const text = begun + line;
      begun = hasOpenQuote(text) ? `${text}\n` : '';
      if (begun !== '') return undefined;
      cells = quotedCells(text);
    }
    if (columns) return columns.map((at) => cells[at] ?? null);
    columns = names.map((name) => cells.indexOf(name));
    return undefined;
  };
}

function hasOpenQuote(text: string): boolean {
  return text.split('"').length % 2 === 0;
}

/** The cells of a record with quoted cells. */
function quotedCells(text: string): readonly string[] {
  const cells = `,${text}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return Array.from(
    cells,
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? (plain as string),
  );
}
