/** The conveyor compared with machine-models.md §6 and published ranges. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import { Journal } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { motor } from '../../src/machines/motor/motor.ts';
import { Cursor } from '../../src/simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf, readRows } from '../rows.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const DAY_S = 86_400;
/** A Tuesday, two hours into the first shift. */
const MORNING_S = Date.UTC(2026, 3, 14, 8) / 1000;
const ID = 'c0000000-0000-0000-0000-0000000000a3';

interface Options {
  readonly intervalS?: number;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly journal?: Journal;
}

function conveyor({ intervalS = 10, parameters = {}, journal = new Journal(CALM) }: Options = {}) {
  const factory = factoryOf([{ type: 'motor', id: ID, intervalS, parameters }]);
  return createFleet([factory], { journal, seed: 11 });
}

/** Calls `visit` for every reading of a window, with access to one field. */
function visit(
  fleet: Fleet,
  fromS: number,
  toS: number,
  reading: (at: (key: string) => number, tS: number, alerts: number) => void,
): void {
  const columns = new Map(motor.fields.map(({ key, column }) => [key, column]));
  const reader = createReader(fleet);
  const batch = new Batch();
  reader.seek(fromS * 1000);
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(toS * 1000, batch);
    for (let i = 0; i < batch.length; i++)
      reading(
        (key) => batch.values[i * ROW_WIDTH + (columns.get(key) as number)] as number,
        (batch.timesMs[i] as number) / 1000,
        batch.alerts[i] as number,
      );
  }
}

/** Means of all fields over a window, the readings themselves and every alert raised. */
function summary(fleet: Fleet, fromS: number, toS: number) {
  const columns: Record<string, number[]> = {};
  for (const { key } of motor.fields) columns[key] = [];
  let alerts = 0;
  visit(fleet, fromS, toS, (at, _tS, raised) => {
    for (const { key } of motor.fields) columns[key]?.push(at(key));
    alerts |= raised;
  });
  const mean = (key: string) => {
    const values = columns[key] as number[];
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return { columns, mean, alerts };
}

function within(value: number, low: number, high: number, what: string): void {
  assert.ok(value >= low && value <= high, `${what}: ${value} is not within ${low} … ${high}`);
}

/** Compares item by item: a difference between long lists takes an assertion minutes to print. */
function same(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [i, each] of expected.entries()) assert.deepEqual(actual[i], each, `${what}, ${i}`);
}

test('four weeks of each season lie within the published ranges', () => {
  for (const month of [0, 3, 6]) {
    const fromS = Date.UTC(2026, month, 5) / 1000;
    const full = { readings: 0, items: 0, powerFactor: 0, machineTempC: 0 };
    let items = 0;
    let badItems = 0;
    let faultyMessages = 0;
    const vibrations: number[] = [];
    visit(conveyor(), fromS, fromS + 28 * DAY_S, (at, tS) => {
      const powerKw = at('powerKw');
      const apparentKw =
        (Math.sqrt(3) * at('voltageV') * at('currentA') * at('powerFactor')) / 1000;
      const isAgreed =
        Math.abs(apparentKw - powerKw) <= 0.005 + 3e-4 * powerKw &&
        Math.abs(at('energyKwh') - powerKw / 360) <= 1e-6 &&
        at('productionCountGood') + at('productionCountBad') === at('productionCount');
      if (!isAgreed) faultyMessages++;
      items += at('productionCount');
      badItems += at('productionCountBad');
      if (tS % 300 === 0) vibrations.push(at('vibrationMmS'));
      const isWeekday = new Date(tS * 1000).getUTCDay() % 6 !== 0;
      const secondOfDay = tS % DAY_S;
      if (!isWeekday || secondOfDay < 8 * 3600 || secondOfDay > 22 * 3600) return;
      full.readings++;
      full.items += at('productionCount');
      full.powerFactor += at('powerFactor');
      full.machineTempC += at('machineTempC');
    });
    vibrations.sort((a, b) => a - b);
    assert.equal(faultyMessages, 0);
    within(full.powerFactor / full.readings, 0.9, 0.96, 'power factor at full production');
    within((360 * full.items) / full.readings, 2700, 3300, 'items an hour');
    within(badItems / items, 0.017, 0.023, 'share of bad items');
    within(full.machineTempC / full.readings, 50, 75, 'frame temperature');
    const percentile = (share: number) =>
      vibrations[Math.floor(share * vibrations.length)] as number;
    within(percentile(0.01), 0.5, 4.5, 'vibration, first percentile');
    within(percentile(0.99), 0.5, 4.5, 'vibration, last percentile');
  }
});

test('a weekday uses two to three times the power of a weekend', () => {
  const weekday = summary(conveyor(), MORNING_S, MORNING_S + 6 * 3600).mean('powerKw');
  const weekend = summary(conveyor(), MORNING_S + 4 * DAY_S, MORNING_S + 4 * DAY_S + 6 * 3600);
  within(weekday / weekend.mean('powerKw'), 2, 3, 'ratio of power');
});

test('the belt’s speed changes by at most 2 % per second, through starts and micro-stops', () => {
  const fleet = conveyor({ intervalS: 1, parameters: { stopShare: 1 } });
  let before = Number.NaN;
  let isStopped = false;
  visit(fleet, MORNING_S, MORNING_S + 2 * 3600, (at) => {
    const speed = at('speedPercent');
    if (speed === 0) isStopped = true;
    assert.ok(!(Math.abs(speed - before) > 2.01), `${before} → ${speed}`);
    before = speed;
  });
  assert.ok(isStopped, 'there was no micro-stop');
});

test('a micro-stop lasts up to two minutes, at the standstill power of the drive', () => {
  const fleet = conveyor({ intervalS: 1, parameters: { stopShare: 1, meterNoiseShare: 0 } });
  let restS = 0;
  let longestS = 0;
  visit(fleet, MORNING_S, MORNING_S + 2 * 3600, (at) => {
    restS = at('speedPercent') === 0 ? restS + 1 : 0;
    longestS = Math.max(longestS, restS);
    if (restS > 0) {
      assert.equal(at('powerKw'), 0.33);
      assert.equal(at('productionCount'), 0);
      assert.equal(at('operatingMode'), 0);
    }
  });
  within(longestS, 10, 120, 'longest rest');
});

test('items follow the belt, even in ramps: rate over speed is constant within a minute', () => {
  const fleet = conveyor({ intervalS: 1, parameters: { stopShare: 1 } });
  const ofMinute = new Map<number, number>();
  visit(fleet, MORNING_S, MORNING_S + 3600, (at, tS) => {
    if (at('speedPercent') < 5) return;
    const perPercent = at('throughputUnitsPerHour') / at('speedPercent');
    const minute = Math.ceil(tS / 60);
    const first = ofMinute.get(minute) ?? perPercent;
    ofMinute.set(minute, first);
    within(perPercent / first, 0.995, 1.005, 'items for the speed');
  });
  assert.ok(ofMinute.size >= 50);
});

test('the items of a day are the sum of the throughput, to one', () => {
  const startS = Math.floor(MORNING_S / DAY_S) * DAY_S;
  let items = 0;
  let integral = 0;
  visit(conveyor(), startS, startS + DAY_S, (at) => {
    items += at('productionCount');
    integral += at('throughputUnitsPerHour') / 360;
  });
  assert.ok(Math.abs(items - integral) <= 1, `${items} against ${integral}`);
});

test('whether an item is bad does not depend on the interval, across midnight too', () => {
  const midnightS = Date.UTC(2026, 3, 15) / 1000;
  // A window that both intervals split at the same instants.
  const fromS = Math.floor((midnightS - 3600) / 70) * 70;
  const counts = [7, 10, 70].map((intervalS) => {
    const total = { items: 0, bad: 0 };
    visit(conveyor({ intervalS }), fromS, fromS + 7000, (at) => {
      total.items += at('productionCount');
      total.bad += at('productionCountBad');
    });
    return total;
  });
  assert.ok((counts[0]?.items ?? 0) > 1000 && (counts[0]?.bad ?? 0) > 5);
  assert.deepEqual(counts[1], counts[0]);
  assert.deepEqual(counts[2], counts[0]);
});

test('all items are bad, or none, if the share says so', () => {
  for (const defectShare of [0, 1]) {
    visit(conveyor({ parameters: { defectShare } }), MORNING_S, MORNING_S + 600, (at) =>
      assert.equal(at('productionCountBad'), defectShare * at('productionCount')),
    );
  }
});

test('energy over ten seconds is the sum of ten times one second', () => {
  const [ones, tens] = [1, 10].map((intervalS) => {
    const parameters = { meterNoiseShare: 0, stopShare: 0.5 };
    const machine = conveyor({ intervalS, parameters }).machines[0];
    assert.ok(machine);
    const cursor = new Cursor(machine, new Journal(CALM));
    cursor.seek(MORNING_S * 1000, new Float64Array(ROW_WIDTH));
    return cursor;
  }) as [Cursor, Cursor];
  const values = new Float64Array(ROW_WIDTH);
  for (let tS = MORNING_S; tS < MORNING_S + 3600; tS += 10) {
    let sumKws = 0;
    for (let i = 1; i <= 10; i++) {
      ones.read(tS + i, values, 0);
      sumKws += ones.state?.['powerKw'] as number;
    }
    tens.read(tS + 10, values, 0);
    const energyKws = 10 * (tens.state?.['powerKw'] as number);
    assert.ok(Math.abs(sumKws / energyKws - 1) < 1e-9, `${sumKws} ≠ ${energyKws}`);
  }
});

test('the meter’s error stays within its bound', () => {
  const noisy = summary(conveyor(), MORNING_S, MORNING_S + 3600).columns['powerKw'] as number[];
  const still = conveyor({ parameters: { meterNoiseShare: 0 } });
  const exact = summary(still, MORNING_S, MORNING_S + 3600).columns['powerKw'] as number[];
  let largest = 0;
  for (const [i, powerKw] of noisy.entries())
    largest = Math.max(largest, Math.abs(powerKw / (exact[i] as number) - 1));
  within(largest, 0.015, 0.0301, 'error');
});

test('a seek gives the rows of reading through', () => {
  const journal = new Journal({ ...DEFAULT_SETTINGS, anomalyProbability: 1 });
  const fleet = conveyor({ journal });
  const fromMs = MORNING_S * 1000;
  const through = createReader(fleet);
  through.seek(fromMs - 3 * DAY_S * 1000);
  readRows(through, fromMs - 1);
  for (let i = 0; i < 12; i++) {
    const atMs = fromMs + i * 9_876_543;
    readRows(through, atMs);
    const expected = readRows(through, atMs + 300_000);
    const sought = createReader(fleet);
    sought.seek(atMs);
    same(readRows(sought, atMs + 300_000), expected, 'rows');
  }
});

test('switched on within a minute, it starts softly from rest and counts from there', () => {
  const journal = new Journal(CALM);
  journal.append({ kind: 'stop', sequence: 1, timeS: MORNING_S });
  journal.append({ kind: 'start', sequence: 2, timeS: MORNING_S + 617 });
  const speeds: number[] = [];
  const fleet = conveyor({ intervalS: 1, journal });
  visit(fleet, MORNING_S + 617, MORNING_S + 700, (at) => speeds.push(at('speedPercent')));
  within(speeds[0] as number, 0.9, 1.1, 'speed in the first second');
  within(speeds[20] as number, 40, 42, 'speed after twenty seconds');
  within(speeds[80] as number, 85, 100, 'speed in the end');
});

/** The last of three hours with a fault, next to the same hour without it. */
function withFault(anomalyType: string, severity: number) {
  const journal = new Journal(CALM);
  const durationS = 3 * 3600;
  journal.append({
    kind: 'inject',
    sequence: 1,
    timeS: MORNING_S,
    id: 'one',
    machineId: ID,
    anomalyType,
    severity,
    durationS,
  });
  const endS = MORNING_S + durationS;
  const faulty = conveyor({ journal });
  return {
    ill: summary(faulty, endS - 3600, endS),
    well: summary(conveyor(), endS - 3600, endS),
    after: summary(faulty, endS + 60, endS + 6 * 3600),
    healthy: summary(conveyor(), endS + 60, endS + 6 * 3600),
  };
}

type Case = ReturnType<typeof withFault>;
const ratio = ({ ill, well }: Case, key: string) => ill.mean(key) / well.mean(key);
const rise = ({ ill, well }: Case, key: string) => ill.mean(key) - well.mean(key);

function untouched({ ill, well }: Case, keys: readonly string[]): void {
  for (const key of keys) same(ill.columns[key] ?? [], well.columns[key] ?? [], key);
}

function recovered({ after, healthy }: Case): void {
  for (const key of ['powerKw', 'speedPercent', 'throughputUnitsPerHour', 'vibrationMmS'])
    same(after.columns[key] ?? [], healthy.columns[key] ?? [], key);
  const last = (part: Case['after']) => part.columns['machineTempC']?.at(-1) as number;
  assert.ok(Math.abs(last(after) - last(healthy)) <= 0.02, 'temperature');
}

const SURROUNDINGS = [
  'outdoorTempC',
  'indoorTempC',
  'outdoorHumidityPercent',
  'indoorHumidityPercent',
  'frequencyHz',
];

test('its hall is dry in winter, and dried by its cooling in summer', () => {
  for (const [month, low, high] of [
    [0, 15, 40],
    [6, 45, 65],
  ] as const) {
    const fromS = Date.UTC(2026, month, 6) / 1000;
    const { mean, columns } = summary(conveyor({ intervalS: 3600 }), fromS, fromS + 21 * DAY_S);
    within(mean('indoorHumidityPercent'), low, high, 'mean humidity');
    within(Math.max(...(columns['indoorHumidityPercent'] as number[])), low, 76, 'highest');
  }
});

test('bearing wear: strong vibration, some power, a hot frame, the same items', () => {
  const mild = withFault('bearing_wear', 1.5);
  const severe = withFault('bearing_wear', 5);
  within(ratio(mild, 'powerKw'), 1.03, 1.055, 'power');
  within(ratio(severe, 'powerKw'), 1.1, 1.18, 'power');
  within(ratio(mild, 'vibrationMmS'), 2, 2.1, 'vibration');
  within(ratio(severe, 'vibrationMmS'), 4.4, 4.6, 'vibration');
  within(rise(mild, 'machineTempC'), 4.2, 7.8, 'temperature');
  within(rise(severe, 'machineTempC'), 13.3, 24.7, 'temperature');
  for (const each of [mild, severe]) {
    untouched(each, [...SURROUNDINGS, 'speedPercent', 'throughputUnitsPerHour', 'productionCount']);
    recovered(each);
  }
  const vibration = motor.alertCodes.indexOf('HIGH_VIBRATION');
  assert.notEqual((severe.ill.alerts >> (2 * vibration)) & 0b10, 0, 'critical vibration');
  assert.equal(severe.well.alerts, 0);
});

test('belt slip: fewer items for the same power and speed', () => {
  const mild = withFault('belt_slip', 1.5);
  const severe = withFault('belt_slip', 5);
  within(ratio(mild, 'throughputUnitsPerHour'), 0.88, 0.937, 'items');
  within(ratio(severe, 'throughputUnitsPerHour'), 0.61, 0.79, 'items');
  within(ratio(severe, 'productionCount'), 0.61, 0.79, 'items counted');
  within(ratio(severe, 'powerKw'), 0.95, 1.05, 'power');
  const energyAnItem = ratio(severe, 'energyKwh') / ratio(severe, 'productionCount');
  within(energyAnItem, 1.3, 1.56, 'energy an item');
  within(ratio(severe, 'vibrationMmS'), 1.7, 1.9, 'vibration');
  within(rise(severe, 'machineTempC'), 3.5, 6.5, 'temperature');
  for (const each of [mild, severe]) {
    untouched(each, [...SURROUNDINGS, 'speedPercent', 'powerKw', 'currentA']);
    recovered(each);
  }
});

test('overload: more power and gradually heat, the same items, speed and vibration', () => {
  const mild = withFault('overload', 1.5);
  const severe = withFault('overload', 5);
  within(ratio(mild, 'powerKw'), 1.13, 1.23, 'power');
  within(ratio(severe, 'powerKw'), 1.42, 1.78, 'power');
  within(rise(mild, 'machineTempC'), 4.2, 7.8, 'temperature');
  within(rise(severe, 'machineTempC'), 15.4, 28.6, 'temperature');
  for (const each of [mild, severe]) {
    untouched(each, [...SURROUNDINGS, 'speedPercent', 'throughputUnitsPerHour', 'vibrationMmS']);
    recovered(each);
  }
  const overload = motor.alertCodes.indexOf('OVERLOAD');
  assert.notEqual((severe.ill.alerts >> (2 * overload)) & 0b11, 0);
  assert.equal(severe.well.alerts, 0);
});

test('beyond the drive’s current limit the belt slows down and delivers less', () => {
  const heavy = { torqueFactor: 2.5, stopShare: 0 };
  const limited = summary(conveyor({ parameters: heavy }), MORNING_S, MORNING_S + 3600);
  const usual = summary(conveyor({ parameters: { stopShare: 0 } }), MORNING_S, MORNING_S + 3600);
  within(
    limited.mean('throughputUnitsPerHour') / usual.mean('throughputUnitsPerHour'),
    0.6,
    0.95,
    'items',
  );
});
