import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import { Memo, viewMemo } from '../runtime/memo.ts';
import { ColumnWriter, checkedWithin, HEAD_BYTES_MAX } from './columns.ts';
import { idText, JSON_SPELLING, keyText, TIME } from './json.ts';
import type { LineEncoder } from './lines.ts';
import { flatFields } from './reading.ts';
import { TimeWriter } from './time.ts';

/** Writes readings as JSON lines: the flat record of each, what `JSON.stringify` gives for it. */
export class NdjsonEncoder implements LineEncoder {
  readonly mediaType = 'application/x-ndjson';
  readonly #views = viewMemo();
  readonly #ids = new Memo(idText);
  readonly #columns = new Memo(typeColumns);
  readonly #time = new TimeWriter();

  header(_bytes: Uint8Array, at: number): number {
    return at;
  }

  row(batch: Batch, row: number, bytes: Uint8Array, at: number): number {
    const view = this.#views.of(bytes);
    const machine = batch.machines[row] as Machine;
    at = TIME.write(view, at);
    at = this.#time.write(view, at, batch.timesMs[row] as number, machine.intervalMs);
    at = this.#ids.of(machine).write(view, at);
    return this.#columns.of(machine.type).write(view, at, batch, row);
  }
}

function typeColumns(type: MachineType): ColumnWriter {
  const columns = flatFields(type).map(({ name, field }) => ({
    field,
    lead: keyText(name),
    isRequired: false,
  }));
  const writer = new ColumnWriter(columns, '}\n', JSON_SPELLING);
  checkedWithin(type.type, HEAD_BYTES_MAX + writer.bytesMax);
  return writer;
}
