/**
 * What machines of a factory take from each other: compressed air [m³/min at 7 bar and 20 °C],
 * chilled water [kW of cooling], steam [kg/h].
 */
export type NetworkName = 'compressedAir' | 'chilledWater' | 'steam';

/** What every machine of a factory shares at one instant. */
export interface Instant {
  /** Seconds since the epoch. */
  tS: number;
  /** Share of full production that the shift plan asks for, 0 to 1, smooth over ten minutes. */
  load: number;
  outdoorTempC: number;
  outdoorHumidityPercent: number;
  /** Outdoor dew point [°C]. */
  dewPointC: number;
  /** Sky covered by clouds, 0 to 1. */
  cloudShare: number;
  /** 0 in the cold months, 1 in the warm ones. */
  summerShare: number;
  /** Hour of the mean solar day, 0 to 24. */
  solarHour: number;
  /** Air in the production hall [°C]. */
  hallTempC: number;
}

/** A span of time in which one shift, or none, asks for one level of production. */
export interface ShiftSpan {
  readonly fromS: number;
  readonly toS: number;
  /** Its place in the factory's plan, from 1 on; null on weekends, holidays and between shifts. */
  readonly shift: number | null;
  /** Share of full production. */
  readonly loadShare: number;
}

/** A factory's weather, calendar and grid as functions of time; the only thing machines share. */
export interface Site {
  readonly nominalVoltageV: number;
  readonly nominalFrequencyHz: number;
  /** Conditions at an instant; valid until the next call but fifteen. */
  at(tS: number): Readonly<Instant>;
  /**
   * What the networks of the factory ask of the one machine that this site was made for, in the
   * unit of the network ({@link NetworkName}); 0 for machines that feed none.
   */
  demand(tS: number): number;
  /** Frequency of the synchronous grid [Hz]. */
  frequencyHz(tS: number): number;
  /** Line-to-line voltage at the factory's bus [V]. */
  voltageV(tS: number): number;
  /** Hours of each part of the shift plan between two instants, by its name. */
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
