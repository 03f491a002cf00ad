import type { Zone } from '../site/zone.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Up to this length a window is looked at minute by minute, not by the quarter of an hour. */
const SHORT_MS = 2 * DAY_MS;
/** Periods over which power is held against its drivers; the longest that gives so many. */
const PERIODS_MS = [DAY_MS, HOUR_MS, QUARTER_MS, MINUTE_MS];
const PERIODS_MIN = 14;

/** How finely a window is looked at. */
export class Grid {
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * Length of a slot, in which the power of all machines is added up: a quarter of an hour, as
   * network operators meter, or a minute in a short window; never shorter than an interval.
   */
  readonly slotMs: number;
  readonly slotCount: number;
  /** Length of a period, over which a machine's power is held against its drivers. */
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

  /** The slot in which an instant lies, as a number of slots from the first one's beginning. */
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

/** Hours of a week, from Monday's first on. */
export const WEEK_HOURS = 168;

/** A window as a factory's clocks show it: days begin at local midnight. */
export class LocalTime {
  readonly periodMs: number;
  /** Periods of the window, the first and the last of which may lie in it in part only. */
  readonly periodCount: number;
  readonly #fromMs: number;
  /** Of each quarter of an hour, as no zone changes its clocks within one. */
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
      // The first of January 1970 was a Thursday.
      this.#weekHours[i] = (Math.floor(localMs / HOUR_MS) + 3 * 24) % WEEK_HOURS;
      this.#days[i] = Math.floor(localMs / DAY_MS);
    }
    this.periodCount = isDaily
      ? (this.#days.at(-1) as number) - (this.#days[0] as number) + 1
      : Math.ceil((toMs - this.#fromMs) / periodMs);
  }

  /** The period in which an instant lies, the nearest one for an instant outside the window. */
  periodAt(timeMs: number): number {
    if (this.periodMs === DAY_MS)
      return (this.#days[this.#quarterAt(timeMs)] as number) - (this.#days[0] as number);
    const period = Math.floor((timeMs - this.#fromMs) / this.periodMs);
    return Math.max(0, Math.min(period, this.periodCount - 1));
  }

  /** The hour of the local week in which an instant lies, 0 for the first of a Monday. */
  weekHourAt(timeMs: number): number {
    return this.#weekHours[this.#quarterAt(timeMs)] as number;
  }

  #quarterAt(timeMs: number): number {
    const quarter = Math.floor((timeMs - this.#fromMs) / QUARTER_MS);
    return Math.max(0, Math.min(quarter, this.#days.length - 1));
  }
}
