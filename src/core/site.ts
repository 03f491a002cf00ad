/**
 * What machines of a factory draw from each other: compressed air [m³/min at 7 bar and 20 °C],
 * chilled water [kW of cooling], steam [kg/h].
 */
export type NetworkName = 'compressedAir' | 'chilledWater' | 'steam';

/** Conditions that all machines of a factory share at one instant. */
export interface Instant {
  /** Seconds since the epoch. */
  tS: number;
  /** Share of full production that the shift plan requires, 0 to 1, smoothed over ten minutes. */
  load: number;
  outdoorTempC: number;
  outdoorHumidityPercent: number;
  /** Outdoor dew point [°C]. */
  dewPointC: number;
  /** Share of the sky covered by clouds, 0 to 1. */
  cloudShare: number;
  /** 0 in the cold months, 1 in the warm ones. */
  summerShare: number;
  /** Hour of the mean solar day, 0 to 24. */
  solarHour: number;
  /** Air temperature in the production hall [°C]. */
  hallTempC: number;
}

/** A span of time with one shift, or none, and one level of production. */
export interface ShiftSpan {
  readonly fromS: number;
  readonly toS: number;
  /**
   * Position of the shift in the factory's plan, from 1; null on weekends, holidays and between
   * shifts.
   */
  readonly shift: number | null;
  /** Share of full production. */
  readonly loadShare: number;
}

/** A factory's weather, calendar and grid as functions of time: the only thing machines share. */
export interface Site {
  readonly nominalVoltageV: number;
  readonly nominalFrequencyHz: number;
  /** Conditions at an instant; the object is reused after fifteen more calls. */
  at(tS: number): Readonly<Instant>;
  /**
   * What the networks of the factory demand from the machine that this site was made for, in the
   * unit of the network ({@link NetworkName}); 0 for machines that supply none.
   */
  demand(tS: number): number;
  /** Frequency of the synchronous grid [Hz]. */
  frequencyHz(tS: number): number;
  /** Line-to-line voltage at the factory's bus [V]. */
  voltageV(tS: number): number;
  /** Hours of each part of the shift plan between two instants, by name. */
  shiftHours(fromS: number, toS: number): ReadonlyMap<string, number>;
  /** The civil day of an instant in the factory's zone, counted from 1970-01-01. */
  localDay(tS: number): number;
  /** The instant at which a civil day begins. */
  localDayStartS(day: number): number;
  /** The shift plan of a window, without gaps. */
  shifts(fromS: number, toS: number): readonly ShiftSpan[];
  /** The latest instant not after `tS` at which local clocks showed `secondOfDay`. */
  lastLocalTimeS(tS: number, secondOfDay: number): number;
}

/** A site that answers like another one, except where a subclass or an own property differs. */
export class DerivedSite implements Site {
  readonly nominalVoltageV: number;
  readonly nominalFrequencyHz: number;
  readonly #site: Site;

  constructor(site: Site) {
    this.nominalVoltageV = site.nominalVoltageV;
    this.nominalFrequencyHz = site.nominalFrequencyHz;
    this.#site = site;
  }

  at(tS: number): Readonly<Instant> {
    return this.#site.at(tS);
  }

  demand(tS: number): number {
    return this.#site.demand(tS);
  }

  frequencyHz(tS: number): number {
    return this.#site.frequencyHz(tS);
  }

  voltageV(tS: number): number {
    return this.#site.voltageV(tS);
  }

  shiftHours(fromS: number, toS: number): ReadonlyMap<string, number> {
    return this.#site.shiftHours(fromS, toS);
  }

  localDay(tS: number): number {
    return this.#site.localDay(tS);
  }

  localDayStartS(day: number): number {
    return this.#site.localDayStartS(day);
  }

  shifts(fromS: number, toS: number): readonly ShiftSpan[] {
    return this.#site.shifts(fromS, toS);
  }

  lastLocalTimeS(tS: number, secondOfDay: number): number {
    return this.#site.lastLocalTimeS(tS, secondOfDay);
  }
}
