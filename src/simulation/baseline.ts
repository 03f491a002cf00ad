import type { Epochs, Machine } from '../core/factory.ts';
import { ROW_WIDTH, type Values } from '../core/machine.ts';
import { Cursor } from './cursor.ts';
import type { Fleet } from './fleet.ts';
import { EVERY_ANOMALY } from './incidents.ts';
import { AFTER_S } from './running.ts';

/** What a machine used and produced over a period. */
export interface Account {
  /** Energy of all carriers, measured without error [kWh]. */
  readonly energyKwh: number;
  readonly production: number;
  readonly productionGood: number;
}

/** Parameters of a perfect instrument. */
const WITHOUT_NOISE: Readonly<Values<string>> = { meterNoiseShare: 0, sensorNoiseFactor: 0 };
/** Parameters in which the expected machine differs from the actual one. */
const WITHOUT_WEAR: Readonly<Values<string>> = { wearShare: 0 };

/** A machine with a perfect instrument, read at arbitrary instants. */
function observed(machine: Machine, changes: Readonly<Values<string>> = {}): Machine {
  const values = { ...machine.parameters, ...WITHOUT_NOISE, ...changes };
  const parameters = { ...Object.assign(values, machine.type.derived(values as never)) };
  const { metered, intervalMs, story } = machine;
  return {
    ...machine,
    parameters,
    ...(story?.epochs && {
      story: { ...story, epochs: observedEpochs(machine, story.epochs, changes) },
    }),
    // A meter's losses depend on its interval, so the meter and its machines keep that interval.
    intervalMs: metered ? intervalMs : 1000,
    ...(metered && {
      metered: metered.map((each) => ({ ...observed(each, changes), intervalMs })),
    }),
  };
}

/** What a machine is as time goes by, with a perfect instrument. */
function observedEpochs(
  machine: Machine,
  epochs: Epochs,
  changes: Readonly<Values<string>>,
): Epochs {
  let known: { readonly of: unknown; readonly machine: Machine } | undefined;
  return {
    at(tS) {
      const epoch = epochs.at(tS);
      if (known?.of !== epoch.machine) {
        const { story: _, ...own } = { ...machine, ...epoch.machine };
        known = { of: epoch.machine, machine: observed(own, changes) };
      }
      return { ...epoch, machine: known.machine };
    },
  };
}

/** The machine of the energy baseline: the same machine with nothing wrong with it. */
function expected(machine: Machine): Machine {
  return observed(machine, WITHOUT_WEAR);
}

const HOUR_S = 3600;

/**
 * Counts what a machine uses in a window, and what it should use: the same machine, seed, weather,
 * calendar, commands and planned maintenance, without anomalies and wear.
 *
 * Models are exact over any time span, so one reading per hour and one at each start or stop is
 * enough: a year takes a few seconds.
 */
export class BaselineCount {
  readonly #actual: Cursor;
  readonly #expected: Cursor;
  /** Starts, stops and changes of the machine, in order [s]. */
  readonly #breaks: readonly number[];
  readonly #stepS: number;
  readonly #toS: number;
  readonly #row = new Float64Array(ROW_WIDTH);
  readonly #sums = { actual: emptyAccount(), expected: emptyAccount() };
  #tS: number;

  /** @param fromS - The window starts after this and includes `toS`; whole seconds. */
  constructor({ journal }: Pick<Fleet, 'journal'>, machine: Machine, fromS: number, toS: number) {
    const { metered, intervalMs } = machine;
    this.#actual = new Cursor(observed(machine), journal);
    this.#expected = new Cursor(expected(machine), journal, EVERY_ANOMALY);
    this.#stepS = metered ? intervalMs / 1000 : HOUR_S;
    this.#breaks = metered ? [] : breaksOf(this.#actual, fromS, toS);
    this.#toS = toS;
    this.#tS = fromS;
    this.#actual.seek(fromS * 1000, this.#row);
    this.#expected.seek(fromS * 1000, this.#row);
  }

  /**
   * Advances by at most this many readings.
   *
   * @returns Whether the end of the window is reached.
   */
  advance(readingsMax: number): boolean {
    for (let reading = 0; reading < readingsMax && this.#tS < this.#toS; reading++) {
      this.#tS = this.#next();
      if (this.#tS > this.#toS) break;
      this.#add(this.#actual, this.#sums.actual);
      this.#add(this.#expected, this.#sums.expected);
    }
    return this.#tS >= this.#toS;
  }

  /** The counts so far. */
  get accounts(): { readonly actual: Account; readonly expected: Account } {
    return this.#sums;
  }

  #next(): number {
    const step = (Math.floor(this.#tS / this.#stepS) + 1) * this.#stepS;
    const stop = this.#breaks.find((timeS) => timeS > this.#tS) ?? Number.POSITIVE_INFINITY;
    // A meter has no readings between the instants of its grid.
    return this.#stepS === HOUR_S ? Math.min(step, stop, this.#toS) : step;
  }

  #add(cursor: Cursor, sums: Sums): void {
    const { type, metered } = cursor.machine;
    if (metered) {
      if (!cursor.follow(this.#tS)) return;
    } else if (!cursor.hasRunUntil(this.#tS)) {
      cursor.follow(this.#tS, this.#tS + AFTER_S);
      return;
    }
    cursor.read(this.#tS, this.#row, 0);
    sums.energyKwh += type.energyTakenKwh(this.#row, 0);
    for (const { key, column } of type.fields) {
      if (key === 'productionCount') sums.production += this.#row[column] as number;
      if (key === 'productionCountGood') sums.productionGood += this.#row[column] as number;
    }
    if (!metered) cursor.follow(this.#tS, this.#tS + AFTER_S);
  }
}

/** The instants at which a machine starts, stops, or becomes another one. */
function breaksOf({ machine, running }: Cursor, fromS: number, toS: number): readonly number[] {
  const switches = running.between(fromS, toS).map(({ timeS }) => timeS);
  const { epochs } = machine.story ?? {};
  if (!epochs) return switches;
  const changes: number[] = [];
  for (let tS = epochs.at(fromS).untilS; tS < toS; tS = epochs.at(tS).untilS) changes.push(tS);
  return [...switches, ...changes].sort((a, b) => a - b);
}

type Sums = { -readonly [K in keyof Account]: Account[K] };

function emptyAccount(): Sums {
  return { energyKwh: 0, production: 0, productionGood: 0 };
}
