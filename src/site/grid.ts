import type { Random } from '../core/random.ts';

/** A synchronous area: all machines in it see the same frequency. */
export interface SynchronousArea {
  readonly name: string;
  readonly nominalHz: number;
  /** Size of the deviations relative to Continental Europe. */
  readonly deviation: number;
}

const SYNCHRONOUS_AREAS: readonly SynchronousArea[] = [
  { name: 'continental-europe', nominalHz: 50, deviation: 1 },
  { name: 'great-britain', nominalHz: 50, deviation: 3.2 },
  { name: 'nordic', nominalHz: 50, deviation: 2.2 },
  { name: 'north-america', nominalHz: 60, deviation: 0.9 },
];

/**
 * The synchronous area of a factory, from its zone and nominal frequency; Continental Europe by
 * default.
 */
export function synchronousArea(timeZone: string, nominalHz: number): SynchronousArea {
  const name =
    nominalHz === 60
      ? 'north-america'
      : /^Europe\/(London|Jersey|Guernsey|Isle_of_Man)$/.test(timeZone)
        ? 'great-britain'
        : /^Europe\/(Oslo|Stockholm|Helsinki|Mariehamn)$/.test(timeZone)
          ? 'nordic'
          : 'continental-europe';
  return SYNCHRONOUS_AREAS.find((area) => area.name === name) as SynchronousArea;
}

/** The frequency never leaves this band, times the area's deviation [Hz]. */
const BAND_HZ = 0.2;

/**
 * Frequency of a synchronous area as a function of time.
 *
 * Three octaves of smooth noise represent load fluctuations, and a swing at full hours the
 * electricity market: together 20 mHz of deviation in Continental Europe, autocorrelated over
 * about two minutes. Schäfer et al., Nature Energy 3 (2018) 119; Rydin Gorjão et al., IEEE Access
 * 8 (2020) 43082.
 */
export class Frequency {
  readonly #area: SynchronousArea;
  readonly #random: Random;

  constructor(area: SynchronousArea, random: Random) {
    this.#area = area;
    this.#random = random;
  }

  hz(tS: number): number {
    const noiseMhz =
      11 * this.#random.smooth(0, 40, tS) +
      14 * this.#random.smooth(1, 240, tS) +
      9 * this.#random.smooth(2, 1800, tS);
    const deviationHz = (noiseMhz + hourSwingMhz(tS)) / 1000;
    const bounded = Math.min(BAND_HZ, Math.max(-BAND_HZ, deviationHz));
    return this.#area.nominalHz + this.#area.deviation * bounded;
  }
}

/** Market blocks begin at full hours; generation follows within minutes. */
const DECAY_S = 420;
const APPROACH_S = 240;

function hourSwingMhz(tS: number): number {
  const hour = Math.floor(tS / 3600);
  const inHourS = tS - hour * 3600;
  // Same result as `%` at a quarter of the cost: the difference is exact.
  const hourOfDay = hour - 24 * Math.floor(hour / 24);
  const now = SWING_MHZ[hourOfDay] as number;
  const next = SWING_MHZ[hourOfDay < 23 ? hourOfDay + 1 : 0] as number;
  const left = now * Math.exp(-inHourS / DECAY_S);
  const approached = Math.max(0, (inHourS - 3600 + APPROACH_S) / APPROACH_S);
  return left * (1 - approached) + next * approached;
}

/** Swing at each full hour (UTC) [mHz]: up in the morning ramp, down in the late evening. */
const SWING_MHZ = [
  -6, -4, -2, 2, 4, 8, 12, 10, 8, 6, 3, 0, -2, -2, 0, 3, 5, 6, 2, -4, -8, -10, -12, -10,
];

/** A factory's offset from the nominal voltage lies within this share. */
const OFFSET_SHARE = 0.012;
const OFFSET_STREAM = 60;

/**
 * Line-to-line voltage at a factory's bus as a function of time and load: a fixed offset, the sag
 * under the factory's own load, and three octaves of noise. Deviation about 0.85 %, so always
 * within EN 50160's ±10 %.
 */
export class BusVoltage {
  readonly #nominalV: number;
  readonly #random: Random;
  readonly #offset: number;

  constructor(nominalV: number, random: Random) {
    this.#nominalV = nominalV;
    this.#random = random;
    this.#offset = OFFSET_SHARE * (2 * random.uniform(OFFSET_STREAM, 0) - 1);
  }

  v(load: number, tS: number): number {
    const noise =
      0.006 * this.#random.smooth(4, 7200, tS) +
      0.004 * this.#random.smooth(5, 300, tS) +
      0.002 * this.#random.smooth(6, 12, tS);
    return this.#nominalV * (1 + this.#offset - 0.01 * (load - 0.5) + noise);
  }
}
