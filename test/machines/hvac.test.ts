import assert from 'node:assert/strict';
import test from 'node:test';
import { RUNNING } from '../../src/core/field.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import type { Values } from '../../src/core/machine.ts';
import { solarShare } from '../../src/physics/cooling.ts';
import { Cursor } from '../../src/simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf, readRows } from '../rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const ID = 'hvac';
const REF_KW = 0.78 * 150 * 2.95;
/** The hottest weekday of the July of seed 42: 38.7 °C between 8 and 17 h. */
const HOT_DAY_MS = Date.UTC(2026, 6, 20);

interface Options {
  readonly events?: readonly JournalEvent[];
  readonly parameters?: Partial<Values<string>>;
}

function fleetOf({ events = [], parameters = {} }: Options = {}) {
  const factory = factoryOf([{ type: 'hvac', id: ID, parameters }]);
  return createFleet([factory], { seed: 42, journal: new Journal(CALM, events) });
}

/** Published readings of a window by key, null as NaN. */
function readingsOf(fromMs: number, toMs: number, options: Options = {}) {
  const fleet = fleetOf(options);
  const { type, site } = fleet.machines[0] as (typeof fleet.machines)[number];
  const reader = createReader(fleet);
  reader.seek(fromMs);
  const rows = readRows(reader, toMs);
  const column = (key: string) => {
    const at = type.fields.find((field) => field.key === key)?.column as number;
    return rows.map(({ values }) => values[at] ?? Number.NaN);
  };
  return { rows, column, instants: rows.map(({ timeMs }) => site.at(timeMs / 1000).load) };
}

/** Number of days that represent a month. */
const MONTH_DAYS = 6;

function months() {
  return [0, 3, 6].map((month) => {
    const fromMs = Date.UTC(2026, month, 1);
    return readingsOf(fromMs, fromMs + MONTH_DAYS * DAY_MS);
  });
}

const mean = (values: readonly number[]) => {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
};
const share = (values: readonly number[], part: number) => {
  const known = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return known[Math.floor(part * (known.length - 1))] as number;
};
const between = (value: number, low: number, high: number, what: string) =>
  assert.ok(value >= low && value <= high, `${what}: ${value} not in ${low} to ${high}`);

const seasons = months();
const july = seasons[2] as (typeof seasons)[number];

test('COP lies between 2 and 6 in any season, and is there exactly when a stage ran', () => {
  for (const { column } of seasons) {
    between(share(column('cop'), 0.01), 2, 6, 'least');
    between(share(column('cop'), 0.99), 2, 6, 'greatest');
    const modes = column('operatingMode');
    for (const [i, cop] of column('cop').entries())
      assert.equal(Number.isNaN(cop), modes[i] !== RUNNING);
  }
});

test('in July at half production or more the zone is kept between 21.0 and 24.5 °C', () => {
  const tempC = july.column('indoorTempC').filter((_, i) => (july.instants[i] as number) >= 0.5);
  between(share(tempC, 0.01), 21, 24.5, 'least');
  between(share(tempC, 0.99), 21, 24.5, 'greatest');
});

test('chilled water is 6 to 8 °C on average, and the healthy machine hardly vibrates', () => {
  for (const { column } of seasons) {
    between(mean(column('chilledWaterSupplyTempC')), 6, 8, 'chilled water');
    between(share(column('vibrationMmS'), 0.01), 0.5, 4.5, 'least vibration');
    between(share(column('vibrationMmS'), 0.99), 0.5, 4.5, 'greatest vibration');
  }
});

test('it uses about 23 kW in January, 75 kW in July, and never exceeds its rated power by a tenth', () => {
  const [january = 0, april = 0, summer = 0] = seasons.map(({ column }) => mean(column('powerKw')));
  between(january, 18, 28, 'January');
  between(april, 22, 45, 'April');
  between(summer, 60, 90, 'July');
  assert.ok(Math.max(...july.column('powerKw')) < 165);
});

test('no stage starts more than six times an hour', () => {
  const speeds = july.column('speedPercent').map((speed) => Math.ceil(speed / 25 - 1e-9));
  const starts = speeds.map((stages, i) => Math.max(0, stages - (speeds[i - 1] ?? stages)));
  const perHour = starts.reduce((sum, count) => sum + count, 0) / (MONTH_DAYS * 24);
  assert.ok(perHour > 1 && perHour <= 6, `${perHour}`);
});

test('a stage runs or pauses for at least two minutes, except when the loop is trimmed', () => {
  const { type, parameters, site, random } = fleetOf().machines[0] as ReturnType<
    typeof fleetOf
  >['machines'][number];
  const fromS = Date.UTC(2026, 3, 6) / 1000;
  const s = type.start(parameters, site, random, fromS);
  const lengths: number[] = [];
  for (let tS = fromS; tS < fromS + 7 * 86_400; ) {
    tS = type.begin(s, parameters, site, random, tS);
    if (tS === s['windowEndS'] && (tS / 600) % 72 !== 19)
      lengths.push((s['onEndS'] as number) - (s['windowS'] as number));
  }
  assert.ok(lengths.length > 900);
  for (const onS of lengths) if (onS > 0) between(onS, 120 - 1e-6, 480 + 1e-6, 'seconds on');
  assert.ok(lengths.some((onS) => onS > 0 && onS < 480));
});

test('a day’s counts are its cooling in kilowatt-hours, to one unit', () => {
  const day = readingsOf(HOT_DAY_MS, HOT_DAY_MS + DAY_MS);
  const kwh = mean(day.column('throughputUnitsPerHour')) * 24;
  const count = day.column('productionCount').reduce((sum, n) => sum + n, 0);
  assert.ok(Math.abs(count - kwh) <= 1.5, `${count} against ${kwh}`);
});

test('inside: COP below Carnot’s, cooling within capacity, temperatures of air and water in order', () => {
  const fleet = fleetOf({ parameters: { meterNoiseShare: 0, sensorNoiseFactor: 0 } });
  const machine = fleet.machines[0] as (typeof fleet.machines)[number];
  const cursor = new Cursor(machine, fleet.journal);
  const scratch = new Float64Array(64);
  for (const fromMs of [Date.UTC(2026, 3, 6), HOT_DAY_MS]) {
    cursor.seek(fromMs, scratch);
    for (let tS = fromMs / 1000 + 10; tS <= fromMs / 1000 + 86_400; tS += 10) {
      cursor.read(tS, scratch, 0);
      const s = cursor.state as Values<string>;
      const at = (key: string) => s[key] as number;
      const evaporatorKw = at('throughputUnitsPerHour');
      assert.ok(at('chilledWaterReturnTempC') >= at('chilledWaterSupplyTempC'));
      assert.ok(at('supplyAirTempC') <= at('returnAirTempC'));
      assert.ok(at('indoorTempC') >= 19);
      between(at('indoorHumidityPercent'), 25, 70, 'humidity');
      if (Number.isNaN(at('cop'))) continue;
      const shown = at('compressorMeanKw') * at('cop');
      assert.ok(Math.abs(shown - evaporatorKw) <= 1e-9 * REF_KW, 'P · COP = Q');
      const coldK = at('chilledWaterSupplyTempC') + 273.15;
      const outdoorK = machine.site.at(tS).outdoorTempC + 273.15;
      if (outdoorK > coldK + 1) assert.ok(at('cop') < coldK / (outdoorK - coldK), 'Carnot');
      assert.ok(evaporatorKw <= 4.0001 * at('stageKw'));
    }
  }
});

test('published COP times the chiller’s power is the cooling, within 1 % of the capacity', () => {
  const fleet = fleetOf();
  const machine = fleet.machines[0] as (typeof fleet.machines)[number];
  const cursor = new Cursor(machine, fleet.journal);
  const values = new Float64Array(64);
  const copAt = machine.type.fields.find(({ key }) => key === 'cop')?.column as number;
  const coolingAt = machine.type.fields.find(({ key }) => key === 'throughputUnitsPerHour');
  cursor.seek(HOT_DAY_MS, values);
  for (let tS = HOT_DAY_MS / 1000 + 10; tS <= HOT_DAY_MS / 1000 + 86_400; tS += 10) {
    cursor.read(tS, values, 0);
    const chillerKw = (cursor.state as Values<string>)['compressorMeanKw'] as number;
    const cop = values[copAt] as number;
    if (Number.isNaN(cop)) continue;
    const coolingKw = values[coolingAt?.column as number] as number;
    assert.ok(Math.abs(chillerKw * cop - coolingKw) <= 0.01 * REF_KW);
  }
});

test('the zone’s heat balance closes over every window of a day, to a millionth of a kelvin', () => {
  const fleet = fleetOf();
  const machine = fleet.machines[0] as (typeof fleet.machines)[number];
  const { site, random } = machine;
  const cursor = new Cursor(machine, fleet.journal);
  const scratch = new Float64Array(64);
  const fromS = Date.UTC(2026, 4, 12) / 1000;
  cursor.seek(1000 * fromS, scratch);
  const stateOf = (key: string) => (cursor.state as Values<string>)[key] as number;
  let beforeTempC = stateOf('indoorTempC');
  for (let windowS = fromS; windowS < fromS + 86_400; windowS += 600) {
    let integralKs = 0;
    let lastTempC = beforeTempC;
    for (let tS = windowS + 10; tS <= windowS + 600; tS += 10) {
      cursor.read(tS, scratch, 0);
      integralKs += 5 * (lastTempC + stateOf('indoorTempC'));
      lastTempC = stateOf('indoorTempC');
    }
    const { load, outdoorTempC, solarHour, cloudShare, summerShare } = site.at(windowS);
    const callShare = Math.min(
      1,
      Math.max(0, (beforeTempC - stateOf('setpointTempC') + 0.25) / 1.5),
    );
    const flowShare = load >= 0.4 ? 0.6 + 0.4 * callShare : 0.5 + 0.5 * callShare;
    const coolingShare = 0.1 * flowShare * (stateOf('returnAirTempC') - stateOf('supplyAirTempC'));
    const gainShare =
      0.4 * (0.2 + 0.8 * load) * (1 + 0.06 * random.smooth(0, 3600, windowS)) +
      0.15 * solarShare(solarHour, cloudShare, summerShare);
    const heatKs = 0.016 * (600 * outdoorTempC - integralKs) + 600 * (gainShare - coolingShare);
    const expectedTempC = beforeTempC + heatKs / 720;
    if (expectedTempC > 19.01) between(lastTempC - expectedTempC, -2e-6, 2e-6, `window ${windowS}`);
    beforeTempC = lastTempC;
  }
});

/** A fault from 7 to 17 h of the hot day. */
function inject(anomalyType: string, severity: number): JournalEvent {
  return {
    kind: 'inject',
    id: 'x',
    machineId: ID,
    anomalyType,
    severity,
    durationS: 10 * 3600,
    sequence: 1,
    timeS: (HOT_DAY_MS + 7 * HOUR_MS) / 1000,
  };
}
const faultyDay = (anomalyType: string, severity: number) =>
  readingsOf(HOT_DAY_MS + 8 * HOUR_MS, HOT_DAY_MS + 17 * HOUR_MS, {
    events: [inject(anomalyType, severity)],
  });
const sound = readingsOf(HOT_DAY_MS + 8 * HOUR_MS, HOT_DAY_MS + 17 * HOUR_MS);
const ratio = (faulty: typeof sound, key: string) =>
  mean(faulty.column(key)) / mean(sound.column(key));
const rise = (faulty: typeof sound, key: string) =>
  mean(faulty.column(key)) - mean(sound.column(key));

test('a hot working day without a fault: 131 kW, COP 2.87, 22.9 °C', () => {
  between(mean(sound.column('powerKw')), 125, 138, 'power');
  between(mean(sound.column('cop')), 2.75, 2.95, 'COP');
  between(mean(sound.column('indoorTempC')), 22.6, 23.2, 'zone');
});

test('refrigerant leak: COP −8 % and −21 %, at severity 5 warm water, a warm zone, less cooling', () => {
  const weak = faultyDay('refrigerant_leak', 1.5);
  between(ratio(weak, 'cop'), 0.89, 0.96, 'COP at 1.5');
  between(ratio(weak, 'powerKw'), 1.04, 1.1, 'power at 1.5');
  const strong = faultyDay('refrigerant_leak', 5);
  between(ratio(strong, 'cop'), 0.73, 0.85, 'COP at 5');
  between(ratio(strong, 'powerKw'), 1.05, 1.13, 'power at 5');
  between(rise(strong, 'chilledWaterSupplyTempC'), 1.5, 2.9, 'water at 5');
  between(rise(strong, 'indoorTempC'), 1.2, 2.9, 'zone at 5');
  between(ratio(strong, 'throughputUnitsPerHour'), 0.79, 0.89, 'cooling at 5');
  for (const key of ['pressureBar', 'flowRateM3h']) assert.equal(ratio(strong, key), 1);
});

test('dirty coils: COP −7 % and −21 %, power +7 % and +22 %, condenser +4 and +14 K, zone unmoved', () => {
  for (const [severity, cop, power, hotterK] of [
    [1.5, 0.07, 0.07, 4],
    [5, 0.21, 0.22, 13.5],
  ] as const) {
    const faulty = faultyDay('dirty_coils', severity);
    between(1 - ratio(faulty, 'cop'), 0.7 * cop, 1.3 * cop, 'COP');
    between(ratio(faulty, 'powerKw') - 1, 0.7 * power, 1.3 * power, 'power');
    between(rise(faulty, 'machineTempC'), 0.7 * hotterK, 1.3 * hotterK, 'condenser');
    between(Math.abs(rise(faulty, 'indoorTempC')), 0, 0.01, 'zone');
    assert.equal(ratio(faulty, 'vibrationMmS'), 1);
  }
});

test('compressor fault: vibration ×1.6 and ×3, COP down, capacity lost, a hot zone at severity 5', () => {
  const weak = faultyDay('compressor_fault', 1.5);
  between(ratio(weak, 'vibrationMmS'), 1.45, 1.65, 'vibration at 1.5');
  between(ratio(weak, 'cop'), 0.93, 0.98, 'COP at 1.5');
  between(rise(weak, 'chilledWaterSupplyTempC'), 0.4, 1.6, 'water at 1.5');
  const strong = faultyDay('compressor_fault', 5);
  between(ratio(strong, 'vibrationMmS'), 2.5, 3.05, 'vibration at 5');
  between(ratio(strong, 'cop'), 0.85, 0.93, 'COP at 5');
  between(rise(strong, 'chilledWaterSupplyTempC'), 1.5, 2.9, 'water at 5');
  between(rise(strong, 'indoorTempC'), 2.8, 5.2, 'zone at 5');
  between(ratio(strong, 'throughputUnitsPerHour'), 0.65, 0.81, 'cooling at 5');
  between(ratio(strong, 'powerKw'), 0.82, 0.93, 'power at 5');
  assert.ok(strong.column('productionCountBad').some((bad) => bad > 0));
});

test('a warm zone and a vibrating compressor raise their alerts', () => {
  const { type } = fleetOf().machines[0] as ReturnType<typeof fleetOf>['machines'][number];
  const seen = faultyDay('compressor_fault', 5).rows.reduce((all, { alerts }) => all | alerts, 0);
  const quiet = sound.rows.reduce((all, { alerts }) => all | alerts, 0);
  const level = (alerts: number, code: string) =>
    (alerts >> (2 * type.alertCodes.indexOf(code))) & 3;
  assert.ok(level(seen, 'ZONE_TOO_WARM') > 0);
  assert.ok(level(seen, 'CHILLED_WATER_WARM') > 0);
  assert.equal(quiet, 0);
});

test('four hours after the worst compressor fault the zone is back where it would have been', () => {
  const eveningMs = HOT_DAY_MS + 21 * HOUR_MS;
  const events = [inject('compressor_fault', 5)];
  const [after, before] = [{ events }, {}].map((options) =>
    mean(readingsOf(eveningMs, eveningMs + HOUR_MS, options).column('indoorTempC')),
  ) as [number, number];
  between(after - before, -0.2, 0.3, 'zone');
});

test('switched on within a window, it reports from the next ten seconds on', () => {
  const startMs = HOT_DAY_MS + 9 * HOUR_MS + 123_000;
  const events: JournalEvent[] = [
    { kind: 'stop', sequence: 1, timeS: startMs / 1000 - 1800 },
    { kind: 'start', sequence: 2, timeS: startMs / 1000 },
  ];
  const { rows, column } = readingsOf(startMs - 1, startMs + HOUR_MS, { events });
  const readings = rows.filter(({ values }) => values.length > 0);
  assert.equal(readings.length, 360);
  assert.equal(readings[0]?.timeMs, startMs + 7000);
  for (const tempC of column('indoorTempC').filter((value) => !Number.isNaN(value)))
    between(tempC, 19, 32, 'zone');
});

test('a seek gives the rows of reading through, even if the zone drifts for days', () => {
  const shifts = { shifts: [], weekendShare: 0.3, holidays: [] };
  for (const restShare of [0, 0.3, 1]) {
    const calendar = { ...shifts, restShare };
    const factory = factoryOf([{ type: 'hvac', id: ID }], { calendar });
    const settings = { ...DEFAULT_SETTINGS, anomalyProbability: 0.5 };
    const fleet = createFleet([factory], { seed: 7, journal: new Journal(settings) });
    const fromMs = Date.UTC(2026, 2, 20);
    const through = createReader(fleet);
    through.seek(fromMs);
    for (let i = 1; i <= 8; i++) {
      const targetMs = fromMs + Math.floor(i * 0.61 * DAY_MS);
      readRows(through, targetMs);
      const direct = createReader(fleet);
      direct.seek(targetMs);
      const untilMs = targetMs + 40_000;
      assert.deepEqual(readRows(direct, untilMs), readRows(through, untilMs));
    }
  }
});
