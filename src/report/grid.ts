import type { Zone } from '../site/zone.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Windows up to this length have slots of a minute, longer ones of a quarter of an hour. */
const SHORT_MS = 2 * DAY_MS;
/**
 * Lengths of periods for the regression of power on its drivers: the longest that gives at least
 * this many periods.
 */
const PERIODS_MS = [DAY_MS, HOUR_MS, QUARTER_MS, MINUTE_MS];
const PERIODS_MIN = 14;

/** The time resolution of a window. */
export class Grid {
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * Length of a slot, over which the power of all machines is added up: a quarter of an hour, the
   * metering period of network operators, or a minute in a short window; never shorter than an
   * interval.
   */
  readonly slotMs: number;
  readonly slotCount: number;
  /** Length of a period, over which a machine's power is related to its drivers. */
  readonly periodMs: number;
  readonly #slotsFromMs: number;

  constructor(fromMs: number, toMs: number, intervalMaxMs: number) {
    this.fromMs = fromMs;
    this.toMs = toMs;
    const lengthMs = toMs - fromMs;
    const slotMs = lengthMs <= SHORT_MS ? MINUTE_MS : QUARTER_MS;
    this.slotMs = slotMs * Math.ceil(intervalMaxMs / slotMs);
    this.#slotsFromMs = this.slotMs * Math.floor(fromMs / this.slotMs);
    this.slotCount = Math.ceil((toMs - this.#slotsFromMs) / this.slotMs);
    this.periodMs = PERIODS_MS.find((each) => lengthMs / each >= PERIODS_MIN) ?? MINUTE_MS;
  }

  /** The position of an instant, as a number of slots since the start of the first one. */
  slotAt(timeMs: number): number {
    return Math.max(0, Math.min(this.slotCount, (timeMs - this.#slotsFromMs) / this.slotMs));
  }

  /** The part of a slot that lies in the window. */
  slotSpan(slot: number): { readonly fromMs: number; readonly toMs: number } {
    const startMs = this.#slotsFromMs + slot * this.slotMs;
    return {
      fromMs: Math.max(this.fromMs, startMs),
      toMs: Math.min(this.toMs, startMs + this.slotMs),
    };
  }
}

/** A name for the length of a slot or a period. */
export function spanName(lengthMs: number): string {
  if (lengthMs === DAY_MS) return 'a day';
  if (lengthMs === HOUR_MS) return 'an hour';
  return lengthMs === MINUTE_MS ? 'a minute' : `${lengthMs / MINUTE_MS} minutes`;
}

/** Hours in a week, from the first hour of Monday. */
export const WEEK_HOURS = 168;

/** A window in the local time of a factory: days begin at local midnight. */
export class LocalTime {
  readonly periodMs: number;
  /** Periods of the window; the first and the last may lie only partly in it. */
  readonly periodCount: number;
  readonly #fromMs: number;
  /** Hour of the week of each quarter of an hour; no zone changes its clocks within one. */
  readonly #weekHours: Uint8Array;
  readonly #days: Int32Array;

  constructor({ fromMs, toMs, periodMs }: Grid, zone: Zone) {
    this.periodMs = periodMs;
    const isDaily = periodMs === DAY_MS;
    const unitMs = isDaily ? QUARTER_MS : Math.max(periodMs, QUARTER_MS);
    this.periodMs = periodMs;
    this.#fromMs = unitMs * Math.floor(fromMs / unitMs);
    const quarters = Math.ceil((toMs - this.#fromMs) / QUARTER_MS);
    this.#weekHours = new Uint8Array(quarters);
    this.#days = new Int32Array(quarters);
    for (let i = 0; i < quarters; i++) {
      const tS = (this.#fromMs + i * QUARTER_MS) / SECOND_MS;
      const localMs = SECOND_MS * (tS + zone.offsetS(tS));
      // 1 January 1970 was a Thursday.
      this.#weekHours[i] = (Math.floor(localMs / HOUR_MS) + 3 * 24) % WEEK_HOURS;
      this.#days[i] = Math.floor(localMs / DAY_MS);
    }
    this.periodCount = isDaily
      ? (this.#days.at(-1) as number) - (this.#days[0] as number) + 1
      : Math.ceil((toMs - this.#fromMs) / periodMs);
  }

  /** The period that contains an instant; the nearest one for an instant outside the window. */
  periodAt(timeMs: number): number {
    if (this.periodMs === DAY_MS)
      return (this.#days[this.#quarterAt(timeMs)] as number) - (this.#days[0] as number);
    const period = Math.floor((timeMs - this.#fromMs) / this.periodMs);
    return Math.max(0, Math.min(period, this.periodCount - 1));
  }

  /** The hour of the local week that contains an instant; 0 is the first hour of Monday. */
  weekHourAt(timeMs: number): number {
    return this.#weekHours[this.#quarterAt(timeMs)] as number;
  }

  #quarterAt(timeMs: number): number {
    const quarter = Math.floor((timeMs - this.#fromMs) / QUARTER_MS);
    return Math.max(0, Math.min(quarter, this.#days.length - 1));
  }
}
