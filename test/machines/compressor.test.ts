/** The compressor compared with machine-models.md §4 and published ranges. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import { MAINTENANCE, RUNNING } from '../../src/core/field.ts';
import { Journal } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { compressor } from '../../src/machines/compressor/compressor.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader, type Reader } from '../../src/simulation/reader.ts';
import { WearModel } from '../../src/simulation/wear-model.ts';
import { factoryOf, passOver, type Row, readRows } from '../rows.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const ID = 'c0000000-0000-0000-0000-0000000000a1';
const HOUR_S = 3600;
/** A Tuesday in spring, in the middle of the first shift. */
const MORNING_S = Date.UTC(2026, 3, 14, 8) / 1000;
const MONDAY_S = Date.UTC(2026, 3, 13) / 1000;

interface Options {
  readonly parameters?: Readonly<Record<string, number>>;
  readonly ratedPowerKw?: number;
  readonly journal?: Journal;
}

function readerOf(fromS: number, options: Options): Reader {
  const { parameters = {}, ratedPowerKw = 55, journal = new Journal(CALM) } = options;
  const machine = { type: 'compressor', id: ID, parameters, ratedPowerKw };
  const reader = createReader(createFleet([factoryOf([machine])], { journal, seed: 11 }));
  reader.seek(fromS * 1000);
  return reader;
}

const read = (fromS: number, toS: number, options: Options = {}): readonly Row[] =>
  readRows(readerOf(fromS, options), toS * 1000);

const columns = new Map(compressor.fields.map(({ key, column }) => [key, column]));
const at = ({ values }: Row, key: string) => values[columns.get(key) as number] as number;
const series = (rows: readonly Row[], key: string) => rows.map((row) => at(row, key));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const within = (value: number, low: number, high: number, what: string) =>
  assert.ok(value >= low && value <= high, `${what}: ${value} is not within ${low} … ${high}`);
const percentile = (values: readonly number[], share: number) =>
  Float64Array.from(values).sort()[Math.round(share * (values.length - 1))] as number;

/** The same hours with and without a fault that began an hour earlier. */
function compare(type: string, severity: number) {
  const journal = new Journal(CALM, [
    {
      kind: 'inject',
      id: 'x',
      machineId: ID,
      anomalyType: type,
      severity,
      durationS: 4 * HOUR_S,
      sequence: 1,
      timeS: MORNING_S - HOUR_S,
    },
  ]);
  const well = read(MORNING_S, MORNING_S + 2 * HOUR_S);
  const ill = read(MORNING_S, MORNING_S + 2 * HOUR_S, { journal });
  const ratio = (key: string) => mean(series(ill, key)) / mean(series(well, key));
  const difference = (key: string) => mean(series(ill, key)) - mean(series(well, key));
  return { well, ill, ratio, difference };
}

/** Pressure and flow of a week; storing rows for all readings would take longer. */
function week(): { readonly bars: readonly number[]; readonly flows: readonly number[] } {
  const reader = readerOf(MONDAY_S, {});
  const batch = new Batch();
  const [bars, flows]: [number[], number[]] = [[], []];
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read((MONDAY_S + 7 * 24 * HOUR_S) * 1000, batch);
    for (let i = 0; i < batch.length; i++) {
      bars.push(batch.values[i * ROW_WIDTH + (columns.get('pressureBar') as number)] as number);
      flows.push(batch.values[i * ROW_WIDTH + (columns.get('flowRateM3h') as number)] as number);
    }
  }
  return { bars, flows };
}

const { bars, flows } = week();

/** Instants at which it began to load. */
const loadings = (rows: readonly Row[]) =>
  rows.filter((row, i) => {
    const before = rows[i - 1];
    const isLoaded = at(row, 'operatingMode') === RUNNING;
    return before !== undefined && isLoaded && at(before, 'operatingMode') !== RUNNING;
  });

test('pressure rises while it is loaded and falls while it is not', () => {
  const rows = read(MORNING_S, MORNING_S + HOUR_S, { parameters: { sensorNoiseFactor: 0 } });
  let compared = 0;
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1];
    if (!before || at(before, 'operatingMode') !== at(row, 'operatingMode')) continue;
    const riseBar = at(row, 'pressureBar') - at(before, 'pressureBar');
    const flow = at(row, 'flowRateM3h');
    if (flow === 0) assert.ok(riseBar < 0);
    if (flow > 490) assert.ok(riseBar > 0);
    compared++;
  }
  assert.ok(compared > 3000);
});

test('in normal operation the pressure stays between 6.3 and 7.4 bar', () => {
  assert.equal(bars.length, 7 * 24 * HOUR_S);
  within(percentile(bars, 0.001), 6.3, 7.4, 'low');
  within(percentile(bars, 0.999), 6.3, 7.4, 'high');
});

test('at full production it loads about 38 times per hour and uses 41.6 kW', () => {
  const rows = read(MORNING_S, MORNING_S + 4 * HOUR_S, { parameters: { wearShare: 0 } });
  within(loadings(rows).length / 4, 30, 46, 'cycles an hour');
  within(mean(series(rows, 'powerKw')), 39.5, 43.5, 'kW');
  within(mean(series(rows, 'flowRateM3h')), 295, 335, 'm³/h');
});

for (const ratedPowerKw of [15, 30, 55, 75])
  test(`${ratedPowerKw} kW: loaded at 7 bar its specific power is that of data sheets`, () => {
    const parameters = { meterNoiseShare: 0, sensorNoiseFactor: 0 };
    const rows = read(MORNING_S, MORNING_S + HOUR_S, { ratedPowerKw, parameters });
    const flow = Math.max(...series(rows, 'flowRateM3h'));
    const loaded = rows.filter(
      (row) => at(row, 'flowRateM3h') > 0.999 * flow && Math.abs(at(row, 'pressureBar') - 7) < 0.05,
    );
    within(mean(series(loaded, 'powerKw')) / (flow / 60), 5.5, 7.6, 'kW/(m³/min)');
  });

test('unloaded it blows down to 27 % of full load within a minute', () => {
  const rows = read(MORNING_S - 4 * HOUR_S, MORNING_S, { parameters: { meterNoiseShare: 0 } });
  const fullKw = Math.max(...series(rows, 'powerKw'));
  const floorKw = Math.min(...series(rows, 'powerKw'));
  within(floorKw / fullKw, 0.2, 0.35, 'unloaded share');
  let unloadedAt = Number.NaN;
  const settled: number[] = [];
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1];
    if (before && at(before, 'operatingMode') === RUNNING && at(row, 'operatingMode') !== RUNNING)
      unloadedAt = i;
    if (at(row, 'operatingMode') === RUNNING) unloadedAt = Number.NaN;
    if (at(row, 'powerKw') < floorKw + 0.05 * fullKw && !Number.isNaN(unloadedAt)) {
      settled.push(i - unloadedAt);
      unloadedAt = Number.NaN;
    }
  }
  assert.ok(settled.length > 10);
  within(mean(settled), 20, 60, 'seconds to settle');
});

test('power factor and current fall with the load', () => {
  const rows = read(MORNING_S, MORNING_S + 2 * HOUR_S);
  const loaded = rows.filter((row) => at(row, 'flowRateM3h') > 470);
  const idle = rows.filter((row) => at(row, 'powerKw') < 15.5);
  within(mean(series(loaded, 'powerFactor')), 0.82, 0.9, 'loaded');
  within(mean(series(idle, 'powerFactor')), 0.45, 0.68, 'unloaded');
  const current = mean(series(idle, 'currentA')) / mean(series(loaded, 'currentA'));
  within(current, 0.35, 0.6, 'current');
});

test('more storage means less power at half the flow', () => {
  const shares = [0.134, 0.67, 1.34].map((storageShare) => {
    const parameters = { storageShare, demandShare: 0.38, meterNoiseShare: 0 };
    const rows = read(MORNING_S, MORNING_S + 4 * HOUR_S, { parameters });
    const full = Math.max(...series(rows, 'flowRateM3h'));
    within(mean(series(rows, 'flowRateM3h')) / full, 0.44, 0.56, 'flow');
    return mean(series(rows, 'powerKw')) / (0.96 * 55);
  }) as [number, number, number];
  assert.ok(shares[0] > shares[1] && shares[1] > shares[2], `${shares}`);
  within(shares[2], 0.62, 0.7, '10 gal/cfm');
});

test('leaks are a quarter of a week’s air', () => {
  within((0.12 * percentile(flows, 0.95)) / mean(flows), 0.1, 0.3, 'share');
});

test('a leak makes it run longer, until it always runs and the pressure falls', () => {
  const small = compare('leak', 1.5);
  within(small.ratio('powerKw'), 1.08, 1.22, 'kW at 1.5');
  within(small.ratio('flowRateM3h'), 1.18, 1.38, 'm³/h at 1.5');
  assert.ok(Math.abs(small.difference('pressureBar')) < 0.1);
  assert.equal(
    small.ill.reduce((sum, row) => sum + at(row, 'productionCountBad'), 0),
    0,
  );
  const large = compare('leak', 5);
  within(large.ratio('powerKw'), 1.06, 1.25, 'kW at 5');
  within(mean(series(large.ill, 'pressureBar')), 4.8, 6, 'bar at 5');
  const total = large.ill.reduce((sum, row) => sum + at(row, 'productionCount'), 0);
  const bad = large.ill.reduce((sum, row) => sum + at(row, 'productionCountBad'), 0);
  within(bad / total, 0.5, 1, 'bad share');
  assert.ok(loadings(large.ill).length < loadings(small.ill).length);
});

test('efficiency loss costs power and warms the oil, but moves no air', () => {
  const small = compare('efficiency_loss', 1.5);
  within(small.ratio('powerKw'), 1.06, 1.12, 'kW at 1.5');
  const large = compare('efficiency_loss', 5);
  within(large.ratio('powerKw'), 1.23, 1.41, 'kW at 5');
  within(large.difference('machineTempC'), 10, 18, 'K at 5');
  within(large.ratio('flowRateM3h'), 0.97, 1.03, 'm³/h at 5');
  within(large.ratio('vibrationMmS'), 0.95, 1.08, 'mm/s at 5');
});

test('a bearing fault quadruples the vibration and hardly costs power', () => {
  const { ratio, difference, ill } = compare('bearing_fault', 5);
  within(ratio('vibrationMmS'), 3.6, 4.4, 'mm/s');
  within(ratio('powerKw'), 1, 1.03, 'kW');
  within(difference('machineTempC'), 5.6, 10.4, 'K');
  within(ratio('flowRateM3h'), 0.99, 1.01, 'm³/h');
  assert.ok(
    ill.some(({ alerts }) => alerts !== 0),
    'its controller warns of it',
  );
});

test('every night it loads to cut-out and holds for five minutes', () => {
  const checkS = Date.UTC(2026, 3, 14, 3) / 1000;
  const rows = read(checkS, checkS + 420, { parameters: { sensorNoiseFactor: 0 } });
  const held = rows.filter(
    ({ timeMs }) => timeMs / 1000 > checkS + 200 && timeMs / 1000 <= checkS + 300,
  );
  assert.ok(held.every((row) => at(row, 'pressureBar') === 7.3));
  assert.ok(held.every((row) => at(row, 'operatingMode') === RUNNING));
  assert.notEqual(at(rows.at(-1) as Row, 'operatingMode'), RUNNING);
});

test('after long idling the motor stops, and starts again at cut-in', () => {
  const parameters = { demandShare: 0, leakShare: 0.02, autoStopS: 120, sensorNoiseFactor: 0 };
  const rows = read(MORNING_S, MORNING_S + 2 * HOUR_S, { parameters });
  const isStanding = (row: Row | undefined) => row && at(row, 'speedPercent') === 0;
  const standing = rows.filter((row, i) => isStanding(row) && isStanding(rows[i - 1]));
  assert.ok(standing.length > 1000);
  assert.ok(standing.every((row) => at(row, 'powerKw') < 0.4));
  assert.ok(loadings(rows).length >= 1);
  assert.ok(loadings(rows).every((row) => at(row, 'pressureBar') < 6.61));
});

/** Readings from a start, after the compressor was off for `offS` seconds. */
function started(offS: number, seconds: number, parameters = {}) {
  const journal = new Journal(CALM, [
    { kind: 'stop', sequence: 1, timeS: MORNING_S - offS },
    { kind: 'start', sequence: 2, timeS: MORNING_S },
  ]);
  const quiet = { meterNoiseShare: 0, sensorNoiseFactor: 0, ...parameters };
  return read(MORNING_S, MORNING_S + seconds, { journal, parameters: quiet });
}

test('it starts in star-delta: 2.2 times the rated current, falling for 8 s, then idles for 10 s', () => {
  const rows = started(60, 60);
  const ratedA = Math.max(...series(read(MORNING_S, MORNING_S + 600), 'currentA'));
  const amperes = series(rows, 'currentA');
  within((amperes[0] as number) / ratedA, 1.9, 2.3, 'first second');
  within((amperes[7] as number) / ratedA, 0.45, 0.8, 'eighth second');
  assert.ok(series(rows.slice(0, 8), 'powerFactor').every((factor) => factor < 0.4));
  const idling = rows.slice(8, 18);
  assert.ok(idling.every((row) => at(row, 'operatingMode') !== RUNNING && at(row, 'powerKw') < 16));
  assert.ok(idling.every((row) => at(row, 'speedPercent') === 100));
});

test('the voltage dips by 2 % in the first second of a start, and in no other', () => {
  const volts = series(started(60, 10), 'voltageV');
  within((volts[0] as number) / (volts[1] as number), 0.975, 0.987, 'first second');
  within((volts[1] as number) / (volts[2] as number), 0.995, 1.005, 'second second');
});

test('while it is off its oil cools and its network empties', () => {
  const [short, long] = [started(60, 2)[0] as Row, started(4 * HOUR_S, 2)[0] as Row];
  assert.ok(at(short, 'machineTempC') > 60 && at(long, 'machineTempC') < 27);
  assert.ok(at(short, 'pressureBar') > 6.2 && at(long, 'pressureBar') < 0.3);
  const filled = started(4 * HOUR_S, 1200);
  const minutes = filled.findIndex((row) => at(row, 'pressureBar') >= 6.6) / 60;
  within(minutes, 4, 15, 'minutes until the network is filled');
});

test('before a maintenance it unloads for half a minute, and has stopped when that begins', () => {
  const fleet = createFleet([factoryOf([{ type: 'compressor', id: ID }])], { seed: 11 });
  const machine = fleet.machines[0] as (typeof fleet.machines)[number];
  const fromS = new WearModel(machine).parametersAt(MONDAY_S)['maintenanceFromS'] as number;
  const rows = read(fromS - 40, fromS + 2 * HOUR_S + 30);
  const stopping = rows.filter(
    ({ timeMs }) => timeMs / 1000 > fromS - 30 && timeMs / 1000 <= fromS,
  );
  assert.ok(stopping.every((row) => at(row, 'flowRateM3h') === 0));
  assert.ok(stopping.every((row) => at(row, 'operatingMode') !== RUNNING));
  const serviced = rows.filter((row) => at(row, 'operatingMode') === MAINTENANCE);
  within(serviced.length, 2 * HOUR_S - 1, 2 * HOUR_S + 1, 's');
  assert.ok(serviced.every((row) => at(row, 'speedPercent') === 0));
});

/** Power at part load relative to full load, with a constant demand. */
function partLoad(control: number, demandShare: number) {
  const parameters = { control, leakShare: demandShare, demandShare: 0, meterNoiseShare: 0 };
  const rows = read(MORNING_S, MORNING_S + 4 * HOUR_S, {
    parameters: { ...parameters, sensorNoiseFactor: 0, wearShare: 0 },
  });
  const flowM3h = mean(series(rows, 'flowRateM3h'));
  return {
    flowShare: flowM3h / 489,
    powerShare: mean(series(rows, 'powerKw')) / (0.96 * 55),
    rows,
  };
}

const CONTROLS = ['load_unload', 'vsd', 'modulation'];

test('at half flow, variable speed uses 57 % of the power, modulation 85 %, load/unload between', () => {
  const [loading, speed, modulation] = CONTROLS.map((_, i) => partLoad(i, 0.5).powerShare) as [
    number,
    number,
    number,
  ];
  within(speed, 0.53, 0.62, 'variable speed');
  within(modulation, 0.82, 0.92, 'modulation');
  assert.ok(speed < loading && loading < modulation, `${[speed, loading, modulation]}`);
});

test('variable speed keeps the pressure within 0.05 bar and shows its speed', () => {
  const { rows } = partLoad(1, 0.6);
  const bars = series(rows, 'pressureBar');
  within(Math.min(...bars), 6.74, 6.8, 'least');
  within(Math.max(...bars), 6.8, 6.86, 'most');
  within(mean(series(rows, 'speedPercent')), 55, 65, '%');
});

test('below its slowest speed it loads and unloads', () => {
  const { rows, powerShare } = partLoad(1, 0.12);
  assert.ok(loadings(rows).length > 10);
  within(powerShare, 0.15, 0.35, 'share of full power');
});

test('modulation lets the pressure rise from 7.0 to 7.7 bar as the flow falls to 40 %', () => {
  const pressures = [0.9, 0.7, 0.5].map((share) =>
    mean(series(partLoad(2, share).rows, 'pressureBar')),
  );
  const [much, some, little] = pressures as [number, number, number];
  assert.ok(7 < much && much < some && some < little && little < 7.7, `${pressures}`);
  assert.ok(loadings(partLoad(2, 0.25).rows).length > 5, 'below, it unloads');
});

for (const [control, name] of CONTROLS.entries())
  test(`${name}: a seek gives the same rows as reading through, and energy does not depend on the interval`, () => {
    const parameters = { control, meterNoiseShare: 0 };
    const targetS = MONDAY_S + 2 * 24 * HOUR_S + 4567;
    const through = readerOf(targetS - 30 * HOUR_S, { parameters });
    passOver(through, targetS * 1000);
    const rows = readRows(through, (targetS + 60) * 1000);
    assert.deepEqual(rows, read(targetS, targetS + 60, { parameters }));
    assert.equal(rows.length, 60);
    const machine = { type: 'compressor', id: ID, parameters, intervalS: 10 };
    const journal = new Journal(CALM);
    const reader = createReader(createFleet([factoryOf([machine])], { journal, seed: 11 }));
    reader.seek((targetS + 3 - (targetS % 10)) * 1000);
    const tens = readRows(reader, (targetS + HOUR_S) * 1000);
    const ones = read(targetS - HOUR_S, targetS + HOUR_S, { parameters });
    for (const row of tens) {
      const within10 = ones.filter(
        ({ timeMs }) => timeMs > row.timeMs - 10_000 && timeMs <= row.timeMs,
      );
      assert.ok(Math.abs(mean(series(within10, 'powerKw')) - at(row, 'powerKw')) < 0.0011);
    }
  });
