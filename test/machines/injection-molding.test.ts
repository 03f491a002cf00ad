import assert from 'node:assert/strict';
import test from 'node:test';
import { IDLE, RUNNING } from '../../src/core/field.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import type { Values } from '../../src/core/machine.ts';
import { POLYMERS, type Polymer } from '../../src/physics/polymer.ts';
import { Cursor } from '../../src/simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf, readRows } from '../rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const ID = 'moulding';
const RATED_KW = 120;
/** A Wednesday; a whole week from Monday. */
const WEDNESDAY_MS = Date.UTC(2026, 3, 8);
const MONDAY_MS = Date.UTC(2026, 3, 6);

interface Options {
  readonly events?: readonly JournalEvent[];
  readonly parameters?: Partial<Values<string>>;
}

function fleetOf({ events = [], parameters = {} }: Options = {}) {
  const factory = factoryOf([{ type: 'injection_molding', id: ID, parameters }]);
  return createFleet([factory], { seed: 42, journal: new Journal(CALM, events) });
}

/** Published readings of a window by key. */
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
  /** Share of production for the block of a reading, and for the hour before. */
  const loads = rows.map(({ timeMs }) => {
    const blockS = Math.floor((timeMs - 1) / 1_800_000) * 1800;
    return [site.at(blockS).load, site.at(timeMs / 1000).load] as const;
  });
  return { rows, column, loads };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const between = (value: number, low: number, high: number, what: string) =>
  assert.ok(value >= low && value <= high, `${what}: ${value} not in ${low} to ${high}`);

/** Energy, parts and scrap of the readings with steady production at a load. */
function atLoad(window: ReturnType<typeof readingsOf>, load: number) {
  const is = window.loads.map(([block, now]) => block === load && now === load);
  const of = (key: string) => window.column(key).filter((_, i) => is[i]);
  const [parts, bad] = [sum(of('productionCount')), sum(of('productionCountBad'))];
  return { powerKw: mean(of('powerKw')), energyKwh: sum(of('energyKwh')), parts, bad };
}
const shotKgOf = (window: ReturnType<typeof readingsOf>) =>
  ((window.column('recipeId')[0] as number) % 1e6) / 1000;

const weeks = POLYMERS.map((_, material) =>
  readingsOf(MONDAY_MS, MONDAY_MS + 7 * DAY_MS, { parameters: { material } }),
);
const week = weeks[0] as (typeof weeks)[number];

test('a healthy machine makes 1.5 % scrap, on weekends too, and raises no alert', () => {
  const { parts, bad } = atLoad(week, 0.3);
  assert.ok(parts > 800, `${parts}`);
  between(bad / parts, 0.007, 0.026, 'scrap on the weekend');
  const days = week.rows.filter(({ timeMs }) => timeMs > MONDAY_MS + DAY_MS / 24);
  assert.ok(days.every(({ alerts }) => alerts === 0));
});

test('specific energy at full production is 0.5 to 1.6 kWh/kg, over a week 0.6 to 2.5', () => {
  for (const [i, expected] of [0.95, 0.89, 0.71, 0.74, 0.86].entries()) {
    const window = weeks[i] as (typeof weeks)[number];
    const { energyKwh, parts } = atLoad(window, 1);
    const perKg = energyKwh / (parts * shotKgOf(window));
    between(perKg, 0.95 * expected, 1.05 * expected, POLYMERS[i]?.name ?? '');
    between(perKg, 0.5, 1.6, 'at full production');
    const weekly =
      sum(window.column('energyKwh')) / (sum(window.column('productionCount')) * shotKgOf(window));
    between(weekly, 0.6, 2.5, 'over the week');
    const meltKwhPerKg = (POLYMERS[i] as Polymer).meltKjPerKg / 3600;
    between(weekly / meltKwhPerKg, 2.5, 12, 'against the melt’s enthalpy');
  }
});

test('specific energy rises as production falls, on a line with a fixed part', () => {
  const points = [0.3, 0.5, 1].map((load) => ({ load, ...atLoad(week, load) }));
  const powers = points.map(({ powerKw }) => powerKw);
  for (const [i, expected] of [27.1, 33.1, 47.8].entries())
    between(powers[i] as number, 0.96 * expected, 1.04 * expected, 'power');
  const perKg = points.map(({ energyKwh, parts }) => energyKwh / (parts * shotKgOf(week)));
  assert.ok((perKg[0] as number) > (perKg[1] as number));
  assert.ok((perKg[1] as number) > (perKg[2] as number));
  between((powers[2] as number) / RATED_KW, 0.3, 0.6, 'load');
});

test('each cycle ejects a part, 1.5 % of them bad, more after a stop of twenty minutes', () => {
  const full = atLoad(week, 1);
  between(full.bad / full.parts, 0.008, 0.025, 'scrap');
  const [short, long] = [15, 25].map((minutes) => {
    const from = (day: number) => MONDAY_MS / 1000 + day * (DAY_MS / 1000) + 10 * 3600;
    const events = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11].flatMap((day, i): JournalEvent[] => [
      { kind: 'stop', sequence: 2 * i + 1, timeS: from(day) },
      { kind: 'start', sequence: 2 * i + 2, timeS: from(day) + 60 * minutes },
    ]);
    const { column } = readingsOf(MONDAY_MS, MONDAY_MS + 12 * DAY_MS, { events });
    return sum(column('productionCountBad').filter((count) => count > 0));
  }) as [number, number];
  between(long - short, 6, 24, 'three shots of ten stops, every other one bad');
  const throughput = week.column('throughputUnitsPerHour');
  const parts = sum(week.column('productionCount'));
  between(parts - (sum(throughput) * 30) / 3600, -1, 1, 'counts against throughput');
});

test('each block has a batch, and the recipe names polymer and shot', () => {
  const { type } = fleetOf().machines[0] as ReturnType<typeof fleetOf>['machines'][number];
  const textOf = (key: string, code: number) =>
    type.fields.find((field) => field.key === key)?.text?.(code);
  assert.equal(textOf('recipeId', week.column('recipeId')[0] as number), 'PP-600G');
  const nylon = weeks[2] as (typeof weeks)[number];
  assert.equal(textOf('recipeId', nylon.column('recipeId')[0] as number), 'PA66-756G');
  const batches = new Set(week.column('batchId'));
  assert.equal(batches.size, 7 * 48);
  assert.match(textOf('batchId', week.column('batchId')[0] as number) ?? '', /^B\d+$/);
});

test('in production the barrel keeps its temperature, and the machine hardly vibrates', () => {
  for (const [i, window] of weeks.entries()) {
    const { meltTempC } = POLYMERS[i] as Polymer;
    for (const tempC of window.column('machineTempC')) between(tempC - meltTempC, -1, 1, 'barrel');
    const vibration = window.column('vibrationMmS').toSorted((a, b) => a - b);
    between(vibration[Math.floor(0.01 * vibration.length)] as number, 0.5, 4.5, 'vibration');
    between(vibration[Math.floor(0.99 * vibration.length)] as number, 0.5, 4.5, 'vibration');
  }
});

test('standby uses 15 to 25 % of the rated power, and makes no parts', () => {
  const modes = week.column('operatingMode');
  const isStandby = modes.map((mode, i) => mode === IDLE && modes[i - 1] === IDLE);
  const of = (key: string) => week.column(key).filter((_, i) => isStandby[i]);
  between(mean(of('powerKw')) / RATED_KW, 0.15, 0.25, 'standby');
  assert.equal(sum(of('throughputUnitsPerHour')), 0);
  assert.ok(of('speedPercent').every((speed) => speed === 0));
});

test('heaters use 8 to 30 % of the energy at full production', () => {
  const fleet = fleetOf();
  const machine = fleet.machines[0] as (typeof fleet.machines)[number];
  const cursor = new Cursor(machine, fleet.journal);
  const scratch = new Float64Array(64);
  const fromMs = WEDNESDAY_MS + 9 * HOUR_MS;
  cursor.seek(fromMs, scratch);
  let [energy, heaters] = [0, 0];
  for (let tS = fromMs / 1000 + 30; tS <= fromMs / 1000 + 4 * 3600; tS += 30) {
    cursor.read(tS, scratch, 0);
    const s = cursor.state as Values<string>;
    if (s['operatingMode'] !== RUNNING || (s['throughputUnitsPerHour'] as number) < 80) continue;
    energy += s['powerKw'] as number;
    heaters += (s['powerKw'] as number) - (s['pumpMeanKw'] as number) - 0.08 * RATED_KW;
  }
  between(heaters / energy, 0.08, 0.3, 'heaters');
});

/** Means from an hour after a fault began, over three hours at full production. */
function withFault(anomalyType?: string, severity = 5) {
  const timeS = (WEDNESDAY_MS + 8 * HOUR_MS) / 1000;
  const event = {
    kind: 'inject',
    id: 'x',
    machineId: ID,
    durationS: 4 * 3600,
    sequence: 1,
  } as const;
  const events = anomalyType ? [{ ...event, anomalyType, severity, timeS }] : [];
  const fromMs = WEDNESDAY_MS + 9 * HOUR_MS;
  const window = readingsOf(fromMs, fromMs + 3 * HOUR_MS, { events });
  const of = (key: string) => mean(window.column(key));
  const parts = of('productionCount');
  return {
    window,
    powerKw: of('powerKw'),
    parts,
    perPart: of('powerKw') / parts,
    bad: of('productionCountBad') / parts,
    tempC: of('machineTempC'),
    flow: of('flowRateM3h'),
    warmingK: of('chilledWaterReturnTempC') - of('chilledWaterSupplyTempC'),
    vibration: of('vibrationMmS'),
    injectBar: Math.max(...window.column('pressureBar')),
    speed: Math.max(...window.column('speedPercent')),
  };
}
const sound = withFault();

test('heater fault: barrel −7.5 and −25 K, scrap 9 and 60 %, power +1 and +4 %', () => {
  for (const [severity, coldK, bad, power] of [
    [1.5, 7.5, 0.09, 0.011],
    [5, 25, 0.61, 0.04],
  ] as const) {
    const faulty = withFault('heater_fault', severity);
    between(sound.tempC - faulty.tempC, 0.97 * coldK, 1.03 * coldK, 'barrel');
    between(faulty.bad, 0.6 * bad, 1.3 * bad, 'scrap');
    between(faulty.powerKw / sound.powerKw - 1, 0.7 * power, 1.3 * power, 'power');
    assert.equal(faulty.flow, sound.flow);
    assert.equal(faulty.parts, sound.parts);
  }
  between(withFault('heater_fault', 5).bad, 0.45, 0.75, 'scrap at severity 5');
});

test('insufficient cooling: cycle 40.7 and 44.8 s, fewer parts, more energy per part, hot water', () => {
  for (const [severity, slower, fewer, bad, x] of [
    [1.5, 40.7 / 39.3, 0.02, 0.06, 0.3],
    [5, 44.8 / 39.3, 0.11, 0.17, 1],
  ] as const) {
    const faulty = withFault('cooling_insufficient', severity);
    between(sound.speed / faulty.speed, slower - 0.01, slower + 0.01, 'cycle');
    between(1 - faulty.parts / sound.parts, 0.5 * fewer, 1.3 * fewer, 'parts');
    between(faulty.bad, 0.6 * bad, 1.4 * bad, 'scrap');
    between(faulty.flow / sound.flow, 1 - 0.51 * x, 1 - 0.49 * x, 'flow');
    assert.ok(faulty.warmingK > sound.warmingK * (1 + 0.3 * x));
    between(faulty.tempC - sound.tempC, -0.01, 0.01, 'barrel');
  }
  between(withFault('cooling_insufficient').perPart / sound.perPart, 1.05, 1.1, 'energy a part');
});

test('hydraulic leak: energy per part +7 and +25 %, pressure −2 and −8 %', () => {
  for (const [severity, power, pressure] of [
    [1.5, 0.075, 0.024],
    [5, 0.25, 0.08],
  ] as const) {
    const faulty = withFault('hydraulic_leak', severity);
    between(faulty.perPart / sound.perPart - 1, 0.7 * power, 1.3 * power, 'energy a part');
    between(1 - faulty.injectBar / sound.injectBar, 0.7 * pressure, 1.3 * pressure, 'pressure');
    assert.equal(faulty.flow, sound.flow);
    between(faulty.tempC - sound.tempC, -0.01, 0.01, 'barrel');
    between(faulty.vibration / sound.vibration, 0.97, 1.03, 'vibration');
  }
  between(withFault('hydraulic_leak').perPart / sound.perPart, 1.18, 1.32, 'at severity 5');
});

test('each fault raises the alert that a controller can detect, a healthy machine none', () => {
  const { type } = fleetOf().machines[0] as ReturnType<typeof fleetOf>['machines'][number];
  const level = (window: ReturnType<typeof readingsOf>, code: string) => {
    const shift = 2 * type.alertCodes.indexOf(code);
    return Math.max(...window.rows.map(({ alerts }) => (alerts >> shift) & 3));
  };
  const codes = ['BARREL_TEMPERATURE_OFF', 'LOW_WATER_FLOW', 'SLOW_CYCLE', 'HIGH_VIBRATION'];
  assert.deepEqual(
    codes.map((code) => level(week, code)),
    [0, 0, 0, 0],
  );
  const cold = withFault('heater_fault').window;
  assert.deepEqual(
    codes.map((code) => level(cold, code)),
    [2, 0, 0, 0],
  );
  const hot = withFault('cooling_insufficient', 1.5).window;
  assert.deepEqual(
    codes.map((code) => level(hot, code)),
    [0, 1, 1, 0],
  );
});

test('half an hour after a fault the barrel is warm again and the cycle normal', () => {
  const timeS = (WEDNESDAY_MS + 8 * HOUR_MS) / 1000;
  const fromMs = WEDNESDAY_MS + 10.5 * HOUR_MS;
  for (const anomalyType of ['heater_fault', 'cooling_insufficient', 'hydraulic_leak']) {
    const event = { id: 'x', machineId: ID, severity: 5, durationS: 7200, sequence: 1 } as const;
    const events = [{ kind: 'inject', anomalyType, timeS, ...event }] as const;
    const [after, before] = [{ events }, {}].map((options) =>
      readingsOf(fromMs, fromMs + HOUR_MS, options),
    ) as [ReturnType<typeof readingsOf>, ReturnType<typeof readingsOf>];
    for (const key of ['powerKw', 'machineTempC', 'productionCount', 'flowRateM3h'])
      between(mean(after.column(key)) / mean(before.column(key)), 0.99, 1.02, key);
  }
});

test('off over a weekend, it heats for 30 to 75 minutes before the first part', () => {
  const startMs = WEDNESDAY_MS + 9 * HOUR_MS;
  const events: JournalEvent[] = [
    { kind: 'stop', sequence: 1, timeS: startMs / 1000 - 60 * 3600 },
    { kind: 'start', sequence: 2, timeS: startMs / 1000 },
  ];
  const window = readingsOf(startMs, startMs + 2 * HOUR_MS, { events });
  const first = window.column('productionCount').findIndex((count) => count > 0);
  between(((window.rows[first]?.timeMs as number) - startMs) / 60_000, 30, 75, 'minutes');
  const tempC = window.column('machineTempC');
  assert.ok((tempC[0] as number) < 30);
  between(tempC.at(-1) as number, 229, 231, 'barrel at last');
  between(window.column('powerKw')[20] as number, 0.3 * RATED_KW, 0.4 * RATED_KW, 'heating');
});

test('in a cold start, a barrel absorbs the energy that its temperature implies', () => {
  const fleet = fleetOf();
  const { type, parameters, site, random } = fleet.machines[0] as (typeof fleet.machines)[number];
  const startS = WEDNESDAY_MS / 1000;
  const s = type.start(parameters, site, random, startS);
  const at = (key: string) => s[key] as number;
  const coldC = at('barrelTempC');
  let [tS, lossKws] = [startS, 0];
  while (tS < startS + 2400) {
    const fromC = at('barrelTempC');
    const endS = type.begin(s, parameters, site, random, tS);
    type.accumulate(s, parameters, tS, endS);
    lossKws +=
      1.25e-4 * RATED_KW * (endS - tS) * ((fromC + at('barrelTempC')) / 2 - at('indoorTempC'));
    tS = endS;
  }
  const heatersKws = at('energyKws') - 0.7 * 0.08 * RATED_KW * (tS - startS);
  type.begin(s, parameters, site, random, tS);
  const storedKj = 3 * RATED_KW * (at('barrelTempC') - coldC);
  between((storedKj + lossKws) / heatersKws, 0.995, 1.005, 'stored and lost against heated');
});

test('a seek gives the rows of reading through, in any calendar, with faults', () => {
  for (const restShare of [0, 0.5, 1]) {
    const calendar = { shifts: [], restShare, weekendShare: restShare / 2, holidays: [] };
    const factory = factoryOf([{ type: 'injection_molding', id: ID }], { calendar });
    const settings = { ...DEFAULT_SETTINGS, anomalyProbability: 0.9 };
    const fleet = createFleet([factory], { seed: 7, journal: new Journal(settings) });
    const through = createReader(fleet);
    through.seek(MONDAY_MS);
    for (let i = 1; i <= 16; i++) {
      const targetMs = MONDAY_MS + Math.floor(i * 0.61 * DAY_MS);
      readRows(through, targetMs);
      const direct = createReader(fleet);
      direct.seek(targetMs);
      const untilMs = targetMs + 120_000;
      assert.deepEqual(readRows(direct, untilMs), readRows(through, untilMs));
    }
  }
});

test('without noise the energy of ten seconds is that of ten times one, to 1e-9, with faults', () => {
  const timeS = WEDNESDAY_MS / 1000 + 9 * 3600;
  const event = { id: 'x', machineId: ID, severity: 5, durationS: 1200, sequence: 1 } as const;
  for (const anomalyType of ['heater_fault', 'cooling_insufficient', 'hydraulic_leak']) {
    const journal = new Journal(CALM, [{ kind: 'inject', anomalyType, timeS, ...event }]);
    const [tens, ones] = [10, 1].map((intervalS) => {
      const factory = factoryOf([{ type: 'injection_molding', id: ID, intervalS }]);
      const fleet = createFleet([factory], { journal });
      const cursor = new Cursor(fleet.machines[0] as (typeof fleet.machines)[number], journal);
      const scratch = new Float64Array(64);
      cursor.seek(1000 * timeS, scratch);
      const powers: number[] = [];
      for (let tS = timeS + intervalS; tS <= timeS + 2400; tS += intervalS) {
        cursor.read(tS, scratch, 0);
        powers.push((cursor.state as Values<string>)['powerKw'] as number);
      }
      return powers;
    }) as [number[], number[]];
    for (const [i, tenKw] of tens.entries())
      between(mean(ones.slice(10 * i, 10 * i + 10)) - tenKw, -1e-9 * tenKw, 1e-9 * tenKw, 'E');
  }
});

test('an idle barrel cools with its time constant, so a short stop costs little warm-up', () => {
  const startMs = WEDNESDAY_MS + 9 * HOUR_MS;
  const minutes = [1, 60, 300].map((offMin) => {
    const events: JournalEvent[] = [
      { kind: 'stop', sequence: 1, timeS: startMs / 1000 - 60 * offMin },
      { kind: 'start', sequence: 2, timeS: startMs / 1000 },
    ];
    const window = readingsOf(startMs, startMs + 2 * HOUR_MS, { events });
    const leftC = 25 + 205 * Math.exp((-60 * offMin) / 24_000);
    between(window.column('machineTempC')[0] as number, leftC - 6, leftC + 6, `${offMin} min`);
    const first = window.column('productionCount').findIndex((count) => count > 0);
    return ((window.rows[first]?.timeMs as number) - startMs) / 60_000;
  }) as [number, number, number];
  assert.ok(minutes[0] < 5, `${minutes}`);
  assert.ok(minutes[0] < minutes[1] && minutes[1] < minutes[2] && minutes[2] < 50, `${minutes}`);
});
