import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import { Memo, viewMemo } from '../runtime/memo.ts';
import {
  type Column,
  ColumnWriter,
  checkedWithin,
  constantWithin,
  HEAD_BYTES_MAX,
  ID_BYTES_MAX,
  type NullAndTextFormat,
} from './columns.ts';
import type { LineEncoder } from './lines.ts';
import { flatFields, flatNames } from './reading.ts';
import { TimeWriter } from './time.ts';
import { Utf8Constant } from './utf8-constant.ts';

/** How CSV spells what is not a number: nothing, and quotes where they are needed. */
const CSV_SPELLING: NullAndTextFormat = { none: '', text: csvText };

/**
 * Writes readings as CSV (RFC 4180, lines ended by LF): one column for every field that any of the
 * machine types has, empty where a machine does not have it or it has no value.
 */
export class CsvEncoder implements LineEncoder {
  readonly mediaType = 'text/csv';
  readonly #views = viewMemo();
  readonly #header: Utf8Constant;
  readonly #ids = new Memo(idColumn);
  readonly #columns: Memo<MachineType, ColumnWriter>;
  readonly #time = new TimeWriter();

  /** @param types - The machine types whose readings will be written, and no others. */
  constructor(types: Iterable<MachineType>) {
    const names = flatNames(types);
    const header = `${['time', 'machine_id', ...names].join(',')}\n`;
    this.#header = new Utf8Constant(header);
    checkedWithin('the header', this.#header.length);
    this.#columns = new Memo((type) => typeColumns(type, names));
  }

  header(bytes: Uint8Array, at: number): number {
    return this.#header.write(this.#views.of(bytes), at);
  }

  row(batch: Batch, row: number, bytes: Uint8Array, at: number): number {
    const view = this.#views.of(bytes);
    const machine = batch.machines[row] as Machine;
    at = this.#time.write(view, at, batch.timesMs[row] as number, machine.intervalMs);
    at = this.#ids.of(machine).write(view, at);
    return this.#columns.of(machine.type).write(view, at, batch, row);
  }
}

/** A text as RFC 4180 §2 wants it: in quotes if it has a comma, a quote or the end of a line. */
export function csvText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function idColumn({ id }: Machine): Utf8Constant {
  return constantWithin(`,${csvText(id)}`, ID_BYTES_MAX);
}

/** The columns of a type among all columns: a run of commas leads to each. */
function typeColumns(type: MachineType, names: readonly string[]): ColumnWriter {
  const fields = new Map(flatFields(type).map(({ name, field }) => [name, field]));
  const columns: Column[] = [];
  let commas = '';
  for (const name of names) {
    commas += ',';
    const field = fields.get(name);
    if (!field) continue;
    columns.push({ field, lead: commas, isRequired: false });
    commas = '';
  }
  if (columns.length !== fields.size)
    throw new RangeError(`${type.type} is not among the machine types of this CSV`);
  const writer = new ColumnWriter(columns, `${commas}\n`, CSV_SPELLING);
  checkedWithin(type.type, HEAD_BYTES_MAX + writer.bytesMax);
  return writer;
}
