import type { Reading, Series } from './wire.ts';

/** One field over a window: minimum, maximum and mean of each bucket. */
export interface SeriesColumn {
  readonly min: (number | null)[];
  readonly max: (number | null)[];
  readonly mean: (number | null)[];
  /** Mean of each bucket without any anomaly; null after the last response. */
  readonly expected: (number | null)[];
}

/** A sliding window over a machine's readings: new buckets are appended, the oldest dropped. */
export class SeriesWindow {
  readonly timesS: number[];
  readonly columns: ReadonlyMap<string, SeriesColumn>;
  readonly #bucketS: number;
  /** Readings added to the last bucket since the response. */
  #count = 0;

  constructor({ time, bucket_seconds, fields, expected }: Series) {
    this.timesS = time.map((text) => Date.parse(text) / 1000);
    this.#bucketS = bucket_seconds;
    this.columns = new Map(
      Object.entries(fields).map(([name, { min, max, mean }]) => [
        name,
        {
          min: [...min],
          max: [...max],
          mean: [...mean],
          expected: [...(expected?.[name]?.mean ?? mean.map(() => null))],
        },
      ]),
    );
  }

  add(reading: Reading): void {
    const timeS = Date.parse(reading.time) / 1000;
    const lastS = this.timesS.at(-1) ?? timeS;
    const isNew = timeS > lastS;
    if (!isNew && this.#count === 0) return;
    if (isNew) {
      const steps = Math.ceil((timeS - lastS) / this.#bucketS);
      for (let i = 1; i <= steps; i++) this.#append(lastS + i * this.#bucketS);
      this.#count = 0;
    }
    this.#count++;
    const at = this.timesS.length - 1;
    for (const [name, { min, max, mean }] of this.columns) {
      const value = reading[name];
      if (typeof value !== 'number') continue;
      const before = mean[at] ?? value;
      min[at] = Math.min(min[at] ?? value, value);
      max[at] = Math.max(max[at] ?? value, value);
      mean[at] = before + (value - before) / this.#count;
    }
  }

  #append(timeS: number): void {
    this.timesS.shift();
    this.timesS.push(timeS);
    for (const { min, max, mean, expected } of this.columns.values())
      for (const values of [min, max, mean, expected]) {
        values.shift();
        values.push(null);
      }
  }
}
