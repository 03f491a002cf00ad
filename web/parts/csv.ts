import { h } from '../dom.ts';

/** Downloads records as a file of comma-separated values (RFC 4180). */
export function saveCsv(name: string, records: readonly object[]): void {
  const columns = Object.keys(records[0] ?? {});
  const lines = records.map((record) =>
    columns.map((column) => cell((record as Record<string, unknown>)[column])).join(','),
  );
  const text = [columns.join(','), ...lines, ''].join('\r\n');
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  h('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

function cell(value: unknown): string {
  const text = Array.isArray(value) ? value.join(' ') : String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
