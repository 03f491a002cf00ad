/** The hydraulic power unit compared with machine-models.md §7 and published ranges. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import { Journal } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { pump } from '../../src/machines/pump/pump.ts';
import { Cursor } from '../../src/simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf, readRows } from '../rows.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const DAY_S = 86_400;
const RATED_KW = 45;
/** A Tuesday, two hours into the first shift. */
const MORNING_S = Date.UTC(2026, 3, 14, 8) / 1000;
const ID = 'c0000000-0000-0000-0000-0000000000a4';
/** One recipe, of 180 bar. */
const AT_180_BAR = { recipeMinShare: 1, recipeMaxShare: 1 };

interface Options {
  readonly intervalS?: number;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly journal?: Journal;
}

function unit({ intervalS = 30, parameters = {}, journal = new Journal(CALM) }: Options = {}) {
  const factory = factoryOf([{ type: 'pump', id: ID, intervalS, parameters }]);
  return createFleet([factory], { journal, seed: 11 });
}

/** Calls `visit` for every reading of a window, with access to one field. */
function visit(
  fleet: Fleet,
  fromS: number,
  toS: number,
  reading: (at: (key: string) => number, tS: number, alerts: number) => void,
): void {
  const columns = new Map(pump.fields.map(({ key, column }) => [key, column]));
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

function within(value: number, low: number, high: number, what: string): void {
  assert.ok(value >= low && value <= high, `${what}: ${value} is not within ${low} … ${high}`);
}

/** Compares item by item: a difference between long lists takes an assertion minutes to print. */
function same(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [i, each] of expected.entries()) assert.deepEqual(actual[i], each, `${what}, ${i}`);
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

/** What one-second readings of a window reveal. */
function observed(fleet: Fleet, fromS: number, toS: number) {
  const o = {
    standbyKw: [] as number[],
    holdKw: [] as number[],
    holdBar: [] as number[],
    tempC: [] as number[],
    vibrationMmS: [] as number[],
    flowM3h: [] as number[],
    highestBar: 0,
    energyKwh: 0,
    parts: 0,
    badParts: 0,
    cyclesPerHour: [] as number[],
    leastMarginKw: Number.POSITIVE_INFINITY,
    alerts: 0,
    site: [] as number[],
  };
  let idleS = 0;
  let heldS = 0;
  visit(fleet, fromS, toS, (at, _tS, alerts) => {
    const pressureBar = at('pressureBar');
    const isHigh = pressureBar > 0.8 * at('recipeId');
    idleS = at('operatingMode') === 0 ? idleS + 1 : 0;
    heldS = isHigh && at('flowRateM3h') < 5 ? heldS + 1 : 0;
    if (idleS > 1) o.standbyKw.push(at('powerKw'));
    if (heldS > 6) {
      o.holdKw.push(at('powerKw'));
      o.holdBar.push(pressureBar);
    }
    o.tempC.push(at('machineTempC'));
    o.vibrationMmS.push(at('vibrationMmS'));
    o.flowM3h.push(at('flowRateM3h'));
    o.highestBar = Math.max(o.highestBar, pressureBar);
    o.energyKwh += at('energyKwh');
    o.parts += at('productionCount');
    o.badParts += at('productionCountBad');
    o.cyclesPerHour.push(at('throughputUnitsPerHour'));
    const flowKw = (pressureBar * at('flowRateM3h')) / 36;
    o.leastMarginKw = Math.min(o.leastMarginKw, at('powerKw') - flowKw);
    o.alerts |= alerts;
    o.site.push(at('outdoorTempC'), at('indoorTempC'), at('outdoorHumidityPercent'));
  });
  return o;
}

test('four weeks of each season lie within the published ranges', () => {
  for (const month of [0, 3, 6]) {
    const fromS = Date.UTC(2026, month, 5) / 1000;
    const full = { readings: 0, parts: 0, oilTempC: 0 };
    let faultyMessages = 0;
    const vibrations: number[] = [];
    visit(unit(), fromS, fromS + 28 * DAY_S, (at, tS) => {
      const powerKw = at('powerKw');
      const apparentKw =
        (Math.sqrt(3) * at('voltageV') * at('currentA') * at('powerFactor')) / 1000;
      const isAgreed =
        Math.abs(apparentKw - powerKw) <= 0.005 + 3e-4 * powerKw &&
        Math.abs(at('energyKwh') - powerKw / 120) <= 1e-6 &&
        at('productionCountGood') + at('productionCountBad') === at('productionCount');
      if (!isAgreed) faultyMessages++;
      if (tS % 300 === 0) vibrations.push(at('vibrationMmS'));
      const isWeekday = new Date(tS * 1000).getUTCDay() % 6 !== 0;
      const secondOfDay = tS % DAY_S;
      if (!isWeekday || secondOfDay <= 8 * 3600 || secondOfDay > 22 * 3600) return;
      full.readings++;
      full.parts += at('productionCount');
      full.oilTempC += at('machineTempC');
    });
    vibrations.sort((a, b) => a - b);
    assert.equal(faultyMessages, 0);
    within((120 * full.parts) / full.readings, 30, 45, 'parts an hour');
    within(full.oilTempC / full.readings, 40, 60, 'oil temperature');
    const percentile = (share: number) =>
      vibrations[Math.floor(share * vibrations.length)] as number;
    within(percentile(0.01), 0.5, 4.5, 'vibration, first percentile');
    within(percentile(0.99), 0.5, 4.5, 'vibration, last percentile');
  }
});

test('standby, hold and energy per part are those of a load-sensing pump', () => {
  const fleet = unit({ intervalS: 1, parameters: AT_180_BAR });
  const o = observed(fleet, MORNING_S, MORNING_S + 4 * 3600);
  within(mean(o.standbyKw) / RATED_KW, 0.05, 0.12, 'standby power');
  within(mean(o.standbyKw) / RATED_KW, 0.07, 0.09, 'standby power, usual');
  within(mean(o.holdKw) / RATED_KW, 0.1, 0.25, 'hold power');
  within(o.energyKwh / o.parts, 0.26, 0.36, 'energy a part');
  assert.ok(o.highestBar <= 180 * 1.005);
  assert.equal(o.alerts, 0);
});

test('power is always more than pressure times flow', () => {
  const quiet = { ...AT_180_BAR, sensorNoiseFactor: 0, meterNoiseShare: 0 };
  const fleet = unit({ intervalS: 1, parameters: quiet });
  assert.ok(observed(fleet, MORNING_S, MORNING_S + 3600).leastMarginKw > 0);
});

test('the parts of a day are the cycles of its blocks', () => {
  const startS = Math.floor(MORNING_S / DAY_S) * DAY_S;
  const blocks = new Map<number, number>();
  let parts = 0;
  visit(unit(), startS, startS + DAY_S, (at) => {
    blocks.set(at('batchId'), at('throughputUnitsPerHour') / 4);
    parts += at('productionCount');
  });
  assert.equal(blocks.size, 96);
  assert.equal(
    parts,
    [...blocks.values()].reduce((sum, cycles) => sum + cycles, 0),
  );
});

test('half the load makes half the parts, and a weekend cooler oil', () => {
  const at = (offsetS: number) =>
    observed(unit(), MORNING_S + offsetS, MORNING_S + offsetS + 4 * 3600);
  const [full, night, weekend] = [at(4 * 3600), at(15 * 3600), at(4 * DAY_S + 4 * 3600)];
  within(night.parts / full.parts, 0.4, 0.6, 'parts at night');
  within(weekend.parts / full.parts, 0.2, 0.4, 'parts on a weekend');
  assert.ok(mean(full.tempC) > mean(night.tempC));
  assert.ok(mean(night.tempC) > mean(weekend.tempC));
});

test('recipes are 150 to 200 bar, and the pressure held is the recipe’s', () => {
  const seen = new Set<number>();
  visit(unit(), MORNING_S, MORNING_S + 7 * DAY_S, (at) => {
    seen.add(at('recipeId'));
    const bar = at('pressureBar');
    assert.ok(bar <= 1.005 * at('recipeId'), `${bar} bar with recipe ${at('recipeId')}`);
  });
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [150, 160, 170, 180, 190, 200],
  );
  const recipe = pump.fields.find(({ key }) => key === 'recipeId');
  const batch = pump.fields.find(({ key }) => key === 'batchId');
  assert.equal(recipe?.text?.(180), 'P180');
  assert.equal(batch?.text?.(1_973_512), 'B1973512');
});

test('a fixed-displacement pump idles at 14 % and holds at nine tenths of its power', () => {
  const parameters = { ...AT_180_BAR, holdFlowShare: 0.7, standbyFlowShare: 0.7 };
  const fleet = unit({ intervalS: 1, parameters });
  const idleKw: number[] = [];
  let highestKw = 0;
  visit(fleet, MORNING_S, MORNING_S + 3600, (at) => {
    if (at('operatingMode') === 0 && at('pressureBar') < 25) idleKw.push(at('powerKw'));
    if (at('pressureBar') > 175) highestKw = Math.max(highestKw, at('powerKw'));
  });
  within(mean(idleKw) / RATED_KW, 0.12, 0.18, 'idle power');
  within(highestKw / RATED_KW, 0.85, 1.1, 'hold power');
});

test('energy over ten seconds is the sum of ten times one second', () => {
  const [ones, tens] = [1, 10].map((intervalS) => {
    const machine = unit({ intervalS, parameters: { meterNoiseShare: 0 } }).machines[0];
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

test('parts do not depend on the interval', () => {
  const totals = [7, 10, 30].map((intervalS) => {
    const o = observed(unit({ intervalS }), MORNING_S, MORNING_S + 210 * 100);
    return [o.parts, o.badParts];
  });
  assert.ok((totals[0]?.[0] ?? 0) > 200);
  assert.deepEqual(totals[1], totals[0]);
  assert.deepEqual(totals[2], totals[0]);
});

test('a seek gives the rows of reading through', () => {
  const journal = new Journal({ ...DEFAULT_SETTINGS, anomalyProbability: 1 });
  const fleet = unit({ journal });
  const fromMs = MORNING_S * 1000;
  const through = createReader(fleet);
  through.seek(fromMs - 6 * DAY_S * 1000);
  readRows(through, fromMs - 1);
  for (let i = 0; i < 12; i++) {
    const atMs = fromMs + i * 19_876_543;
    readRows(through, atMs);
    const expected = readRows(through, atMs + 900_000);
    const sought = createReader(fleet);
    sought.seek(atMs);
    same(readRows(sought, atMs + 900_000), expected, 'rows');
  }
});

test('switched on within a block, it joins the plan with its oil and a whole cycle', () => {
  const journal = new Journal(CALM);
  journal.append({ kind: 'stop', sequence: 1, timeS: MORNING_S });
  journal.append({ kind: 'start', sequence: 2, timeS: MORNING_S + 433 });
  const late = observed(unit({ intervalS: 1, journal }), MORNING_S + 433, MORNING_S + 900);
  const whole = observed(unit({ intervalS: 1 }), MORNING_S, MORNING_S + 900);
  within(late.parts, whole.parts / 2 - 1.5, whole.parts / 2, 'parts of half a block');
  // Of the oil's excess over the hall's 24 °C, e^(−433/2400) remains.
  const leftC = 24 + ((whole.tempC[0] as number) - 24) * Math.exp(-433 / 2400);
  within(late.tempC[0] as number, leftC - 2, leftC + 2, 'oil at the start');
  const next = (fleet: Fleet) => observed(fleet, MORNING_S + 900, MORNING_S + 1800).parts;
  assert.equal(next(unit({ intervalS: 1, journal })), next(unit({ intervalS: 1 })));
});

test('no part is lost if severe faults begin in the middle of a full block', () => {
  const parameters = { leakShare: 0.1, buildS: 40, holdS: 10, releaseS: 3, handlingS: 10 };
  const startS = MORNING_S + 200;
  const journal = new Journal(CALM);
  for (const [i, anomalyType] of ['seal_leak', 'pump_wear', 'valve_fault'].entries())
    journal.append({
      kind: 'inject',
      sequence: i + 1,
      timeS: startS + i,
      id: anomalyType,
      machineId: ID,
      anomalyType,
      severity: 5,
      durationS: 600,
    });
  const parts = (options: Options) =>
    observed(unit({ parameters, ...options }), MORNING_S, MORNING_S + 900).parts;
  assert.equal(parts({ journal }), parts({}));
});

/**
 * The last twenty minutes of an hour with a fault, and six hours later, next to the healthy unit.
 */
function withFault(anomalyType: string, severity: number) {
  const journal = new Journal(CALM);
  journal.append({
    kind: 'inject',
    sequence: 1,
    timeS: MORNING_S,
    id: 'one',
    machineId: ID,
    anomalyType,
    severity,
    durationS: 3600,
  });
  const options = { intervalS: 1, parameters: AT_180_BAR };
  const at = (given: Options, fromS: number, toS: number) =>
    observed(unit({ ...options, ...given }), MORNING_S + fromS, MORNING_S + toS);
  return {
    ill: at({ journal }, 1800, 3600),
    well: at({}, 1800, 3600),
    after: at({ journal }, 6 * 3600, 7 * 3600),
    healthy: at({}, 6 * 3600, 7 * 3600),
  };
}

type Observed = ReturnType<typeof observed>;
type Case = ReturnType<typeof withFault>;
const ratio = ({ ill, well }: Case, of: (o: Observed) => number) => of(ill) / of(well);
const holdKw = (o: Observed) => mean(o.holdKw);
const standbyKw = (o: Observed) => mean(o.standbyKw);
const kwhPerPart = (o: Observed) => o.energyKwh / o.parts;
const warming = ({ ill, well }: Case) => mean(ill.tempC) - mean(well.tempC);

function recovered({ after, healthy, ill, well }: Case): void {
  same(ill.site, well.site, 'surroundings');
  assert.equal(after.parts, healthy.parts);
  assert.equal(after.badParts, healthy.badParts);
  same(after.vibrationMmS, healthy.vibrationMmS, 'vibration');
  assert.ok(Math.abs(after.energyKwh / healthy.energyKwh - 1) < 0.002, 'energy');
  assert.ok(Math.abs(mean(after.tempC) - mean(healthy.tempC)) < 0.1, 'temperature');
  assert.equal(after.alerts, 0);
}

test('seal leak: power in the hold, low pressure, bad parts when severe', () => {
  const mild = withFault('seal_leak', 1.5);
  const severe = withFault('seal_leak', 5);
  within(ratio(mild, holdKw) - 1, 0.33, 0.61, 'hold power');
  within(ratio(severe, holdKw) - 1, 0.98, 1.82, 'hold power');
  within(ratio(mild, kwhPerPart) - 1, 0.11, 0.21, 'energy a part');
  within(ratio(severe, kwhPerPart) - 1, 0.36, 0.68, 'energy a part');
  within(mean(mild.ill.holdBar), 173, 177, 'hold pressure');
  within(mean(severe.ill.holdBar), 158, 166, 'hold pressure');
  within(warming(mild), 2.5, 4.6, 'oil');
  within(warming(severe), 4.5, 9.5, 'oil');
  assert.ok(mean(severe.ill.flowM3h) > 1.1 * mean(severe.well.flowM3h));
  within(ratio(severe, standbyKw), 0.97, 1.05, 'standby power');
  assert.equal(severe.ill.badParts, severe.ill.parts);
  within(mild.ill.badParts, 0, 2, 'bad parts');
  within(mean(severe.ill.cyclesPerHour) / mean(severe.well.cyclesPerHour), 0.85, 0.95, 'cycles');
  const lowPressure = pump.alertCodes.indexOf('LOW_PRESSURE');
  assert.equal((severe.ill.alerts >> (2 * lowPressure)) & 0b10, 0b10);
  assert.equal((mild.ill.alerts >> (2 * lowPressure)) & 0b11, 0);
  recovered(mild);
  recovered(severe);
});

test('pump wear: power in the hold, hot oil, vibration, the same pressure', () => {
  const mild = withFault('pump_wear', 1.5);
  const severe = withFault('pump_wear', 5);
  within(ratio(mild, holdKw) - 1, 0.42, 0.78, 'hold power');
  within(ratio(severe, holdKw) - 1, 1.6, 3, 'hold power');
  within(ratio(mild, kwhPerPart) - 1, 0.16, 0.3, 'energy a part');
  within(ratio(severe, kwhPerPart) - 1, 0.67, 1.25, 'energy a part');
  within(warming(mild), 3.5, 6.5, 'oil');
  within(warming(severe), 9.8, 18.2, 'oil');
  within(mean(severe.ill.holdBar), 179.5, 180.5, 'hold pressure');
  assert.ok(mean(severe.ill.flowM3h) < 0.95 * mean(severe.well.flowM3h));
  const vibration = (o: Observed) => Math.max(...o.vibrationMmS);
  within(ratio(severe, vibration), 2.4, 2.6, 'vibration');
  within(severe.ill.badParts, 0, 2, 'bad parts');
  recovered(mild);
  recovered(severe);
});

test('valve fault: power in standby, swinging pressure below the relief valve’s', () => {
  const mild = withFault('valve_fault', 1.5);
  const severe = withFault('valve_fault', 5);
  within(ratio(mild, standbyKw) - 1, 0.13, 0.25, 'standby power');
  within(ratio(severe, standbyKw), 1.7, 2.3, 'standby power');
  within(ratio(mild, holdKw) - 1, 0.15, 0.29, 'hold power');
  within(ratio(severe, holdKw) - 1, 0.5, 0.92, 'hold power');
  within(ratio(mild, kwhPerPart) - 1, 0.049, 0.091, 'energy a part');
  within(ratio(severe, kwhPerPart) - 1, 0.175, 0.325, 'energy a part');
  assert.ok(deviation(mild.ill.holdBar) > 5 * deviation(mild.well.holdBar));
  assert.ok(deviation(severe.ill.holdBar) > 2 * deviation(mild.ill.holdBar));
  within(mean(severe.ill.holdBar), 175, 187, 'hold pressure');
  assert.ok(severe.ill.highestBar > 182 && severe.ill.highestBar <= 1.1 * 180 * 1.005);
  assert.equal(severe.ill.parts, severe.well.parts);
  within(severe.ill.badParts, 0, 2, 'bad parts');
  recovered(mild);
  recovered(severe);
});

test('a fixed-displacement pump uses 0.9 of its power to hold and 0.14 to idle', () => {
  const parameters = {
    ...AT_180_BAR,
    ...{ displacement: 1, meterNoiseShare: 0, sensorNoiseFactor: 0, wearShare: 0 },
  };
  const [holding, idling, parts]: [number[], number[], number[]] = [[], [], []];
  visit(unit({ intervalS: 1, parameters }), MORNING_S, MORNING_S + 3600, (at) => {
    const powerShare = at('powerKw') / RATED_KW;
    if (at('pressureBar') === 180) holding.push(powerShare);
    if (at('pressureBar') === 22) idling.push(powerShare);
    parts.push(at('productionCount'));
  });
  const motor = 0.946;
  within(mean(holding) * motor, 0.82, 0.95, 'held over the relief valve');
  within(mean(idling) * motor, 0.12, 0.19, 'unloaded');
  assert.ok(parts.reduce((sum, each) => sum + each, 0) > 20);
});

test('a soft starter runs the motor up in ten seconds', () => {
  const journal = new Journal(CALM);
  journal.append({ kind: 'stop', sequence: 1, timeS: MORNING_S });
  journal.append({ kind: 'start', sequence: 2, timeS: MORNING_S + 433 });
  const parameters = { meterNoiseShare: 0, sensorNoiseFactor: 0 };
  const powers: number[] = [];
  const speeds: number[] = [];
  visit(unit({ intervalS: 1, parameters, journal }), MORNING_S + 433, MORNING_S + 443, (at) => {
    powers.push(at('powerKw'));
    speeds.push(at('speedPercent'));
  });
  for (const [i, kw] of powers.entries())
    assert.ok(i === 0 || kw > (powers[i - 1] as number), `${powers}`);
  assert.equal(speeds[4], 50);
  assert.equal(speeds[9], 100);
});

test('stiff oil and bearings need more power in the first half-hour', () => {
  const journal = new Journal(CALM);
  journal.append({ kind: 'stop', sequence: 1, timeS: MORNING_S - 60 });
  journal.append({ kind: 'start', sequence: 2, timeS: MORNING_S });
  const parameters = { meterNoiseShare: 0 };
  const idleKw = (options: Options) => {
    const powers: number[] = [];
    visit(unit({ ...options, intervalS: 1 }), MORNING_S + 60, MORNING_S + 900, (at) => {
      if (at('operatingMode') === 0) powers.push(at('powerKw'));
    });
    return Math.min(...powers);
  };
  const [cold, warm] = [idleKw({ parameters, journal }), idleKw({ parameters })];
  within(cold / warm, 1.003, 1.06, 'cold against warm');
});
