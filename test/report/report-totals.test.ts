import assert from 'node:assert/strict';
import test from 'node:test';
import { DRIVERS, dependence } from '../../src/report/drivers.ts';
import type { FactoryTotals } from '../../src/report/factory-totals.ts';
import { madeUp } from './source.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Monday. */
const FROM_MS = Date.UTC(2026, 1, 2);

const production = DRIVERS.find(({ symbol }) => symbol === 'n') as (typeof DRIVERS)[number];
const temperature = DRIVERS.find(({ symbol }) => symbol === 'T') as (typeof DRIVERS)[number];

function near(found: number | undefined, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs((found as number) - expected) <= tolerance, `${found}, not ${expected}`);
}

test('power over time keeps every peak, however short, and the mean', () => {
  const peakMs = FROM_MS + 5 * DAY_MS + 60_000;
  const { machine } = madeUp(FROM_MS, FROM_MS + 14 * DAY_MS, 60_000, (timeMs) => ({
    powerKw: timeMs === peakMs ? 99 : 10,
  }));
  const { buckets } = machine.mainCarrier.powerKw;
  assert.equal(buckets.length, 360);
  const [peak, ...others] = buckets.filter(({ most }) => most > 10);
  assert.deepEqual([peak?.most, peak?.least, others.length], [99, 10, 0]);
  near(peak?.mean, 10 + 89 / 56);
  near(machine.energyKwh, 10 * 24 * 14 + 89 / 60, 1e-6);
});

test('the factory’s power is that of slots, to which intervals of any length contribute', () => {
  // Intervals of 7 s are not aligned with minutes.
  const { totals } = madeUp(FROM_MS, FROM_MS + 7 * 3600 * 1000, 7000, () => ({ powerKw: 12 }));
  const [factory] = totals.factories as [FactoryTotals];
  assert.equal(totals.grid.slotMs, 60_000);
  const powers = [...factory.slotsOf('electricity').powers()];
  assert.equal(powers.length, 7 * 60);
  for (const { powerKw } of powers) near(powerKw, 12);
  near(factory.energyKwh('electricity'), 84, 1e-6);
  near(factory.peak('electricity').powerKw, 12);
  assert.deepEqual(factory.durationCurve('electricity').at(0)?.share, 0);
});

test('the weekly profile is in the factory’s local time', () => {
  // 8 to 9 in Los Angeles, eight hours behind: 16 to 17 UTC.
  const { totals, machine } = madeUp(
    FROM_MS + 8 * HOUR_MS,
    FROM_MS + 7 * DAY_MS,
    900_000,
    (timeMs) => ({ powerKw: new Date(timeMs - 1).getUTCHours() === 16 ? 20 : 5 }),
    'America/Los_Angeles',
  );
  const [factory] = totals.factories as [FactoryTotals];
  for (const { means } of [factory.weeklyProfile('electricity'), machine.mainCarrier.week])
    for (let hour = 0; hour < 160; hour++) near(means[hour], hour % 24 === 8 ? 20 : 5);
});

test('the regression line is the one an energy manager fits to days or hours', () => {
  // P = 18 kW + 0.2 kWh/unit · n, with 30, 60, … 180 units an hour in turn.
  const { totals, machine } = madeUp(FROM_MS, FROM_MS + 3 * DAY_MS, 600_000, (timeMs) => {
    const units = 5 * (1 + (Math.floor((timeMs - 1) / HOUR_MS) % 6));
    return { powerKw: 18 + 0.2 * 6 * units, units, tempC: 20 };
  });
  assert.equal(totals.grid.periodMs, HOUR_MS);
  const found = dependence(machine, production, []);
  assert.equal(found?.points.length, 72);
  near(found?.line?.intercept, 18, 1e-6);
  near(found?.line?.slope, 0.2, 1e-6);
  near(found?.line?.r2, 1, 1e-6);
  assert.equal(
    dependence(machine, temperature, [])?.line,
    undefined,
    'what never varies drives nothing',
  );
});

test('a fortnight is divided into days, from midnight to midnight local time', () => {
  const { totals, machine } = madeUp(
    FROM_MS,
    FROM_MS + 15 * DAY_MS,
    900_000,
    (timeMs) => ({
      powerKw: timeMs % DAY_MS === 0 ? 30 : 10,
      tempC: timeMs > FROM_MS + DAY_MS ? 5 : 9,
    }),
    'Europe/Berlin',
  );
  assert.equal(totals.grid.periodMs, DAY_MS);
  const anomaly = {
    ...{ machineId: 'm', type: 'belt_slip', origin: 'random', severity: 2 },
    ...{ excessEnergyKwh: 0, lostProductionUnits: 0 },
    fromMs: FROM_MS + 2.5 * DAY_MS,
    toMs: FROM_MS + 3.5 * DAY_MS,
  };
  const found = dependence(machine, temperature, [anomaly]);
  assert.equal(found?.points.length, 15, 'the hour of the sixteenth day is no day');
  // An interval that ends at midnight in London belongs to the next day in Berlin.
  for (const [day, { powerKw }] of (found?.points ?? []).entries())
    near(powerKw, day === 0 ? 10 : 10 + 20 / 96);
  assert.deepEqual(
    found?.points.flatMap(({ isAnomalous }, i) => (isAnomalous ? [i] : [])),
    [2, 3],
  );
});
