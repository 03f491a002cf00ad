import type { Batch } from './batch.ts';
import type { FactoryDescription, Machine } from './factory.ts';
import { ROW_WIDTH } from './machine.ts';
import { mean } from './statistics.ts';

/** Load from which production counts as full. */
export const FULL = 0.999;

/** Selects readings by index. */
export type Choice = (i: number) => boolean;

const EVERY: Choice = () => true;

/** The readings of one machine over a period, in columns. */
export class Readings {
  readonly factory: FactoryDescription;
  readonly machine: Machine;
  readonly intervalS: number;
  length = 0;
  readonly #timesS: Float64Array;
  readonly #faults: Uint32Array;
  readonly #columns: readonly Float64Array[];
  #loads: Float64Array | undefined;

  /** @param capacity - Most readings that fit. */
  constructor(factory: FactoryDescription, machine: Machine, capacity: number) {
    this.factory = factory;
    this.machine = machine;
    this.intervalS = machine.intervalMs / 1000;
    this.#timesS = new Float64Array(capacity);
    this.#faults = new Uint32Array(capacity);
    this.#columns = machine.type.fields.map(() => new Float64Array(capacity));
  }

  /** Adds a row of a batch. */
  append({ timesMs, faults, values }: Batch, row: number): void {
    const i = this.length++;
    this.#timesS[i] = (timesMs[row] as number) / 1000;
    this.#faults[i] = faults[row] as number;
    for (let column = 0; column < this.#columns.length; column++)
      (this.#columns[column] as Float64Array)[i] = values[row * ROW_WIDTH + column] as number;
  }

  get timesS(): Float64Array {
    return this.#timesS.subarray(0, this.length);
  }

  /** The labels: one bit per active fault. */
  get faults(): Uint32Array {
    return this.#faults.subarray(0, this.length);
  }

  /**
   * A published field by its wire name, prefixed with the channel if two channels have a field of
   * that name: `power_kw`, `steam_pressure_bar`.
   *
   * @throws RangeError if the machine type does not publish it.
   */
  column(name: string): Float64Array {
    const { channels, type } = this.machine.type;
    for (const channel of channels)
      for (const field of channel.fields)
        if (field.name === name || `${channel.name}_${field.name}` === name)
          return this.columnAt(field.column);
    throw new RangeError(`${type} does not publish ${name}`);
  }

  /** Whether the machine type publishes a field of that name. */
  has(name: string): boolean {
    return this.machine.type.fields.some((field) => field.name === name);
  }

  /** A published field by its index in the row. */
  columnAt(column: number): Float64Array {
    return (this.#columns[column] as Float64Array).subarray(0, this.length);
  }

  /** The text of a field of kind `text` in a reading. */
  text(name: string, i: number): string {
    const field = this.machine.type.fields.find((each) => each.name === name);
    return field?.text?.(this.column(name)[i] as number) ?? '';
  }

  /** The value of a field in each reading, by index. */
  at(name: string): (i: number) => number {
    const values = this.column(name);
    return (i) => values[i] as number;
  }

  /** The values of a field in selected readings. */
  pick(name: string, isChosen: Choice): Float64Array {
    return pick(this.column(name), isChosen);
  }

  /** The mean of a field over all readings or over selected ones. */
  mean(name: string, isChosen: Choice = EVERY): number {
    return mean(this.pick(name, isChosen));
  }

  /** The sum of a field over all readings or over selected ones. */
  total(name: string, isChosen: Choice = EVERY): number {
    return this.pick(name, isChosen).reduce((sum, each) => sum + each, 0);
  }

  /** The time that selected readings cover. */
  hours(isChosen: Choice): number {
    return (pick(this.timesS, isChosen).length * this.intervalS) / 3600;
  }

  /** A parameter of the machine. */
  parameter(key: string): number {
    return this.machine.parameters[key] as number;
  }

  /**
   * The load that the factory's shift plan requires at each reading. No machine publishes it; it
   * is the factory's calendar, which an energy manager knows.
   */
  get loads(): Float64Array {
    const { site } = this.machine;
    this.#loads ??= this.timesS.map((tS) => site.at(tS).load);
    return this.#loads;
  }

  /** Whether the whole interval of a reading lies in full production. */
  readonly isFull: Choice = (i) =>
    (this.loads[i] as number) >= FULL && (this.loads[i - 1] ?? 1) >= FULL;
}

/** The values at the indexes for which a condition holds. */
export function pick(values: Float64Array, holds: Choice): Float64Array {
  return values.filter((_value, i) => holds(i));
}
