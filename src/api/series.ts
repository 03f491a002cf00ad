import { setImmediate as turn } from 'node:timers/promises';
import { Batch, READING, REPEAT } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import type { FlatField } from '../encoding/reading.ts';
import { inTurns } from '../runtime/turns.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';
import { type Layer, layerOptions } from './layer.ts';
import type { Window } from './window.ts';

/** Readings that one request may read: half a second of CPU time. */
export const READINGS_MAX = 250_000;
/** Samples of a long window; seeking to each takes a millisecond. */
const PLACES_MAX = 600;
/** Readings computed before the event loop gets a turn: a millisecond or two. */
const BATCH_ROWS = 512;
/** Steps of this fraction do not resonate with a day or a week. */
const GOLDEN_SHARE = 0.618_033_988_749_895;

/** A window of one machine, aggregated into buckets; NaN for a bucket without values. */
export interface Series {
  /** Whether only parts of each bucket were read. */
  readonly isSampled: boolean;
  readonly readings: number;
  /** Where each bucket ends [ms since the epoch]. */
  readonly endsMs: readonly number[];
  readonly columns: readonly Buckets[];
}

/** Minimum, maximum and mean of one field in each bucket. */
export class Buckets {
  readonly name: string;
  readonly column: number;
  /** Position of its channel. */
  readonly channel: number;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly #sum: Float64Array;
  readonly #count: Uint32Array;

  constructor({ name, field }: FlatField, { channels }: MachineType, length: number) {
    this.name = name;
    this.column = field.column;
    this.channel = channels.findIndex(({ fields }) => fields.includes(field));
    this.min = new Float64Array(length).fill(Number.NaN);
    this.max = new Float64Array(length).fill(Number.NaN);
    this.#sum = new Float64Array(length);
    this.#count = new Uint32Array(length);
  }

  get mean(): Float64Array {
    return this.#sum.map((sum, i) => sum / (this.#count[i] as number));
  }

  add(bucket: number, value: number): void {
    if (!Number.isFinite(value)) return;
    // A comparison with NaN is false, so the first value always goes in.
    if (!((this.min[bucket] as number) <= value)) this.min[bucket] = value;
    if (!((this.max[bucket] as number) >= value)) this.max[bucket] = value;
    this.#sum[bucket] = (this.#sum[bucket] as number) + value;
    this.#count[bucket] = (this.#count[bucket] as number) + 1;
  }
}

/**
 * Aggregates the readings of a window into `length` buckets of equal width.
 *
 * A window with more than `readingsMax` readings is sampled, evenly over every bucket.
 *
 * @throws The reason of `signal`, if that stops the work early.
 */
export async function seriesOf(
  fleet: Fleet,
  machine: Machine,
  fields: readonly FlatField[],
  window: Window,
  length: number,
  signal: AbortSignal,
  readingsMax: number,
  as?: Layer,
): Promise<Series> {
  const { fromMs, toMs } = window;
  const widthMs = (toMs - fromMs) / length;
  const columns = fields.map((field) => new Buckets(field, machine.type, length));
  const reader = createReader(fleet, {
    machines: [machine],
    hasRegisters: fields.some(({ field }) => field.isTotal),
    ...layerOptions(as),
  });
  const room = new Batch(BATCH_ROWS);
  const isSampled = (toMs - fromMs) / machine.intervalMs > readingsMax;
  let readings = 0;
  for (const place of isSampled
    ? places(window, length, machine.intervalMs, readingsMax)
    : [window]) {
    await inTurns(reader.seeking(place.fromMs), signal);
    for (const batch of batches(reader, place.toMs, room)) {
      readings += addRows(batch, columns, fromMs, widthMs);
      await turn();
      signal.throwIfAborted();
    }
  }
  const endsMs = Array.from({ length }, (_, i) => Math.round(fromMs + (i + 1) * widthMs));
  return { isSampled, readings, endsMs, columns };
}

function addRows(
  batch: Batch,
  columns: readonly Buckets[],
  fromMs: number,
  widthMs: number,
): number {
  let readings = 0;
  for (let row = 0; row < batch.length; row++) {
    if (((batch.flags[row] as number) & (READING | REPEAT)) !== READING) continue;
    const bucket = Math.ceil(((batch.toldMs[row] as number) - fromMs) / widthMs) - 1;
    for (const column of columns)
      if (batch.carries(row, column.channel))
        column.add(bucket, batch.values[row * ROW_WIDTH + column.column] as number);
    readings++;
  }
  return readings;
}

/** Samples of a window, equally many per bucket, with `readingsMax` readings in total. */
function* places(
  { fromMs, toMs }: Window,
  length: number,
  intervalMs: number,
  readingsMax: number,
): Iterable<Window> {
  const count = length * Math.max(1, Math.floor(PLACES_MAX / length));
  const partMs = (toMs - fromMs) / count;
  const lengthMs = Math.max(1, Math.floor(readingsMax / count)) * intervalMs;
  for (let i = 0; i < count; i++) {
    const share = (i * GOLDEN_SHARE) % 1;
    const startMs = Math.floor(fromMs + i * partMs + share * Math.max(0, partMs - lengthMs));
    yield { fromMs: startMs, toMs: Math.min(startMs + lengthMs, fromMs + (i + 1) * partMs) };
  }
}
