import type { Readings } from '../core/readings.ts';
import { type Check, checksOf, NotApplicable, type TestBench } from '../core/realism.ts';
import { deviation, mean } from '../core/statistics.ts';
import { synchronousArea } from '../site/grid.ts';

const check = checksOf('grid');

/** Checks of frequency and voltage as machines publish them. */
export const gridChecks: readonly Check[] = [
  check('grid.freq_sigma', 'std of frequency_hz deviation (50 Hz, CE)', [0.015, 0.026], {
    unit: 'Hz',
    source: 'Schaefer 2018; Rydin Gorjao 2020',
    on: 'fastest',
    inReadings: (readings) => deviation(continentalHz(readings)),
  }),
  check('grid.freq_50mHz', 'share of time |f-50|>0.05 Hz', [0.0005, 0.03], {
    source: 'ENTSO-E standard range target 15000 min/a',
    on: 'fastest',
    inReadings: (readings) => {
      const nominalHz = readings.machine.site.nominalFrequencyHz;
      return share(continentalHz(readings), (hz) => Math.abs(hz - nominalHz) > 0.05);
    },
  }),
  check('grid.freq_en50160', 'share of 10-s means in 49.5..50.5 Hz', [0.995, 1], {
    source: 'EN 50160',
    on: 'fastest',
    inReadings: (readings) => {
      const nominalHz = readings.machine.site.nominalFrequencyHz;
      const means = blockMeans(readings, 'frequency_hz', 10);
      return share(means, (hz) => Math.abs(hz - nominalHz) <= 0.01 * nominalHz);
    },
  }),
  check(
    'grid.freq_shared',
    'max frequency difference between machines of one grid, same second',
    [0, 0.001],
    {
      unit: 'Hz',
      source: 'physics (synchronous area)',
      on: 'fastest',
      simulated: 'an hour, every second that both machines report',
      byExperiment: differenceHz,
    },
  ),
  check('grid.volt_en50160', 'share of 10-min mean voltages within +-10 %', [0.95, 1], {
    source: 'EN 50160',
    on: 'fastest',
    inReadings: (readings) => {
      const nominalV = readings.machine.site.nominalVoltageV;
      const means = blockMeans(readings, 'voltage_v', 600);
      return share(means, (v) => Math.abs(v - nominalV) <= 0.1 * nominalV);
    },
  }),
  check('grid.volt_sigma', 'std of voltage / nominal', [0.003, 0.02], {
    source: 'typical LV bus; EN 50160 envelope',
    on: 'fastest',
    inReadings: (readings) =>
      deviation(readings.column('voltage_v')) / readings.machine.site.nominalVoltageV,
  }),
];

/**
 * Frequencies, if the grid is that of Continental Europe, for which the ranges apply; other areas
 * are looser or stiffer.
 */
function continentalHz(readings: Readings): Float64Array {
  const { timeZone, nominalFrequencyHz } = readings.factory;
  const { name } = synchronousArea(timeZone, nominalFrequencyHz);
  if (name !== 'continental-europe') throw new NotApplicable(`the grid is that of ${name}`);
  return readings.column('frequency_hz');
}

function share(values: Float64Array, holds: (value: number) => boolean): number {
  return values.filter(holds).length / values.length;
}

/** Means over blocks of time, or the readings themselves if they are further apart. */
function blockMeans(readings: Readings, name: string, lengthS: number): Float64Array {
  const size = Math.max(1, Math.round(lengthS / readings.intervalS));
  const values = readings.column(name);
  return Float64Array.from({ length: Math.floor(values.length / size) }, (_, i) =>
    mean(values.subarray(i * size, (i + 1) * size)),
  );
}

/** Compared with up to five other machines of the same factory. */
function differenceHz(bench: TestBench): number {
  const others = bench.factory.machines.filter(({ id }) => id !== bench.machine.id).slice(0, 5);
  if (others.length === 0) throw new NotApplicable('there is one machine only');
  const hour = { fromS: bench.firstS, toS: bench.firstS + 3600 };
  const own = bench.read(hour);
  const ownHz = own.column('frequency_hz');
  const known = new Map(Array.from(own.timesS, (tS, i) => [tS, ownHz[i] as number]));
  let worst = 0;
  for (const machine of others) {
    const other = bench.of(machine).read(hour);
    const hz = other.column('frequency_hz');
    for (const [i, tS] of other.timesS.entries()) {
      const sameHz = known.get(tS);
      if (sameHz !== undefined) worst = Math.max(worst, Math.abs((hz[i] as number) - sameHz));
    }
  }
  return worst;
}
