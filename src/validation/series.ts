import type { FactoryDescription, Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';

/** The readings of one machine over a time, in columns: all that a check sees of it. */
export class Series {
  readonly factory: FactoryDescription;
  readonly machine: Machine;
  length = 0;
  #timesS: Float64Array;
  readonly #columns: Float64Array[];
  #loads: Float64Array | undefined;

  /** @param capacity - Readings at most. */
  constructor(factory: FactoryDescription, machine: Machine, capacity: number) {
    this.factory = factory;
    this.machine = machine;
    this.#timesS = new Float64Array(capacity);
    this.#columns = machine.type.fields.map(() => new Float64Array(capacity));
  }

  get intervalS(): number {
    return this.machine.intervalMs / 1000;
  }

  get timesS(): Float64Array {
    return this.#timesS.subarray(0, this.length);
  }

  /** Takes the row of a batch. */
  append(timeMs: number, values: Float64Array, row: number): void {
    const i = this.length++;
    this.#timesS[i] = timeMs / 1000;
    for (let column = 0; column < this.#columns.length; column++)
      (this.#columns[column] as Float64Array)[i] = values[row * ROW_WIDTH + column] as number;
  }

  /**
   * A published field by its name on the wire, with the channel's before it where two channels
   * have a field of that name: `power_kw`, `steam_pressure_bar`.
   *
   * @throws RangeError where the machine type does not publish it.
   */
  column(name: string): Float64Array {
    const { channels, type } = this.machine.type;
    for (const channel of channels)
      for (const field of channel.fields)
        if (field.name === name || `${channel.name}_${field.name}` === name)
          return this.columnAt(field.column);
    throw new RangeError(`${type} does not publish ${name}`);
  }

  /** A published field by its place in the row. */
  columnAt(column: number): Float64Array {
    return (this.#columns[column] as Float64Array).subarray(0, this.length);
  }

  /** What a field of kind text says in a reading. */
  text(name: string, i: number): string {
    const field = this.machine.type.fields.find((each) => each.name === name);
    return field?.text?.(this.column(name)[i] as number) ?? '';
  }

  /**
   * The load that the factory's shift plan asks for at each reading. No machine publishes it; it
   * is the factory's calendar, which an energy manager knows.
   */
  get loads(): Float64Array {
    const { site } = this.machine;
    this.#loads ??= this.timesS.map((tS) => site.at(tS).load);
    return this.#loads;
  }

  /** Whether the whole interval of a reading lies in full production. */
  isFull(i: number): boolean {
    return (this.loads[i] as number) >= FULL && (this.loads[i - 1] ?? 1) >= FULL;
  }
}

/** From this load on production is full. */
export const FULL = 0.999;

/** The values at those places for which something holds. */
export function pick(values: Float64Array, holds: (i: number) => boolean): Float64Array {
  return values.filter((_value, i) => holds(i));
}

/** The sum of the values at those places for which something holds. */
export function total(values: Float64Array, holds: (i: number) => boolean = () => true): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) if (holds(i)) sum += values[i] as number;
  return sum;
}
