/** The steam boiler compared with machine-models.md §9 and published ranges. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { boiler } from '../../src/machines/boiler/boiler.ts';
import { saturationTempC } from '../../src/physics/combustion.ts';
import { Cursor } from '../../src/simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { CostCount } from '../../src/simulation/truth.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const DAY_S = 86_400;
const ID = 'c0000000-0000-0000-0000-0000000000b1';
/** A Tuesday in April, two hours into the first shift. */
const MORNING_S = Date.UTC(2026, 3, 14, 8) / 1000;
/** A low steam demand, so that the burner cycles: half of its lowest load. */
const CYCLING = { baseShare: 0.125, productionShare: 0, heatingSharePerK: 0 };
const EXACT = { meterNoiseShare: 0, sensorNoiseFactor: 0 };

interface Options {
  readonly intervalS?: number;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly events?: readonly JournalEvent[];
}

function house({ intervalS = 30, parameters = {}, events = [] }: Options = {}): Fleet {
  const machine = {
    ...{ id: ID, name: 'Boiler-1', type: 'boiler', ratedPowerKw: 45, intervalS, parameters },
    topic: 'factory/demo/boiler-1',
  };
  const journal = new Journal(CALM, events);
  return createFleet([{ ...DEFAULT_FACTORY, machines: [machine] }], { journal, seed: 11 });
}

function injected(anomalyType: string, severity: number, durationS = 4 * 3600): JournalEvent {
  return {
    ...{ kind: 'inject', id: 'x', machineId: ID, anomalyType, severity, durationS },
    ...{ sequence: 1, timeS: MORNING_S },
  };
}

const COLUMNS = new Map(boiler.fields.map(({ key, column }) => [key, column]));

interface Reading {
  readonly tS: number;
  readonly alerts: readonly number[];
  readonly values: Readonly<Record<string, number>>;
}

/** The readings of a window, by key. */
function readings(fleet: Fleet, fromS: number, toS: number): Reading[] {
  const found: Reading[] = [];
  const reader = createReader(fleet);
  const batch = new Batch();
  reader.seek(fromS * 1000);
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(toS * 1000, batch);
    for (let i = 0; i < batch.length; i++) {
      const at = (column: number) => batch.values[i * ROW_WIDTH + column] as number;
      found.push({
        tS: (batch.timesMs[i] as number) / 1000,
        alerts: boiler.alertCodes.map((_, n) => ((batch.alerts[i] as number) >>> (2 * n)) & 3),
        values: Object.fromEntries([...COLUMNS].map(([key, column]) => [key, at(column)])),
      });
    }
  }
  return found;
}

function sum(rows: readonly Reading[], key: string): number {
  return rows.reduce((total, { values }) => total + (values[key] as number), 0);
}

function mean(rows: readonly Reading[], key: string): number {
  return sum(rows, key) / rows.length;
}

function within(value: number, low: number, high: number, what: string): void {
  assert.ok(value >= low && value <= high, `${what}: ${value} is not within ${low} … ${high}`);
}

const months = new Map<number, readonly Reading[]>();
/** Four weeks from the fifth of a month, read once. */
function fourWeeks(month: number): readonly Reading[] {
  const fromS = Date.UTC(2026, month, 5) / 1000;
  const rows = months.get(month) ?? readings(house(), fromS, fromS + 28 * DAY_S);
  months.set(month, rows);
  return rows;
}

test('four weeks of each season lie within the published ranges', () => {
  for (const [month, load, powerKw] of [
    [0, 56, 13.3],
    [6, 46, 11.4],
  ] as const) {
    const rows = fourWeeks(month);
    const gasKwh = 10.55 * sum(rows, 'consumptionM3');
    const steamKg = sum(rows, 'consumptionKg');
    within((0.65 * steamKg) / gasKwh, 0.78, 0.86, 'fuel to steam, gross');
    within((0.65 * steamKg) / gasKwh, 0.825, 0.835, 'of a healthy boiler');
    within(gasKwh / steamKg, 0.77, 0.8, 'kWh of gas per kg of steam');
    within(sum(rows, 'energyKwh') / gasKwh, 0.003, 0.015, 'electricity per gas');
    within(mean(rows, 'speedPercent'), load - 4, load + 4, 'load');
    within(mean(rows, 'powerKw'), powerKw - 0.7, powerKw + 0.7, 'electric power');
    assert.ok(rows.every(({ alerts }) => alerts.every((level) => level === 0)));
  }
});

test('in winter it makes a fifth more steam than in summer', () => {
  const ratio = sum(fourWeeks(0), 'consumptionKg') / sum(fourWeeks(6), 'consumptionKg');
  within(ratio, 1.05, 1.6, 'January over July');
});

test('the heat in the steam is that of the gas times an efficiency of 78 to 86 %', () => {
  const shares = [0, 6].flatMap((month) =>
    fourWeeks(month)
      .filter(({ values }) => (values['speedPercent'] as number) > 0)
      .map(({ values }) => {
        const { flowRateKgH: steamKgH = 0, flowRateM3h: gasM3h = 0, speedPercent = 0 } = values;
        // The flue loss from the load alone, since the calculation has no lag.
        const y = speedPercent / 100;
        const oxygen = 3.5 + 4 * Math.max(0, 0.5 - y);
        const dry = (0.9 * (80 + 55 * y) * (0.66 / (21 - oxygen) + 0.009)) / 100;
        const efficiency = 1 - dry - 0.099 - 0.006 / y - 0.012;
        return {
          efficiency,
          imbalance: Math.abs(gasM3h * 10.55 * efficiency - 0.65 * steamKgH) / (gasM3h * 10.55),
        };
      }),
  );
  assert.ok(shares.length > 150_000);
  for (const { efficiency, imbalance } of shares) {
    within(efficiency, 0.78, 0.86, 'efficiency');
    within(imbalance, 0, 0.002, 'imbalance');
  }
});

test('steam is on the saturation line, and gas and steam are flows times the interval', () => {
  for (const { values } of fourWeeks(0)) {
    const at = (key: string) => values[key] as number;
    within(at('temperatureC') - saturationTempC(at('pressureBar') + 1.013), -0.5, 0.5, 'T_sat');
    within(at('enthalpyKjKg'), 2777, 2784, 'enthalpy');
    within(at('consumptionM3') - (at('flowRateM3h') * 30) / 3600, -1e-4, 1e-4, 'gas');
    within(at('consumptionKg') - (at('flowRateKgH') * 30) / 3600, -1e-3, 1e-3, 'steam');
    within(at('gasPressureBar'), 3.8, 4.1, 'gas pressure');
    within(at('gasTemperatureC'), -2, 25, 'gas temperature');
    assert.equal(at('calorificValueKwhM3'), 10.55);
  }
});

test('pressure is the same instrument in the steam and the environmental channel', () => {
  const columns = boiler.fields.filter(({ key }) => key === 'pressureBar').map((f) => f.column);
  assert.equal(columns.length, 2);
  const fleet = house();
  const reader = createReader(fleet);
  const batch = new Batch();
  reader.seek(MORNING_S * 1000);
  reader.read((MORNING_S + 3600) * 1000, batch);
  const [a, b] = columns as [number, number];
  for (let i = 0; i < batch.length; i++)
    assert.equal(batch.values[i * ROW_WIDTH + a], batch.values[i * ROW_WIDTH + b]);
  assert.ok(
    new Set(Array.from({ length: 100 }, (_, i) => batch.values[i * ROW_WIDTH + a])).size > 50,
  );
});

test('counted kilograms match the steam flow, to one per day', () => {
  const midnightS = Math.floor(MORNING_S / DAY_S) * DAY_S;
  for (const fromS of [midnightS, MORNING_S]) {
    const rows = readings(house(), fromS, fromS + DAY_S);
    within(sum(rows, 'productionCount') - sum(rows, 'consumptionKg'), -2, 1, 'kg in a day');
  }
});

test('below a quarter of its load the burner cycles with a saw-tooth of pressure', () => {
  const fleet = house({ intervalS: 1, parameters: { ...CYCLING, ...EXACT } });
  const windowS = Math.ceil(MORNING_S / 900) * 900;
  const rows = readings(fleet, windowS, windowS + 3600);
  for (let window = 0; window < 4; window++) {
    const own = rows.slice(900 * window, 900 * (window + 1));
    const firing = own.filter(({ values }) => (values['flowRateM3h'] as number) > 0);
    within(firing.length, 449, 452, 'seconds lit');
    assert.ok(firing.at(-1)?.tS === (own[firing.length - 1] as Reading).tS, 'lit from the start');
    const lit = firing.slice(1, -1);
    assert.ok(lit.every(({ values }) => values['speedPercent'] === 25));
    const fan = own.slice(-40).map(({ values }) => values['powerKw'] as number);
    assert.ok(
      fan.every((kw) => kw > 17 && kw < 20),
      `purge at ${fan[0]} kW`,
    );
    const rest = own.slice(-100, -41).map(({ values }) => values['powerKw'] as number);
    assert.ok(
      rest.every((kw) => kw > 4 && kw < 6),
      `stand-by at ${rest[0]} kW`,
    );
  }
  const bars = rows.map(({ values }) => values['pressureBar'] as number);
  within(Math.min(...bars.slice(900)), 9.499, 9.52, 'lowest');
  within(Math.max(...bars.slice(900)), 10.48, 10.501, 'highest');
  within(mean(rows, 'flowRateKgH') / ((2250 * 3600) / 2341), 0.123, 0.127, 'steam');
});

test('pressure and flue gas never jump', () => {
  const weekend = Date.UTC(2026, 6, 11) / 1000;
  const parameters = { ...EXACT, baseShare: 0.09 };
  const rows = readings(house({ intervalS: 1, parameters }), weekend, weekend + DAY_S);
  const modes = new Set(rows.map(({ values }) => values['operatingMode']));
  assert.equal(modes.size, 2, 'the burner cycles at times');
  for (let i = 1; i < rows.length; i++) {
    const step = (key: string) =>
      Math.abs((rows[i]?.values[key] as number) - (rows[i - 1]?.values[key] as number));
    within(step('pressureBar'), 0, 0.03, `pressure at ${rows[i]?.tS}`);
    within(step('machineTempC'), 0, 4, `flue gas at ${rows[i]?.tS}`);
  }
});

test('after a cold start it purges, lights off, heats up, and delivers steam at pressure', () => {
  const startS = MORNING_S + 417;
  const events: JournalEvent[] = [
    { kind: 'stop', sequence: 1, timeS: startS - 15 * DAY_S },
    { kind: 'start', sequence: 2, timeS: startS },
  ];
  const fleet = house({ intervalS: 1, parameters: EXACT, events });
  const rows = readings(fleet, startS, startS + 3600);
  const at = (second: number, key: string) => rows[second - 1]?.values[key] as number;
  within(at(20, 'powerKw'), 17, 20, 'purge');
  assert.equal(at(39, 'flowRateM3h'), 0);
  within(at(1, 'pressureBar'), 0.15, 0.25, 'pressure of water at 105 °C');
  for (let second = 60; second < 2440; second += 60) {
    assert.equal(at(second, 'flowRateKgH'), 0);
    assert.equal(at(second, 'speedPercent'), 50);
    assert.ok(at(second, 'pressureBar') > at(second - 20, 'pressureBar'));
  }
  assert.equal(at(45, 'speedPercent'), 25, 'lit at its least');
  within(at(2450, 'pressureBar'), 9.99, 10.01, 'pressure when it is up');
  assert.ok(at(2455, 'flowRateKgH') > 500);
  assert.ok(
    rows.every(({ alerts }) => alerts[0] === 0),
    'low pressure is none while it starts',
  );
});

test('from midnight its state does not depend on when it was started or first read', () => {
  for (const parameters of [{}, CYCLING]) {
    for (const laterS of [18 * 3600 + 50, 19 * 3600 + 899, 20 * 3600 + 901]) {
      const states = [MORNING_S - DAY_S - 333, MORNING_S].map((startS) => {
        const events: JournalEvent[] = [
          { kind: 'stop', sequence: 1, timeS: startS - 60 },
          { kind: 'start', sequence: 2, timeS: startS },
        ];
        const fleet = house({ intervalS: 1, parameters, events });
        const machine = fleet.machines[0] as (typeof fleet.machines)[number];
        const cursor = new Cursor(machine, fleet.journal);
        const scratch = new Float64Array(ROW_WIDTH);
        cursor.seek(startS * 1000, scratch);
        for (let tS = startS + 1; tS <= MORNING_S + laterS; tS++) cursor.read(tS, scratch, 0);
        const fresh = new Cursor(machine, new Journal(CALM));
        fresh.seek((MORNING_S + laterS) * 1000, scratch);
        assert.deepEqual(cursor.state, fresh.state);
        return cursor.state;
      });
      assert.deepEqual(states[0], states[1]);
    }
  }
});

/** The effect of a fault of severity 5 on three-hour means, relative to the healthy boiler. */
function change(anomalyType: string, severity = 5) {
  const [fromS, toS] = [MORNING_S + 3600, MORNING_S + 4 * 3600];
  const ill = readings(house({ events: [injected(anomalyType, severity)] }), fromS, toS);
  const well = readings(house(), fromS, toS);
  const ratio = (key: string) => mean(ill, key) / mean(well, key) - 1;
  const rise = (key: string) => mean(ill, key) - mean(well, key);
  const efficiency = (rows: readonly Reading[]) =>
    (65 * sum(rows, 'consumptionKg')) / (10.55 * sum(rows, 'consumptionM3'));
  return { ratio, rise, efficiencyPoints: efficiency(ill) - efficiency(well), ill };
}

test('tube fouling: flue gas 90 K hotter, 4.8 % more fuel for the same steam', () => {
  const { ratio, rise, efficiencyPoints, ill } = change('tube_fouling');
  within(rise('machineTempC'), 89, 91, 'flue gas');
  within(ratio('consumptionM3'), 0.044, 0.053, 'gas');
  within(efficiencyPoints, -4.1, -3.5, 'points of efficiency');
  assert.equal(ratio('consumptionKg'), 0);
  assert.ok(
    ill.every(({ alerts }) => alerts[1] === 2),
    'the stack’s alarm is critical',
  );
  within(change('tube_fouling', 1.5).ratio('consumptionM3'), 0.012, 0.017, 'by default');
});

test('air ratio drift: 1.6 points of efficiency, and more fan power', () => {
  const { ratio, efficiencyPoints } = change('air_ratio_drift');
  within(efficiencyPoints, -2, -1.3, 'points of efficiency');
  within(ratio('powerKw'), 0.03, 0.1, 'power');
  within(change('air_ratio_drift', 1.5).efficiencyPoints, -0.6, -0.3, 'by default');
});

test('steam leak: a quarter more steam and gas, and lost steam does not count as good', () => {
  const { ratio, efficiencyPoints, ill } = change('steam_leak');
  within(ratio('consumptionKg'), 0.18, 0.3, 'steam');
  within(ratio('consumptionM3'), 0.18, 0.3, 'gas');
  assert.ok(ratio('powerKw') > 0.05);
  within(efficiencyPoints, -0.3, 0.3, 'points of efficiency');
  within(Math.abs(ratio('productionCountGood')), 0, 0.005, 'good steam');
  assert.ok(sum(ill, 'productionCountBad') > 0);
});

test('if demand exceeds its capacity, the pressure sags and raises the alert', () => {
  const parameters = { baseShare: 0.42 };
  const events = [injected('steam_leak', 5)];
  const busy = readings(house({ parameters, events }), MORNING_S + 600, MORNING_S + 4200);
  assert.ok(busy.every(({ values }) => (values['speedPercent'] as number) <= 105));
  assert.ok(Math.min(...busy.map(({ values }) => values['pressureBar'] as number)) < 9.3);
  assert.ok(busy.some(({ alerts }) => (alerts[0] as number) > 0));
});

test('the cost of a fault includes gas and electricity, in kilowatt-hours', () => {
  const fleet = house({ events: [injected('tube_fouling', 5, 3600)] });
  const incident = fleet.journal.injections(ID)[0];
  assert.ok(incident);
  const count = new CostCount(fleet, incident);
  const untilS = MORNING_S + 3 * 3600;
  assert.equal(count.advance(incident, untilS, Number.POSITIVE_INFINITY), true);
  const { cost } = count;
  assert.ok(cost.hasRecovered);
  assert.equal(cost.lostProductionUnits, 0);
  const [ill, well] = [fleet, house()].map((each) => {
    const rows = readings(each, MORNING_S, untilS);
    return sum(rows, 'energyKwh') + 10.55 * sum(rows, 'consumptionM3');
  }) as [number, number];
  assert.ok(Math.abs(cost.excessEnergyKwh - (ill - well)) < 1e-3, `${ill - well}`);
  within(cost.excessEnergyKwh, 50, 120, 'kWh of an hour');
});

test('the longer it was off, the longer it heats up', () => {
  const startS = MORNING_S + 417;
  const minutes = [600, 6 * 3600, 30 * 3600].map((offS) => {
    const events: JournalEvent[] = [
      { kind: 'stop', sequence: 1, timeS: startS - offS },
      { kind: 'start', sequence: 2, timeS: startS },
    ];
    const rows = readings(
      house({ intervalS: 10, parameters: EXACT, events }),
      startS,
      startS + 3600,
    );
    return rows.findIndex(({ values }) => (values['flowRateKgH'] as number) > 0) / 6;
  }) as [number, number, number];
  assert.ok(minutes[0] < 3 && minutes[0] < minutes[1] && minutes[1] < minutes[2], `${minutes}`);
  assert.ok(minutes[2] < 41, `${minutes}`);
});
