import { synchronousArea } from '../../site/grid.ts';
import { type Check, Inapplicable } from '../check.ts';
import type { Laboratory, Specimen } from '../laboratory.ts';
import type { Series } from '../series.ts';
import { deviation, mean } from '../statistics.ts';

const MINUTES_10_S = 600;
const FREQUENCY_MEAN_S = 10;

/** Frequency and voltage, as machines publish them. */
export const grid: readonly Check[] = [
  {
    id: 'grid.freq_sigma',
    on: 'fastest',
    inReadings: (series) => ofContinent(series, () => [deviation(series.column('frequency_hz'))]),
  },
  {
    id: 'grid.freq_50mHz',
    on: 'fastest',
    inReadings: (series) => ofContinent(series, () => [shareBeyond(series, 0.05)]),
  },
  {
    id: 'grid.freq_en50160',
    on: 'fastest',
    inReadings: (series) => {
      const nominalHz = series.machine.site.nominalFrequencyHz;
      const means = blockMeans(series, 'frequency_hz', FREQUENCY_MEAN_S);
      return [share(means, (hz) => Math.abs(hz - nominalHz) <= 0.01 * nominalHz)];
    },
  },
  {
    id: 'grid.freq_shared',
    on: 'fastest',
    byTrial: (laboratory, specimen) => [differenceHz(laboratory, specimen)],
    simulated: 'an hour, every second that both machines report',
  },
  {
    id: 'grid.volt_en50160',
    on: 'fastest',
    inReadings: (series) => {
      const nominalV = series.machine.site.nominalVoltageV;
      const means = blockMeans(series, 'voltage_v', MINUTES_10_S);
      return [share(means, (v) => Math.abs(v - nominalV) <= 0.1 * nominalV)];
    },
  },
  {
    id: 'grid.volt_sigma',
    on: 'fastest',
    inReadings: (series) => [
      deviation(series.column('voltage_v')) / series.machine.site.nominalVoltageV,
    ],
  },
];

/** The range is that of Continental Europe; other areas are looser or stiffer. */
function ofContinent(series: Series, statistic: () => number[]): number[] {
  const { timeZone, nominalFrequencyHz } = series.factory;
  const { name } = synchronousArea(timeZone, nominalFrequencyHz);
  if (name !== 'continental-europe') throw new Inapplicable(`the grid is that of ${name}`);
  return statistic();
}

function shareBeyond(series: Series, limitHz: number): number {
  const nominalHz = series.machine.site.nominalFrequencyHz;
  return share(series.column('frequency_hz'), (hz) => Math.abs(hz - nominalHz) > limitHz);
}

function share(values: Float64Array, holds: (value: number) => boolean): number {
  let count = 0;
  for (const value of values) if (holds(value)) count++;
  return count / values.length;
}

/** Means over blocks of time, or the readings themselves where they are further apart. */
function blockMeans(series: Series, name: string, lengthS: number): Float64Array {
  const size = Math.max(1, Math.round(lengthS / series.intervalS));
  const values = series.column(name);
  return Float64Array.from({ length: Math.floor(values.length / size) }, (_, i) =>
    mean(values.subarray(i * size, (i + 1) * size)),
  );
}

/** Against every other machine of the same factory. */
function differenceHz(laboratory: Laboratory, specimen: Specimen): number {
  const { factory } = specimen;
  const others = factory.machines.filter(({ id }) => id !== specimen.machine.id).slice(0, 5);
  if (others.length === 0) throw new Inapplicable('there is one machine only');
  const fromS = laboratory.extent.seasons[0]?.fromS ?? 0;
  const trial = { fromS, toS: fromS + 3600 };
  const known = new Map<number, number>();
  const own = laboratory.read(specimen, trial);
  const ownHz = own.column('frequency_hz');
  for (const [i, tS] of own.timesS.entries()) known.set(tS, ownHz[i] as number);
  let worst = 0;
  for (const machine of others) {
    const other = laboratory.read({ factory, machine }, trial);
    const hz = other.column('frequency_hz');
    for (const [i, tS] of other.timesS.entries()) {
      const sameHz = known.get(tS);
      if (sameHz !== undefined) worst = Math.max(worst, Math.abs((hz[i] as number) - sameHz));
    }
  }
  return worst;
}
