import { RUNNING } from '../../core/field.ts';
import type { JournalEvent } from '../../core/journal.ts';
import type { Choice, Readings } from '../../core/readings.ts';
import { anHour, type Check, checksOf, type TestBench } from '../../core/realism.ts';
import { deviation } from '../../core/statistics.ts';
import { POLYMERS } from '../../physics/polymer.ts';

const HOUR_S = 3600;
const DAY_S = 86_400;
const KJ_PER_KWH = 3600;
/** After a weekend off, a barrel is cold. */
const WEEKEND_S = 60 * HOUR_S;
/** Temperature at which the warm-up of the check begins. */
const COLD_C = 25;

const check = checksOf('injection_molding');

/** Checks of injection moulding: specific energy, heaters, warm-up, faults. */
export const injectionMoldingChecks: readonly Check[] = [
  check('imm.sec_f1', 'SEC at F=1', [0.5, 1.6], {
    unit: 'kWh/kg',
    source: 'Socks/ACEEE 0.61 hydraulic; trade range 0.6-2.5',
    inReadings: (readings) => specificKwhPerKg(readings, readings.isFull),
  }),
  check('imm.sec_month', 'SEC over a month', [0.6, 2.5], {
    unit: 'kWh/kg',
    source: 'trade range 0.6-2.5; Kent site line',
    inReadings: (readings) => specificKwhPerKg(readings),
  }),
  check('imm.sec_ratio', 'SEC / melt enthalpy', [2.5, 12], {
    source: 'thermodynamic floor; polymer enthalpies',
    inReadings: (readings) => {
      const meltKwhPerKg = recipe(readings).meltKjPerKg / KJ_PER_KWH;
      return [
        specificKwhPerKg(readings, readings.isFull) / meltKwhPerKg,
        specificKwhPerKg(readings) / meltKwhPerKg,
      ];
    },
  }),
  check('imm.load', 'mean power at F=1 / rated', [0.3, 0.6], {
    source: 'connected vs running load',
    inReadings: (readings) =>
      readings.mean('power_kw', readings.isFull) / readings.parameter('ratedPowerKw'),
  }),
  check('imm.heaters', 'heater share of energy at F=1', [0.08, 0.3], {
    source: 'barrel heat balance',
    simulated: 'six hours of full production of each season, every 10 s, true powers',
    byExperiment: heaterShares,
  }),
  check('imm.barrel', 'std of barrel temperature in production', [0, 1.5], {
    unit: 'K',
    source: 'PID zone control',
    inReadings: (readings) => {
      const mode = readings.at('operating_mode');
      return deviation(readings.pick('machine_temp_c', (i) => mode(i) === RUNNING));
    },
  }),
  check('imm.warmup', 'warm-up time 25->230 degC', [30, 75], {
    unit: 'min',
    source: 'barrel heat balance',
    conditions: 'cold start',
    simulated: 'switched off for a weekend, then on, in each season, every 10 s',
    byExperiment: warmUpMin,
  }),
  check('imm.heat5', 'scrap share, heater_fault s=5', [0.45, 0.75], {
    source: 'model mapping',
    ...anHour(scrapShare),
  }),
  check('imm.leak5', 'SEC ratio, hydraulic_leak s=5', [1.18, 1.32], {
    source: 'model mapping',
    ...anHour((bench) =>
      bench
        .pairs('hydraulic_leak', 5)
        .map(({ faulty, healthy }) => specificKwhPerKg(faulty) / specificKwhPerKg(healthy)),
    ),
  }),
];

/** Mass of a shot and melting heat of its polymer, from the name of the recipe: `PP-600G`. */
function recipe(readings: Readings): { readonly shotKg: number; readonly meltKjPerKg: number } {
  const [, name, grams] = /^(.+)-(\d+)G$/.exec(readings.text('recipe_id', 0)) ?? [];
  const polymer = POLYMERS.find((each) => each.name === name);
  return { shotKg: Number(grams) / 1000, meltKjPerKg: polymer?.meltKjPerKg ?? Number.NaN };
}

/** Energy divided by the mass of all shots, good and bad. */
function specificKwhPerKg(readings: Readings, isChosen?: Choice): number {
  const shots = readings.total('production_count', isChosen);
  return readings.total('energy_kwh', isChosen) / (shots * recipe(readings).shotKg);
}

/** Over the hours of all seasons together: a single hour has fifty parts, too few for a share. */
function scrapShare(bench: TestBench): number {
  const pairs = bench.pairs('heater_fault', 5);
  const sum = (name: string) => pairs.reduce((all, { faulty }) => all + faulty.total(name), 0);
  return sum('production_count_bad') / sum('production_count');
}

/** Uses the state of the machine: pump, heaters and auxiliaries share one meter. */
function heaterShares(bench: TestBench): number[] {
  return bench.extent.seasons.map((season) => {
    const fromS = bench.fullHourS(season.fromS);
    let heaters = 0;
    let all = 0;
    bench.visitStates({ fromS, toS: fromS + 6 * HOUR_S, intervalS: 10 }, (state) => {
      // Auxiliaries use 8 % of the connected load, and 70 % of that between cycles.
      const isCycling = state['operatingMode'] === RUNNING;
      const auxiliaryKw = 0.08 * bench.machine.ratedPowerKw * (isCycling ? 1 : 0.7);
      all += state['powerKw'] as number;
      heaters += (state['otherKw'] as number) - auxiliaryKw;
    });
    return heaters / all;
  });
}

function warmUpMin(bench: TestBench): number[] {
  return bench.extent.seasons.map((season) => {
    const startS = bench.fullHourS(season.fromS + DAY_S);
    const machineIds = [bench.machine.id];
    const events: JournalEvent[] = [
      { kind: 'stop', machineIds, sequence: 1, timeS: startS - WEEKEND_S },
      { kind: 'start', machineIds, sequence: 2, timeS: startS },
    ];
    const toS = startS + 3 * HOUR_S;
    const readings = bench.read({ fromS: startS - 2, toS, intervalS: 10, events });
    const begun = readings.column('machine_temp_c').findIndex((tempC) => tempC >= COLD_C);
    const done = readings.column('operating_mode').indexOf(RUNNING);
    if (begun < 0 || done < begun) return Number.NaN;
    return ((readings.timesS[done] as number) - (readings.timesS[begun] as number)) / 60;
  });
}
