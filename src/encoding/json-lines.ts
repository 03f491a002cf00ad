import { JSON_VALUES, jsonKey } from './json.ts';
import { type LineValue, lineFormat } from './line-format.ts';

/** JSON lines: the output of `JSON.stringify` for each record, with the fields of its machine. */
export const jsonLines = lineFormat({
  ...JSON_VALUES,
  name: 'jsonl',
  mediaType: 'application/x-ndjson',
  open: '{',
  separator: ',',
  close: '}',
  quote: '"',
  key: jsonKey,
  reader: (names) => (line) => {
    const record = JSON.parse(line) as Readonly<Record<string, LineValue>>;
    const values: LineValue[] = [];
    for (const name of names) values.push(record[name] ?? null);
    return values;
  },
});
