import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH, type Values } from '../core/machine.ts';
import { Cursor } from './cursor.ts';
import type { Fleet } from './fleet.ts';
import { EVERY_ANOMALY } from './incidents.ts';

/** What a machine took and made in a time. */
export interface Account {
  /** Of all carriers, as an instrument without error shows it [kWh]. */
  readonly energyKwh: number;
  readonly production: number;
  readonly productionGood: number;
}

/** Parameters of a perfect instrument. */
const WITHOUT_NOISE: Readonly<Values<string>> = { meterNoiseShare: 0, sensorNoiseFactor: 0 };
/** Parameters in which a machine as it should be differs from the machine as it is. */
const AS_IT_SHOULD_BE: Readonly<Values<string>> = { wearShare: 0 };

/** A machine with a perfect instrument, read at whatever instants are asked for. */
function observed(machine: Machine, changes: Readonly<Values<string>> = {}): Machine {
  const values = { ...machine.parameters, ...WITHOUT_NOISE, ...changes };
  const parameters = { ...Object.assign(values, machine.type.derived(values as never)) };
  const { metered, intervalMs } = machine;
  return {
    ...machine,
    parameters,
    // A meter's losses are those of its own interval, so it and what it meters keep to that.
    intervalMs: metered ? intervalMs : 1000,
    ...(metered && {
      metered: metered.map((each) => ({ ...observed(each, changes), intervalMs })),
    }),
  };
}

/** What energy management calls the baseline: the same machine with nothing wrong with it. */
function expected(machine: Machine): Machine {
  return observed(machine, AS_IT_SHOULD_BE);
}

const HOUR_S = 3600;

/**
 * Counts what a machine takes in a window, and what it would take as it should be: the same
 * machine, seed, weather, calendar, commands and planned maintenance, without anomaly and wear.
 *
 * Models are exact over any time, so it is enough to look once an hour and whenever the machine
 * is started or stopped: a year takes some seconds.
 */
export class BaselineCount {
  readonly #actual: Cursor;
  readonly #expected: Cursor;
  readonly #stops: readonly number[];
  readonly #stepS: number;
  readonly #toS: number;
  readonly #row = new Float64Array(ROW_WIDTH);
  readonly #sums = { actual: emptyAccount(), expected: emptyAccount() };
  #tS: number;

  /** @param fromS - Later than this, up to and including `toS`; whole seconds. */
  constructor({ journal }: Pick<Fleet, 'journal'>, machine: Machine, fromS: number, toS: number) {
    const { metered, intervalMs } = machine;
    this.#actual = new Cursor(observed(machine), journal);
    this.#expected = new Cursor(expected(machine), journal, EVERY_ANOMALY);
    this.#stepS = metered ? intervalMs / 1000 : HOUR_S;
    this.#stops = metered ? [] : journal.runningChanges(machine.id).map(({ timeS }) => timeS);
    this.#toS = toS;
    this.#tS = fromS;
    this.#actual.seek(fromS * 1000, this.#row);
    this.#expected.seek(fromS * 1000, this.#row);
  }

  /**
   * Goes on by so many looks.
   *
   * @returns Whether the end of the window is reached.
   */
  advance(looksMax: number): boolean {
    for (let look = 0; look < looksMax && this.#tS < this.#toS; look++) {
      this.#tS = this.#next();
      if (this.#tS > this.#toS) break;
      this.#look(this.#actual, this.#sums.actual);
      this.#look(this.#expected, this.#sums.expected);
    }
    return this.#tS >= this.#toS;
  }

  /** What was counted so far. */
  get accounts(): { readonly actual: Account; readonly expected: Account } {
    return this.#sums;
  }

  #next(): number {
    const step = (Math.floor(this.#tS / this.#stepS) + 1) * this.#stepS;
    const stop = this.#stops.find((timeS) => timeS > this.#tS) ?? Number.POSITIVE_INFINITY;
    // A meter has no reading between the instants of its grid.
    return this.#stepS === HOUR_S ? Math.min(step, stop, this.#toS) : step;
  }

  #look(cursor: Cursor, sums: Sums): void {
    const { type, metered } = cursor.machine;
    if (metered) {
      if (!cursor.follow(this.#tS)) return;
    } else if (!cursor.hasRunUntil(this.#tS)) {
      cursor.follow(this.#tS);
      return;
    }
    cursor.read(this.#tS, this.#row, 0);
    sums.energyKwh += type.energyTakenKwh(this.#row, 0);
    for (const { key, column } of type.fields) {
      if (key === 'productionCount') sums.production += this.#row[column] as number;
      if (key === 'productionCountGood') sums.productionGood += this.#row[column] as number;
    }
    if (!metered) cursor.follow(this.#tS);
  }
}

type Sums = { -readonly [K in keyof Account]: Account[K] };

function emptyAccount(): Sums {
  return { energyKwh: 0, production: 0, productionGood: 0 };
}
