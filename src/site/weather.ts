import type { ClimateDescription } from '../core/factory.ts';
import type { Random } from '../core/random.ts';

const HOUR_S = 3600;
const DAY_S = 86_400;

/** The weather at one grid instant; it is linear between two of them. */
export interface WeatherKnot {
  readonly outdoorTempC: number;
  readonly outdoorHumidityPercent: number;
  readonly dewPointC: number;
  readonly cloudShare: number;
  readonly summerShare: number;
  /** Outdoor temperature as a heavy building responds to it [°C]. */
  readonly laggedTempC: number;
}

/** Spacing of weather knots: the fastest noise has a knot every two hours. */
export const WEATHER_GRID_S = 600;

const FRONTS = { stream: 0, periodS: 36 * HOUR_S };
const GUSTS = { stream: 1, periodS: 2 * HOUR_S };
const CLOUDS = { stream: 2, periodS: 18 * HOUR_S };
const MOISTURE = { stream: 3, periodS: DAY_S };

/**
 * Outdoor weather as a function of time: a seasonal mean, a daily wave, and fronts of a few days.
 *
 * The daily wave is a two-harmonic fit to the hourly fractions of the daily range (ASHRAE Handbook
 * of Fundamentals, ch. 14; RP-1363). Fronts have the standard deviation (3.5 K) and the day-to-day
 * correlation (0.7) found for weather derivatives. Humidity follows from a slowly varying dew
 * point by the Magnus formula (WMO No. 8), so it falls as the day warms up.
 */
export class Weather {
  readonly #climate: ClimateDescription;
  readonly #isSouthern: boolean;
  readonly #longitude: number;
  readonly #random: Random;

  constructor(climate: ClimateDescription, latitude: number, longitude: number, random: Random) {
    this.#climate = climate;
    this.#isSouthern = latitude < 0;
    this.#longitude = longitude;
    this.#random = random;
  }

  /** Hour of the mean solar day, 0 to 24. */
  solarHour(tS: number): number {
    const hours = tS / HOUR_S + this.#longitude / 15;
    // Same result as `%` at a quarter of the cost: the difference is exact.
    const hour = hours - 24 * Math.floor(hours / 24);
    return hour < 0 ? hour + 24 : hour;
  }

  knot(tS: number): WeatherKnot {
    const season = this.#summerShare(tS);
    const cold = this.#climate.baseTempC + this.#climate.winterOffsetK;
    const swing = this.#climate.summerOffsetK - this.#climate.winterOffsetK;
    const front =
      3.5 * (1 - 0.25 * season) * this.#random.smooth(FRONTS.stream, FRONTS.periodS, tS);
    const dayMeanC = cold + swing * season + front;
    const cloud = this.#random.smooth(CLOUDS.stream, CLOUDS.periodS, tS);
    const cloudShare = Math.min(1, Math.max(0, 0.5 + 0.35 * cloud));
    const rangeK = 0.95 * (7 + 5 * season) * (1.25 - 0.5 * cloudShare);
    const hour = this.solarHour(tS);
    const gust = 0.5 * this.#random.smooth(GUSTS.stream, GUSTS.periodS, tS);
    const outdoorTempC = dayMeanC + rangeK * dailyWave(hour) + gust;
    const moisture = 1.5 * this.#random.smooth(MOISTURE.stream, MOISTURE.periodS, tS);
    const depressionK = Math.max(0.7, 5 + 4 * season - 5 * (cloudShare - 0.5) + moisture);
    const dewPointC = Math.min(outdoorTempC - 0.2, dayMeanC - depressionK);
    return {
      outdoorTempC,
      outdoorHumidityPercent: (100 * vapourPressure(dewPointC)) / vapourPressure(outdoorTempC),
      dewPointC,
      cloudShare,
      summerShare: season,
      laggedTempC: dayMeanC + 0.5 * rangeK * dailyWave(hour - 2),
    };
  }

  /**
   * 0 from December to February, 1 from June to August, a half cosine between; reversed in the
   * south.
   */
  #summerShare(tS: number): number {
    const date = new Date(tS * 1000);
    const year = date.getUTCFullYear();
    const month = (date.getUTCMonth() + (this.#isSouthern ? 6 : 0)) % 12;
    if (month === 11 || month < 2) return 0;
    if (month >= 5 && month < 8) return 1;
    const firstMonth = date.getUTCMonth() - ((month + 10) % 3);
    const fromMs = Date.UTC(year, firstMonth, 1);
    const toMs = Date.UTC(year, firstMonth + 3, 1);
    const u = (tS * 1000 - fromMs) / (toMs - fromMs);
    const rise = 0.5 - 0.5 * Math.cos(Math.PI * u);
    return month < 5 ? rise : 1 - rise;
  }
}

/**
 * Daily course of temperature, as a share of its range: highest at about 15 h, lowest at about 5
 * h.
 */
function dailyWave(solarHour: number): number {
  return (
    0.4885 * Math.cos((2 * Math.PI * (solarHour - 14.97)) / 24) +
    0.0882 * Math.cos((4 * Math.PI * (solarHour - 1.13)) / 24)
  );
}

/** Saturation vapour pressure over water, up to a factor that cancels (Magnus; WMO No. 8). */
export function vapourPressure(tempC: number): number {
  return Math.exp((17.62 * tempC) / (243.12 + tempC));
}
