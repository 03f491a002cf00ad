import type { FactoryDescription } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import { Random } from '../core/random.ts';
import type { Instant, ShiftSpan, Site } from '../core/site.ts';
import { Calendar } from './calendar.ts';
import { BusVoltage, Frequency, synchronousArea } from './grid.ts';
import { WEATHER_GRID_S, Weather, type WeatherKnot } from './weather.ts';
import { Zone } from './zone.ts';

const DAY_S = 86_400;
/** Cached instants, see {@link Site.at}; a power of two. */
const INSTANTS = 16;
/** Cached weather knots: a week; a power of two. */
const KNOTS = 1024;

/**
 * Combines a factory's weather, calendar and grid.
 *
 * The results depend only on (description, seed, journal, time). The latest ones are cached, so
 * that machines of a site that report at the same instant pay for it once.
 */
export class FactorySite implements Site {
  readonly nominalVoltageV: number;
  readonly nominalFrequencyHz: number;
  readonly zone: Zone;
  readonly calendar: Calendar;
  readonly #weather: Weather;
  readonly #frequency: Frequency;
  readonly #voltage: BusVoltage;
  readonly #instants: Instant[] = Array.from({ length: INSTANTS }, emptyInstant);
  readonly #knots: (WeatherKnot | undefined)[] = new Array(KNOTS).fill(undefined);
  readonly #knotIndexes = new Float64Array(KNOTS).fill(Number.NaN);
  #frequencyAtS = Number.NaN;
  #frequencyHz = 0;
  #voltageAtS = Number.NaN;
  #voltageV = 0;

  constructor(description: FactoryDescription, seed: number, journal: Journal) {
    const { id, timeZone, latitude, longitude, climate } = description;
    this.nominalVoltageV = description.nominalVoltageV;
    this.nominalFrequencyHz = description.nominalFrequencyHz;
    this.zone = new Zone(timeZone);
    this.calendar = new Calendar(description.calendar, this.zone, journal);
    const random = new Random(seed, `site/${id}`);
    this.#weather = new Weather(climate, latitude, longitude, random);
    this.#voltage = new BusVoltage(this.nominalVoltageV, random);
    const area = synchronousArea(timeZone, description.nominalFrequencyHz);
    this.#frequency = new Frequency(area, new Random(seed, `grid/${area.name}`));
  }

  /** A plain site supplies no network; suppliers have a {@link SupplierSite}. */
  demand(_tS: number): number {
    return 0;
  }

  at(tS: number): Readonly<Instant> {
    const instant = this.#instants[Math.floor(tS) & (INSTANTS - 1)] as Instant;
    if (instant.tS !== tS) this.#fill(instant, tS);
    return instant;
  }

  frequencyHz(tS: number): number {
    if (tS !== this.#frequencyAtS) {
      this.#frequencyHz = this.#frequency.hz(tS);
      this.#frequencyAtS = tS;
    }
    return this.#frequencyHz;
  }

  voltageV(tS: number): number {
    if (tS !== this.#voltageAtS) {
      this.#voltageV = this.#voltage.v(this.at(tS).load, tS);
      this.#voltageAtS = tS;
    }
    return this.#voltageV;
  }

  shiftHours(fromS: number, toS: number): ReadonlyMap<string, number> {
    return this.calendar.hours(fromS, toS);
  }

  localDay(tS: number): number {
    return Math.floor((tS + this.zone.offsetS(tS)) / DAY_S);
  }

  localDayStartS(day: number): number {
    return this.zone.instantS(day * DAY_S);
  }

  shifts(fromS: number, toS: number): readonly ShiftSpan[] {
    return this.calendar.spans(fromS, toS);
  }

  lastLocalTimeS(tS: number, secondOfDay: number): number {
    for (let day = this.localDay(tS); ; day--) {
      const instantS = this.zone.instantS(day * DAY_S + secondOfDay);
      if (instantS <= tS) return instantS;
    }
  }

  #fill(instant: Instant, tS: number): void {
    const position = tS / WEATHER_GRID_S;
    const index = Math.floor(position);
    const a = this.#knot(index);
    const b = this.#knot(index + 1);
    const u = position - index;
    instant.tS = tS;
    instant.load = this.calendar.load(tS);
    instant.outdoorTempC = a.outdoorTempC + (b.outdoorTempC - a.outdoorTempC) * u;
    instant.outdoorHumidityPercent =
      a.outdoorHumidityPercent + (b.outdoorHumidityPercent - a.outdoorHumidityPercent) * u;
    instant.dewPointC = a.dewPointC + (b.dewPointC - a.dewPointC) * u;
    instant.cloudShare = a.cloudShare + (b.cloudShare - a.cloudShare) * u;
    instant.summerShare = a.summerShare + (b.summerShare - a.summerShare) * u;
    instant.solarHour = this.#weather.solarHour(tS);
    const laggedTempC = a.laggedTempC + (b.laggedTempC - a.laggedTempC) * u;
    const hallTempC = 21 + 3 * instant.load + 0.15 * (laggedTempC - 15);
    instant.hallTempC = Math.min(HALL_MAX_C, Math.max(HALL_MIN_C, hallTempC));
  }

  #knot(index: number): WeatherKnot {
    const at = index & (KNOTS - 1);
    let knot = this.#knots[at];
    if (!knot || this.#knotIndexes[at] !== index) {
      knot = this.#weather.knot(index * WEATHER_GRID_S);
      this.#knots[at] = knot;
      this.#knotIndexes[at] = index;
    }
    return knot;
  }
}

/** A hall is heated in winter and ventilated in summer [°C]. */
const HALL_MIN_C = 14;
const HALL_MAX_C = 38;

function emptyInstant(): Instant {
  return {
    tS: Number.NaN,
    load: 0.5,
    outdoorTempC: 0.5,
    outdoorHumidityPercent: 0.5,
    dewPointC: 0.5,
    cloudShare: 0.5,
    summerShare: 0.5,
    solarHour: 0.5,
    hallTempC: 0.5,
  };
}
