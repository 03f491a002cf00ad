import { type LineReader, lineFormat } from './line-format.ts';

/**
 * CSV (RFC 4180, lines ended by LF): one column for every field that any of the machine types has,
 * empty where a machine does not have it or it has no value.
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
  // RFC 4180 §2: in quotes if it has a comma, a quote or the end of a line.
  text: (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),
  reader,
});

function reader(names: readonly string[]): LineReader {
  let columns: readonly number[] | undefined;
  let open = '';
  return (line) => {
    const text = open + line;
    // A quoted cell may have line ends of its own.
    open = isOpen(text) ? `${text}\n` : '';
    if (open !== '') return undefined;
    const cells = cellsOf(text);
    if (columns) return columns.map((at) => cells[at] ?? null);
    columns = names.map((name) => cells.indexOf(name));
    return undefined;
  };
}

function isOpen(text: string): boolean {
  return text.includes('"') && text.split('"').length % 2 === 0;
}

function cellsOf(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  const cells = `,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return Array.from(
    cells,
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? (plain as string),
  );
}
