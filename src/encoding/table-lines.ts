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
import { csvText } from './csv.ts';
import { idText, JSON_SPELLING, keyText, TIME } from './json.ts';
import { LABEL_COLUMNS, LabelMemo } from './label.ts';
import type { LineEncoder } from './lines.ts';
import { ownFields, type TableLayout } from './table-layout.ts';
import { TimeWriter } from './time.ts';
import { Utf8Constant } from './utf8-constant.ts';

/** How a format of lines spells a row of a table. */
interface LineFormat {
  readonly mediaType: string;
  /** The names of the columns, nothing where every line says them. */
  header(names: readonly string[]): string;
  readonly beforeTime: Utf8Constant;
  /** A machine's id with what stands before it and after the time. */
  id(machine: Machine): Utf8Constant;
  /** The values of a type among the columns of the table, and what follows the last of them. */
  columns(type: MachineType, layout: TableLayout): { columns: Column[]; tail: string };
  readonly spelling: NullAndTextFormat;
  label(text: string): string;
  readonly end: string;
}

/** The longest label: as many fault types as a reading can have, each of thirty characters. */
const LABEL_BYTES_MAX = 1024;

/** What the lines of a machine have that those of others have not. */
interface MachineLines {
  readonly id: Utf8Constant;
  /** The values, and the end of the line where no label follows. */
  readonly columns: ColumnWriter;
}

/** Writes one table of readings line by line; rows of types without the channel have no line. */
class TableLines implements LineEncoder {
  readonly mediaType: string;
  readonly #views = viewMemo();
  readonly #header: Utf8Constant;
  readonly #beforeTime: Utf8Constant;
  readonly #time = new TimeWriter();
  readonly #machines: Memo<Machine, MachineLines | undefined>;
  readonly #labels: LabelMemo<Utf8Constant> | undefined;

  constructor(format: LineFormat, layout: TableLayout, hasLabels: boolean) {
    this.mediaType = format.mediaType;
    this.#header = new Utf8Constant(format.header(columnNames(layout, hasLabels)));
    checkedWithin('the header', this.#header.length);
    this.#beforeTime = format.beforeTime;
    const end = hasLabels ? '' : format.end;
    const columns = new Memo((type: MachineType) => typeColumns(format, type, layout, end));
    this.#machines = new Memo((machine) =>
      ownFields(machine.type, layout).size > 0
        ? { id: format.id(machine), columns: columns.of(machine.type) }
        : undefined,
    );
    this.#labels = hasLabels
      ? new LabelMemo((text) => constantWithin(format.label(text) + format.end, LABEL_BYTES_MAX))
      : undefined;
  }

  header(bytes: Uint8Array, at: number): number {
    return this.#header.write(this.#views.of(bytes), at);
  }

  row(batch: Batch, row: number, bytes: Uint8Array, at: number): number {
    const machine = batch.machines[row] as Machine;
    const lines = this.#machines.of(machine);
    if (!lines) return at;
    const view = this.#views.of(bytes);
    at = this.#beforeTime.write(view, at);
    at = this.#time.write(view, at, batch.timesMs[row] as number, machine.intervalMs);
    at = lines.id.write(view, at);
    at = lines.columns.write(view, at, batch, row);
    return this.#labels
      ? this.#labels.of(machine.type, batch.faults[row] as number).write(view, at)
      : at;
  }
}

/** An encoder of one table as CSV (RFC 4180, lines ended by LF). */
export function tableCsv(layout: TableLayout, hasLabels: boolean): LineEncoder {
  return new TableLines(CSV, layout, hasLabels);
}

/** An encoder of one table as JSON lines: each what the machine's message says. */
export function tableNdjson(layout: TableLayout, hasLabels: boolean): LineEncoder {
  return new TableLines(NDJSON, layout, hasLabels);
}

/** The columns of a table in their order. */
function columnNames({ fields }: TableLayout, hasLabels: boolean): readonly string[] {
  const names = fields.map(({ name }) => name);
  return ['time', 'machine_id', ...names, ...(hasLabels ? LABEL_COLUMNS : [])];
}

const CSV: LineFormat = {
  mediaType: 'text/csv',
  header: (names) => `${names.join(',')}\n`,
  beforeTime: new Utf8Constant(''),
  id: ({ id }) => constantWithin(`,${csvText(id)}`, ID_BYTES_MAX),
  columns: (type, layout) => {
    const own = ownFields(type, layout);
    const columns: Column[] = [];
    let commas = '';
    for (const { name } of layout.fields) {
      commas += ',';
      const field = own.get(name);
      if (!field) continue;
      columns.push({ field, lead: commas, isRequired: false });
      commas = '';
    }
    return { columns, tail: commas };
  },
  spelling: { none: '', text: csvText },
  label: (text) => `,${text === '' ? 0 : 1},${text}`,
  end: '\n',
};

const NDJSON: LineFormat = {
  mediaType: 'application/x-ndjson',
  header: () => '',
  beforeTime: TIME,
  id: idText,
  columns: (type, layout) => {
    const own = ownFields(type, layout);
    const columns = [...own.values()].map((field) => ({
      field,
      lead: keyText(field.name),
      isRequired: false,
    }));
    return { columns, tail: '' };
  },
  spelling: JSON_SPELLING,
  label: (text) =>
    `,"anomaly":${text === '' ? 0 : 1},"anomaly_type":${text === '' ? null : JSON.stringify(text)}`,
  end: '}\n',
};

function typeColumns(
  format: LineFormat,
  type: MachineType,
  layout: TableLayout,
  end: string,
): ColumnWriter {
  const { columns, tail } = format.columns(type, layout);
  const writer = new ColumnWriter(columns, tail + end, format.spelling);
  checkedWithin(type.type, HEAD_BYTES_MAX + writer.bytesMax + LABEL_BYTES_MAX);
  return writer;
}
