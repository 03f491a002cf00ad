import { type Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import { READING_TABLES, type ReadingTable } from './reading-tables.ts';
import { type RecordWriter, tableRecords } from './table-record.ts';
import { Utf8Constant } from './texts.ts';

/**
 * Bytes that a row of a batch may take in one table. Two carriers of a boiler need 1,500; each
 * machine type is checked when its first row is written.
 */
export const RECORDS_BYTES_MAX = 8192;

/** Bytes that {@link CopyEncoder.begin} and {@link CopyEncoder.end} write. */
export const COPY_HEADER_BYTES = 19;
export const COPY_TRAILER_BYTES = 2;

const SIGNATURE = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00];
/** 2000-01-01, from which PostgreSQL counts [ms]. */
const EPOCH_MS = 946_684_800_000;
const WORD = 0x1_0000_0000;

/** One `COPY`: a table and the columns written, in order. */
export interface CopyTarget {
  readonly table: ReadingTable;
  readonly columns: readonly string[];
  /** Whether the last column is `metadata`, for fields without a column. */
  readonly hasMetadata: boolean;
}

/**
 * Every possible `COPY` into some tables: each without `metadata`, which then gets its default,
 * and with it. A batch needs three of them, or the fourth for the carriers of boilers.
 */
export function copyTargets(tables: readonly ReadingTable[]): readonly CopyTarget[] {
  return tables.flatMap((table) => {
    const isEnergy = table.key.includes('energy_type');
    const names = table.columns.map(({ name }) => name);
    const columns = ['time', 'machine_id', ...(isEnergy ? ['energy_type'] : []), ...names];
    const withMetadata = table.metadataType ? [...columns, 'metadata'] : columns;
    return [
      { table, columns, hasMetadata: false },
      { table, columns: withMetadata, hasMetadata: true },
    ];
  });
}

/** The targets for the simulator's own tables. */
export const COPY_TARGETS: readonly CopyTarget[] = copyTargets(READING_TABLES);

/**
 * Writes the readings of a batch in PostgreSQL's binary `COPY` format (PostgreSQL manual,
 * COPY, File Formats). One pass over the batch for each target.
 */
export class CopyEncoder {
  /** All targets, in the order in which a reading fills them. */
  readonly targets: readonly CopyTarget[];
  /** Fields of the rows so far that their tables cannot store, a sentence each. */
  readonly remarks = new Set<string>();
  readonly #types: Memo<MachineType, TypeRecords>;
  readonly #ids = new Memo(idWords);
  readonly #idTexts = new Memo(({ id }: Machine) => new Utf8Constant(id));
  #timeMs = Number.NaN;
  #timeHigh = 0;
  #timeLow = 0;

  /** @param targets - The targets for the existing tables; for our own, if not given. */
  constructor(targets: readonly CopyTarget[] = COPY_TARGETS) {
    this.targets = targets;
    this.#types = new Memo((type) => {
      const records = typeRecords(type, targets);
      for (const [{ table }, own] of records.records)
        for (const name of own.flatMap(({ unstored }) => unstored))
          this.remarks.add(`${table.name} has no column ${name}, which is left out`);
      return records;
    });
  }

  /** The targets that a batch has rows for. */
  targetsOf(batch: Batch): readonly CopyTarget[] {
    let mask = 0;
    for (let row = 0; row < batch.length; row++)
      if ((batch.flags[row] as number) & READING)
        mask |= this.#types.of((batch.machines[row] as Machine).type).mask;
    return this.targets.filter((_, i) => mask & (1 << i));
  }

  /** Writes the header before the first row: {@link COPY_HEADER_BYTES}. */
  begin(view: DataView, at: number): number {
    for (let i = 0; i < SIGNATURE.length; i++) view.setUint8(at + i, SIGNATURE[i] as number);
    view.setFloat64(at + SIGNATURE.length, 0);
    return at + COPY_HEADER_BYTES;
  }

  /**
   * Writes the records of row `row` of a batch in the target, mostly none: one record, or one per
   * carrier. It needs {@link RECORDS_BYTES_MAX} bytes.
   *
   * @param without - Channels to leave out, one bit each.
   * @returns The index after the last byte.
   * @throws RangeError for a value that does not fit its column; it names machine and field.
   */
  row(
    target: CopyTarget,
    batch: Batch,
    row: number,
    view: DataView,
    at: number,
    without = 0,
  ): number {
    if (((batch.flags[row] as number) & READING) === 0) return at;
    const machine = batch.machines[row] as Machine;
    const records = this.#types.of(machine.type).records.get(target) as readonly RecordWriter[];
    if (records.length === 0) return at;
    const timeMs = batch.toldMs[row] as number;
    if (timeMs !== this.#timeMs) this.#setTime(timeMs);
    const hasTextIds = target.table.idType === 'text';
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as RecordWriter;
      if (!batch.carries(row, record.channel) || without & (1 << record.channel)) continue;
      view.setInt16(at, target.columns.length);
      view.setInt32(at + 2, 8);
      view.setInt32(at + 6, this.#timeHigh);
      view.setInt32(at + 10, this.#timeLow);
      at += 14;
      at = hasTextIds ? this.#idText(view, at, machine) : this.#id(view, at, machine);
      at = record.write(view, at, batch, row);
    }
    return at;
  }

  /** Writes the trailer after the last row: {@link COPY_TRAILER_BYTES}. */
  end(view: DataView, at: number): number {
    view.setInt16(at, -1);
    return at + COPY_TRAILER_BYTES;
  }

  #id(view: DataView, at: number, machine: Machine): number {
    const id = this.#ids.of(machine);
    view.setInt32(at, 16);
    for (let word = 0; word < 4; word++) view.setInt32(at + 4 + 4 * word, id[word] as number);
    return at + 20;
  }

  #idText(view: DataView, at: number, machine: Machine): number {
    const id = this.#idTexts.of(machine);
    view.setInt32(at, id.length);
    return id.write(view, at + 4);
  }

  #setTime(timeMs: number): void {
    const micros = 1000 * (timeMs - EPOCH_MS);
    this.#timeHigh = Math.floor(micros / WORD);
    this.#timeLow = (micros - this.#timeHigh * WORD) | 0;
    this.#timeMs = timeMs;
  }
}

/** The records of a machine type, and one bit for each target that it has rows for. */
interface TypeRecords {
  readonly records: ReadonlyMap<CopyTarget, readonly RecordWriter[]>;
  readonly mask: number;
}

/** Bytes before a record's own columns: their number, the time, an id as text. */
const HEAD_BYTES_MAX = 14 + 4 + 36;

function typeRecords(type: MachineType, targets: readonly CopyTarget[]): TypeRecords {
  const tables = [...new Set(targets.map(({ table }) => table))];
  const all = tableRecords(type, tables);
  const records = new Map<CopyTarget, readonly RecordWriter[]>();
  let mask = 0;
  for (const [i, target] of targets.entries()) {
    const own = all.filter(
      ({ table, hasMetadata }) => table === target.table && hasMetadata === target.hasMetadata,
    );
    const bytes = own.reduce((sum, { bytesMax }) => sum + HEAD_BYTES_MAX + bytesMax, 0);
    if (bytes > RECORDS_BYTES_MAX)
      throw new RangeError(`${type.type}: a row of ${bytes} bytes, not ${RECORDS_BYTES_MAX}`);
    records.set(target, own);
    if (own.length > 0) mask |= 1 << i;
  }
  return { records, mask };
}

/** A UUID as four words. */
function idWords({ id, name }: Machine): Int32Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    throw new RangeError(`${name}: ${id} is not a UUID, the id of a machine in a database`);
  const digits = id.replaceAll('-', '');
  return Int32Array.from({ length: 4 }, (_, word) =>
    Number.parseInt(digits.slice(8 * word, 8 * word + 8), 16),
  );
}
