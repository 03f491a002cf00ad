/** Regressions as an energy manager would fit them: docs/guides/energy-management.md. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Machine } from '../../src/core/factory.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { BaselineCount } from '../../src/simulation/baseline.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { type Plane, regression } from './regression.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
/** A Monday. */
const YEAR_S = Date.UTC(2025, 0, 6) / 1000;
/** Every third week of a year: all seasons, in a third of the time. */
const WEEKS = Array.from({ length: 17 }, (_, i) => YEAR_S + 21 * i * DAY_S);
/** Outdoor temperature above which a hall is cooled rather than aired. */
const BALANCE_C = 12;

/** The five weeks before the week of the anomalies. */
const TRAINING = Array.from({ length: 5 }, (_, i) => YEAR_S + (126 + 7 * i) * DAY_S);

/** Energy and drivers of an hour, or of a day. */
interface Period {
  readonly startS: number;
  readonly kwh: number;
  readonly units: number;
  readonly tempC: number;
  /** Kelvin-hours above {@link BALANCE_C}, and below 15 °C. */
  readonly coolingKh: number;
  readonly heatingKh: number;
  readonly fullLoadH: number;
}

function machineOf(type: string, events: readonly JournalEvent[] = []): [Machine, Journal] {
  const description = machineTypes.find((each) => each.type === type);
  const machine = {
    id: 'b0000000-0000-0000-0000-000000000001',
    name: type,
    type,
    ratedPowerKw: description?.parameters['ratedPowerKw']?.value as number,
    intervalS: description?.intervalS as number,
    topic: `factory/demo/${type}`,
  };
  const journal = new Journal(CALM, events);
  const fleet = createFleet([{ ...DEFAULT_FACTORY, machines: [machine] }], { journal });
  return [fleet.machines[0] as Machine, journal];
}

/** The hours of some weeks of a machine. */
function hoursOf(type: string, weeks: readonly number[], events: readonly JournalEvent[] = []) {
  const [machine, journal] = machineOf(type, events);
  const { site } = machine;
  return weeks.flatMap((fromS) => {
    const count = new BaselineCount({ journal }, machine, fromS, fromS + 7 * DAY_S);
    let [kwh, units] = [0, 0];
    return Array.from({ length: 7 * 24 }, (_, hour): Period => {
      const startS = fromS + hour * HOUR_S;
      count.advance(1);
      const { actual } = count.accounts;
      const [hourKwh, hourUnits] = [actual.energyKwh - kwh, actual.production - units];
      [kwh, units] = [actual.energyKwh, actual.production];
      const { outdoorTempC, load } = site.at(startS + HOUR_S / 2);
      return {
        startS,
        kwh: hourKwh,
        units: hourUnits,
        tempC: outdoorTempC,
        coolingKh: Math.max(0, outdoorTempC - BALANCE_C),
        heatingKh: Math.max(0, 15 - outdoorTempC),
        fullLoadH: load,
      };
    });
  });
}

function daysOf(hours: readonly Period[]): Period[] {
  return Array.from({ length: hours.length / 24 }, (_, day) => {
    const own = hours.slice(24 * day, 24 * day + 24);
    const sum = (key: keyof Period) => own.reduce((total, hour) => total + hour[key], 0);
    return {
      startS: (own[0] as Period).startS,
      kwh: sum('kwh'),
      units: sum('units'),
      tempC: sum('tempC') / 24,
      coolingKh: sum('coolingKh'),
      heatingKh: sum('heatingKh'),
      fullLoadH: sum('fullLoadH'),
    };
  });
}

function fitted(periods: readonly Period[], drivers: readonly (keyof Period)[]): Plane {
  const series = (key: keyof Period) => periods.map((each) => each[key]);
  return regression(drivers.map(series), series('kwh'));
}

/** Each type with its relevant variables, and the lowest accepted R², hourly and daily. */
const VARIABLES: readonly (readonly [
  type: string,
  drivers: readonly (keyof Period)[],
  hourly: number,
  daily: number,
])[] = [
  ['compressor', ['units'], 0.95, 0.95],
  ['hvac', ['coolingKh', 'fullLoadH'], 0.85, 0.9],
  ['motor', ['units'], 0.95, 0.95],
  ['injection_molding', ['units'], 0.95, 0.95],
  ['pump', ['units'], 0.9, 0.95],
  ['boiler', ['units'], 0.95, 0.95],
  ['boiler', ['heatingKh', 'fullLoadH'], 0.9, 0.95],
];

const years = new Map<string, readonly Period[]>();
function yearOf(type: string): readonly Period[] {
  const hours = years.get(type) ?? hoursOf(type, WEEKS);
  years.set(type, hours);
  return hours;
}

for (const [type, drivers, hourly, daily] of VARIABLES)
  test(`${type}: a year's energy depends on ${drivers.join(' and ')}`, () => {
    const hours = yearOf(type);
    const [byHour, byDay] = [fitted(hours, drivers), fitted(daysOf(hours), drivers)];
    assert.ok(byHour.r2 >= hourly, `hourly R² ${byHour.r2}`);
    assert.ok(byDay.r2 >= daily, `daily R² ${byDay.r2}`);
    assert.ok(byDay.slopes.every((slope) => slope > 0));
  });

test('air conditioning is not linear in the hourly temperature', () => {
  const hours = yearOf('hvac');
  assert.ok(fitted(hours, ['tempC', 'fullLoadH']).r2 < 0.85, 'cold hours take no cooling');
  assert.ok(fitted(daysOf(hours), ['tempC', 'fullLoadH']).r2 > 0.8);
  assert.ok(fitted(daysOf(hours), ['units']).r2 > 0.95, 'cooling itself is what it follows');
});

const ANOMALIES: readonly (readonly [
  type: string,
  anomaly: string,
  drivers: readonly (keyof Period)[],
])[] = [
  ['compressor', 'efficiency_loss', ['units']],
  ['hvac', 'dirty_coils', ['units', 'coolingKh']],
  ['motor', 'bearing_wear', ['units']],
  ['injection_molding', 'hydraulic_leak', ['units']],
  ['pump', 'pump_wear', ['units']],
  ['boiler', 'tube_fouling', ['units']],
];

for (const [type, anomaly, drivers] of ANOMALIES)
  test(`${type}: ${anomaly} stands out from the residuals of a baseline made before it`, () => {
    const training = daysOf(hoursOf(type, TRAINING));
    const baseline = fitted(training, drivers);
    const sigma =
      baseline.cvRmse * (training.reduce((sum, { kwh }) => sum + kwh, 0) / training.length);
    const fromS = YEAR_S + 161 * DAY_S;
    const inject: JournalEvent = {
      kind: 'inject',
      id: 'x',
      machineId: 'b0000000-0000-0000-0000-000000000001',
      anomalyType: anomaly,
      severity: 3,
      durationS: DAY_S,
      sequence: 1,
      timeS: fromS + 2 * DAY_S,
    };
    const residuals = daysOf(hoursOf(type, [fromS], [inject])).map((day) =>
      drivers.reduce(
        (left, key, i) => left - (baseline.slopes[i] as number) * day[key],
        day.kwh - baseline.intercept,
      ),
    );
    const [ill, ...well] = [
      residuals[2] as number,
      ...residuals.slice(0, 2),
      ...residuals.slice(4),
    ];
    assert.ok(ill > 3 * sigma, `${ill} against a deviation of ${sigma}`);
    assert.ok(
      well.every((each) => Math.abs(each) < ill / 2),
      `${well} beside ${ill}`,
    );
  });
