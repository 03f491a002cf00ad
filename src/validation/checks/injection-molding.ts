import { RUNNING } from '../../core/field.ts';
import type { JournalEvent } from '../../core/journal.ts';
import { POLYMERS } from '../../physics/polymer.ts';
import type { Check } from '../check.ts';
import type { Laboratory, Specimen } from '../laboratory.ts';
import { pick, type Series, total } from '../series.ts';
import { deviation, mean } from '../statistics.ts';

const HOUR_S = 3600;
/** Off for so long, a barrel is cold. */
const WEEKEND_S = 60 * HOUR_S;
const DAY_S = 86_400;
const KJ_PER_KWH = 3600;
/** Where the warm-up of the bound begins, and how far from set point production may begin. */
const COLD_C = 25;

/** Injection moulding: specific energy, heaters, warm-up, faults. */
export const injectionMolding: readonly Check[] = [
  { id: 'imm.sec_f1', inReadings: (series) => [specificKwhPerKg(series, fullProduction(series))] },
  { id: 'imm.sec_month', inReadings: (series) => [specificKwhPerKg(series)] },
  {
    id: 'imm.sec_ratio',
    inReadings: (series) => {
      const meltKwhPerKg = recipe(series, 0).meltKjPerKg / KJ_PER_KWH;
      return [
        specificKwhPerKg(series, fullProduction(series)) / meltKwhPerKg,
        specificKwhPerKg(series) / meltKwhPerKg,
      ];
    },
  },
  {
    id: 'imm.load',
    inReadings: (series) => {
      const ratedKw = series.machine.parameters['ratedPowerKw'] as number;
      return [mean(pick(series.column('power_kw'), fullProduction(series))) / ratedKw];
    },
  },
  {
    id: 'imm.heaters',
    /** Looks inside: the machine has one meter for its pump, heaters and auxiliaries. */
    byTrial: heaterShares,
    simulated: 'six hours of full production of each season, every 10 s, true powers',
  },
  {
    id: 'imm.barrel',
    inReadings: (series) => {
      const mode = series.column('operating_mode');
      return [deviation(pick(series.column('machine_temp_c'), (i) => mode[i] === RUNNING))];
    },
  },
  {
    id: 'imm.warmup',
    byTrial: warmUpMin,
    simulated: 'switched off for a weekend, then on, in each season, every 10 s',
  },
  {
    id: 'imm.heat5',
    /** Over the hours of all seasons together: one alone has fifty parts, too few for a share. */
    byTrial: (laboratory, specimen) => {
      const pairs = laboratory.pairs(specimen, 'heater_fault', 5);
      const sum = (name: string) =>
        pairs.reduce((all, { faulty }) => all + total(faulty.column(name)), 0);
      return [sum('production_count_bad') / sum('production_count')];
    },
  },
  {
    id: 'imm.leak5',
    byTrial: (laboratory, specimen) =>
      laboratory
        .pairs(specimen, 'hydraulic_leak', 5)
        .map(({ faulty, healthy }) => specificKwhPerKg(faulty) / specificKwhPerKg(healthy)),
  },
];

type Choice = (i: number) => boolean;

function fullProduction(series: Series): Choice {
  return (i) => series.isFull(i);
}

/** Mass of a shot and melting heat of its polymer, from the recipe's name: `PP-600G`. */
function recipe(series: Series, i: number): { readonly shotKg: number; meltKjPerKg: number } {
  const [, name, grams] = /^(.+)-(\d+)G$/.exec(series.text('recipe_id', i)) ?? [];
  const polymer = POLYMERS.find((each) => each.name === name);
  return { shotKg: Number(grams) / 1000, meltKjPerKg: polymer?.meltKjPerKg ?? Number.NaN };
}

/** Energy over the mass of all shots, good and bad. */
function specificKwhPerKg(series: Series, isChosen: Choice = () => true): number {
  const shots = total(series.column('production_count'), isChosen);
  return total(series.column('energy_kwh'), isChosen) / (shots * recipe(series, 0).shotKg);
}

function heaterShares(laboratory: Laboratory, specimen: Specimen): number[] {
  return laboratory.extent.seasons.map((season) => {
    const fromS = laboratory.fullHourS(specimen, season.fromS);
    let heaters = 0;
    let all = 0;
    laboratory.inside(specimen, { fromS, toS: fromS + 6 * HOUR_S, intervalS: 10 }, (state) => {
      const powerKw = state['powerKw'] as number;
      all += powerKw;
      heaters += (state['otherKw'] as number) - auxiliaryKw(specimen, state);
    });
    return heaters / all;
  });
}

/** Auxiliaries take 8 % of the connected load, and 70 % of that between cycles. */
function auxiliaryKw({ machine }: Specimen, state: Readonly<Record<string, number>>): number {
  return 0.08 * machine.ratedPowerKw * (state['operatingMode'] === RUNNING ? 1 : 0.7);
}

function warmUpMin(laboratory: Laboratory, specimen: Specimen): number[] {
  return laboratory.extent.seasons.map((season) => {
    const startS = laboratory.fullHourS(specimen, season.fromS + DAY_S);
    const machineIds = [specimen.machine.id];
    const events: JournalEvent[] = [
      { kind: 'stop', machineIds, sequence: 1, timeS: startS - WEEKEND_S },
      { kind: 'start', machineIds, sequence: 2, timeS: startS },
    ];
    const trial = { fromS: startS - 2, toS: startS + 3 * HOUR_S, intervalS: 10, events };
    const series = laboratory.read(specimen, trial);
    const temps = series.column('machine_temp_c');
    const mode = series.column('operating_mode');
    const begun = temps.findIndex((tempC) => tempC >= COLD_C);
    const done = mode.indexOf(RUNNING);
    if (begun < 0 || done < begun) return Number.NaN;
    return ((series.timesS[done] as number) - (series.timesS[begun] as number)) / 60;
  });
}
