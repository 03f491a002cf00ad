import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Batch, READING } from '../../src/core/batch.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { fleetOf } from '../../src/dataset/request.ts';
import { type Reading, readingAt } from '../../src/encoding/reading.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { defectsIn } from '../../src/service/defect-records.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { exportRequest } from '../../src/service/export-request.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { batches, createReader } from '../../src/simulation/reader.ts';
import { toldFleet } from '../../src/stories/told.ts';
import {
  COMPRESSOR,
  HVAC,
  NOON_MS,
  PUMP,
  type Simulation,
  startSimulation,
} from '../simulation.ts';

const time = (ms: number) => new Date(ms).toISOString().replace('.000', '');
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A leak from minute 1 to 11, and energy in watt-hours from minute 2 to 7. */
const STORY = {
  name: 'leak-and-unit',
  events: [
    {
      id: 'growing-leak',
      at: '1m',
      ramp: '5m',
      fade: '2m',
      duration: '10m',
      fault: { machine: 'Compressor-1', type: 'leak', severity: 4 },
    },
    {
      id: 'watt-hours',
      at: '2m',
      duration: '5m',
      defect: { machines: 'Compressor-1', fields: 'energy_kwh', kind: 'scale', unit: 'Wh' },
    },
  ],
};

describe('stories of a running factory', () => {
  let log: MemoryLog;
  let simulation: Simulation;
  /** What the live reader of the observer has read. */
  let live: Reading[];
  beforeEach(async () => {
    log = new MemoryLog();
    simulation = await startSimulation({ log });
    live = [];
    simulation.simulator.observer.listen((batch) => {
      live.push(...readingsOf(batch));
    });
  });
  afterEach(() => simulation.close());

  async function call(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
    const answer = await simulation.app.inject({ method, url, ...(payload && { payload }) });
    return { status: answer.statusCode, body: answer.json() };
  }

  const begin = (scenario: unknown, more: object = {}) =>
    call('POST', '/simulator/scenarios', { scenario, ...more });

  /** The fleet that a restart would build. */
  function restarted(events: readonly JournalEvent[] = log.kept): Fleet {
    const { factories } = simulation.configuration;
    const settings = { ...DEFAULT_SETTINGS, enableAnomalies: false };
    return toldFleet(createFleet(factories, { journal: new Journal(settings, events) }));
  }

  function read(fleet: Fleet, fromMs: number, toMs: number, id?: string): Reading[] {
    const machines = fleet.machines.filter((each) => id === undefined || each.id === id);
    const reader = createReader(fleet, { machines });
    reader.seek(fromMs);
    return [...batches(reader, toMs)].flatMap(readingsOf);
  }

  it('begin at the next second, and read the same live, later and after a restart', async () => {
    const { status, body } = await begin(STORY);
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          message: 'leak-and-unit goes on from 2026-06-01T12:00:01Z',
          success: true,
          data: { name: 'leak-and-unit', start: '2026-06-01T12:00:01Z', events: 2 },
        },
      ],
    );
    await simulation.pass(900);
    const endMs = NOON_MS + 900_000;
    const again = read(restarted(), NOON_MS, endMs);
    assert.deepEqual(sorted(live.filter((each) => Date.parse(each.time) > NOON_MS)), sorted(again));
    const healthy = read(restarted([]), NOON_MS, endMs);
    const differing = again.filter(
      (each, i) => JSON.stringify(each) !== JSON.stringify(healthy[i]),
    );
    assert.ok(differing.length > 500);
    assert.ok(differing.every(({ machine_id }) => machine_id === COMPRESSOR));
    assert.ok((differing[0]?.time as string) >= '2026-06-01T12:01:02Z');
    const url = `/simulator/machines/${COMPRESSOR}/readings?from=${time(NOON_MS)}&to=${time(endMs)}`;
    const { body: told } = await call('GET', url);
    assert.deepEqual(
      told,
      again.filter(({ machine_id }) => machine_id === COMPRESSOR),
    );
    const { body: sound } = await call('GET', `${url}&as=true`);
    const unit = told.filter(
      (each: Reading, i: number) => each['energy_kwh'] !== sound[i]['energy_kwh'],
    );
    assert.equal(unit.length, 300);
    assert.equal(unit[0]?.time, '2026-06-01T12:02:02Z');
    const { body: clean } = await call('GET', `${url}&as=clean`);
    assert.deepEqual(
      clean,
      healthy.filter(({ machine_id }) => machine_id === COMPRESSOR),
    );
  });

  it('end with their past as it was, and a future without them', async () => {
    await begin(STORY);
    await simulation.pass(400);
    const cutMs = NOON_MS + 401_000;
    const whole = read(restarted(), NOON_MS, cutMs);
    const { status, body } = await call('DELETE', '/simulator/scenarios/leak-and-unit');
    assert.equal(status, 200);
    assert.equal(body.message, 'leak-and-unit has ended');
    assert.deepEqual(
      body.data.active.map(({ event }: { event: string }) => event),
      ['growing-leak', 'watt-hours'],
    );
    await simulation.pass(1200);
    const endMs = NOON_MS + 1_600_000;
    const fleet = restarted();
    assert.deepEqual(read(fleet, NOON_MS, cutMs), whole);
    assert.deepEqual(
      sorted(live.filter((each) => Date.parse(each.time) > NOON_MS)),
      sorted(read(fleet, NOON_MS, endMs)),
    );
    // The unit is right at once; the machine forgets the leak as after any anomaly.
    const [told] = read(fleet, cutMs, cutMs + 1000, COMPRESSOR);
    assert.ok((told?.['energy_kwh'] as number) < 0.1);
    const lateMs = endMs + 3 * DAY_MS;
    const untilMs = lateMs + 5 * MINUTE_MS;
    assert.deepEqual(read(fleet, lateMs, untilMs), read(restarted([]), lateMs, untilMs));
    assert.equal((await call('GET', '/simulator/scenarios/leak-and-unit')).status, 404);
    assert.deepEqual((await call('GET', '/simulator/scenarios')).body, []);
  });

  it('are listed with what acts and what comes next', async () => {
    await begin({
      ...STORY,
      events: [...STORY.events, { id: 'rest', at: '1d', stop: { machines: '*' } }],
    });
    await simulation.pass(90);
    const { body } = await call('GET', '/simulator/scenarios');
    assert.equal(body.length, 1);
    const [{ digest, ...story }] = body;
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.deepEqual(story, {
      name: 'leak-and-unit',
      factory_id: simulation.simulator.fleet.factories[0]?.id,
      start: '2026-06-01T12:00:01Z',
      told_at: '2026-06-01T12:00:01Z',
      events: 3,
      active: [
        {
          event: 'growing-leak',
          occurrence: 0,
          class: 'fault',
          machine_id: COMPRESSOR,
          machines: 1,
          begins_at: '2026-06-01T12:01:01Z',
          ends_at: '2026-06-01T12:11:01Z',
        },
      ],
      next: [
        {
          event: 'watt-hours',
          occurrence: 0,
          class: 'defect',
          machine_id: COMPRESSOR,
          machines: 1,
          begins_at: '2026-06-01T12:02:01Z',
          ends_at: '2026-06-01T12:07:01Z',
        },
        {
          event: 'rest',
          occurrence: 0,
          class: 'stop',
          machine_id: null,
          machines: simulation.simulator.fleet.machines.length,
          begins_at: '2026-06-02T12:00:01Z',
          ends_at: null,
        },
      ],
    });
    assert.deepEqual((await call('GET', '/simulator/scenarios/leak-and-unit')).body, body[0]);
    const { body: journal } = await call('GET', '/simulator/journal');
    assert.deepEqual(journal[0].what, { name: 'leak-and-unit', digest });
  });

  it('are refused as a whole, with every fault, and nothing changes', async () => {
    const wrong = {
      name: 'wrong',
      evnts: [],
      events: [
        { at: 0, fault: { machine: 'Compressor-9', type: 'leak' } },
        { at: 0, defect: { machines: 'Pump-1', kind: 'drft', fields: 'power_kw' } },
      ],
    };
    const { fleet } = simulation.simulator;
    const { status, body } = await begin(wrong);
    assert.equal(status, 422);
    const paths = body.errors.map(({ path }: { path: string }) => path);
    for (const path of ['scenario.events.0.fault.machine', 'scenario.events.1.defect.kind'])
      assert.ok(paths.includes(path), JSON.stringify(body));
    assert.doesNotMatch(JSON.stringify(body), /scenario:\d/);
    const yaml = await begin(
      'name: wrong\nevents: [{ at: 1m, fault: { machine: Pump-7, type: leak } }]\n',
    );
    assert.equal(yaml.status, 422);
    assert.match(yaml.body.errors[0].message, /\(scenario:2:\d+\)$/);
    const broken = await begin('name: [');
    assert.equal(broken.status, 422);
    assert.equal(broken.body.errors[0].path, 'scenario');
    const early = await begin(STORY, { start: '2026-06-01T11:59:00Z' });
    assert.equal(early.status, 422);
    assert.deepEqual(early.body.errors, [
      {
        path: 'start',
        message:
          '2026-06-01T11:59:00Z is before 2026-06-01T12:00:01Z, the next second; the past does ' +
          'not change',
      },
    ]);
    assert.equal((await begin({ ...STORY, start: '2026-05-01' })).status, 422);
    assert.deepEqual(log.kept, []);
    assert.equal(simulation.simulator.fleet, fleet);
  });

  it('may be as long as a file, and no longer', async () => {
    const text = (length: number) => {
      const story = 'name: long\nevents: [{ at: 1h, stop: { machines: Compressor-1 } }]\n';
      return story + '# a line\n'.repeat((length - story.length) / 9);
    };
    assert.equal((await begin(text(1024 * 1024 - 9))).status, 200);
    assert.equal((await begin(text(1024 * 1024 + 90))).status, 422);
    const { status, body } = await begin(text(3 * 1024 * 1024));
    assert.equal(status, 413);
    assert.equal(body.message, 'the body is too large; the limit is 2 MB');
  });

  it('have one name each, and there are twenty at most', async () => {
    const named = (name: string) => ({ ...STORY, name });
    assert.equal((await begin(STORY)).status, 200);
    const second = await begin(STORY);
    assert.equal(second.status, 409);
    assert.match(second.body.message, /leak-and-unit goes on/);
    for (let i = 1; i < 20; i++) assert.equal((await begin(named(`story-${i}`))).status, 200);
    assert.equal((await begin(named('story-20'))).status, 409);
    await call('DELETE', '/simulator/scenarios/story-7');
    assert.equal((await begin(named('story-7'))).status, 200);
  });

  it('are in an export of the running factory, and its twins are without what they leave out', async () => {
    await begin(STORY);
    await simulation.pass(400);
    const toMs = NOON_MS + 400_000;
    const options = { fromMs: NOON_MS, toMs, command: 'none' };
    const request = await exportRequest(simulation.simulator, options);
    const rows = (fleet: Fleet) => read(fleet, NOON_MS, toMs, COMPRESSOR);
    assert.deepEqual(rows(fleetOf(request, 'actual')), rows(restarted()));
    assert.deepEqual(rows(fleetOf(request, 'clean')), rows(restarted([])));
    const url = `/simulator/machines/${COMPRESSOR}/readings?from=${time(NOON_MS)}&to=${time(toMs)}`;
    const { body } = await call('GET', `${url}&as=true`);
    assert.deepEqual(rows(fleetOf(request, 'true')), body);
  });

  it('may be told again, and what happens then is another thing', async () => {
    for (let telling = 0; telling < 2; telling++) {
      assert.equal((await begin(STORY)).status, 200);
      await simulation.pass(180);
      assert.equal((await call('DELETE', '/simulator/scenarios/leak-and-unit')).status, 200);
      await simulation.pass(60);
    }
    const { body: anomalies } = await call('GET', '/simulator/anomalies');
    const { body: defects } = await call('GET', '/simulator/defects');
    for (const rows of [anomalies, defects]) {
      assert.equal(rows.length, 2);
      assert.equal(new Set(rows.map(({ id }: { id: string }) => id)).size, 2);
    }
    assert.deepEqual(
      anomalies.map((each: Record<string, unknown>) => [each['started_at'], each['ended_at']]),
      [
        ['2026-06-01T12:01:01Z', '2026-06-01T12:03:01Z'],
        ['2026-06-01T12:05:01Z', '2026-06-01T12:07:01Z'],
      ],
    );
    assert.ok(anomalies.every((each: { cleared_by: string }) => each.cleared_by === 'request'));
  });

  it('keep their meaning when the factory becomes another one', async () => {
    await begin(STORY);
    const { simulator } = simulation;
    const renamed = simulator.fleet.factories.map((factory) => ({
      ...factory,
      machines: factory.machines
        .filter(({ id }) => id !== PUMP)
        .map((machine) => (machine.id === COMPRESSOR ? { ...machine, name: 'Air-1' } : machine)),
    }));
    simulator.change(renamed);
    await simulation.pass(200);
    const settings = { ...DEFAULT_SETTINGS, enableAnomalies: false };
    const journal = new Journal(settings, log.kept);
    const fleet = toldFleet(createFleet(renamed, { journal }));
    const fromMs = NOON_MS + 100_000;
    assert.deepEqual(
      sorted(live.filter((each) => Date.parse(each.time) > fromMs)),
      sorted(read(fleet, fromMs, NOON_MS + 200_000)),
    );
    const { body } = await call('GET', `/simulator/machines/${COMPRESSOR}`);
    assert.equal(body.anomaly_type, 'leak');
  });
});

describe('changes by stories of a running factory', () => {
  it('save what the factory takes less, to the milliwatt-hour', async () => {
    const log = new MemoryLog();
    const simulation = await startSimulation({ log });
    const { app } = simulation;
    const pump = DEFAULT_FACTORY.machines.find(({ id }) => id === PUMP);
    const scenario = {
      name: 'retrofit',
      events: [
        {
          id: 'vsd',
          at: 600,
          change: { as: 'measure', machine: 'Compressor-1', parameters: { control: 'vsd' } },
        },
        {
          id: 'nothing',
          at: 1200,
          change: {
            as: 'routine',
            machine: 'Hydraulic-Pump-1',
            rated_power_kw: pump?.ratedPowerKw,
          },
        },
      ],
    };
    const begun = await app.inject({
      method: 'POST',
      url: '/simulator/scenarios',
      payload: { scenario },
    });
    assert.equal(begun.statusCode, 200, begun.body);
    await simulation.pass(3600);
    const { body } = await app.inject('/simulator/measures');
    const rows: Record<string, unknown>[] = JSON.parse(body);
    const beginMs = NOON_MS + 601_000;
    const endMs = NOON_MS + 3_600_000;
    const [actual, without] = [restartedAt(log.kept), restartedAt([])].map((fleet) => {
      const machines = fleet.machines.filter(({ id }) => id === COMPRESSOR);
      const reader = createReader(fleet, { machines });
      reader.seek(beginMs);
      return [...batches(reader, endMs)]
        .flatMap(readingsOf)
        .reduce((sum, each) => sum + Math.round(1e6 * (each['energy_kwh'] as number)), 0);
    }) as [number, number];
    assert.notEqual(actual, without);
    const figures = rows.map(({ event, boundary, machine_id, true_savings_kwh }) => [
      event,
      boundary,
      machine_id,
      true_savings_kwh,
    ]);
    const savedKwh = (without - actual) / 1e6;
    assert.deepEqual(figures, [
      ['vsd', 'factory', null, savedKwh],
      ['vsd', 'machine', COMPRESSOR, savedKwh],
      ['nothing', 'factory', null, 0],
    ]);
    const [factory, machine] = rows.map((row) => row['true_savings_percent'] as number);
    assert.equal(machine, (100 * (without - actual)) / without);
    assert.ok(factory !== undefined && factory > 0 && factory < machine / 2);
    assert.deepEqual(rows[0]?.['interacts_with'], []);
    await simulation.close();
  });
});

describe('defects of a running machine', () => {
  let log: MemoryLog;
  let simulation: Simulation;
  beforeEach(async () => {
    log = new MemoryLog();
    simulation = await startSimulation({ log });
  });
  afterEach(() => simulation.close());

  const URL = `/simulator/machines/${COMPRESSOR}/defect`;

  async function call(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
    const answer = await simulation.app.inject({ method, url, ...(payload && { payload }) });
    return { status: answer.statusCode, body: answer.json() };
  }

  /** What is told of a machine, and the truth, over the last seconds. */
  async function readings(seconds: number, id = COMPRESSOR) {
    const toMs = simulation.clock.nowMs();
    const url = `/simulator/machines/${id}/readings?from=${time(toMs - 1000 * seconds)}&to=${time(toMs)}`;
    const told: Reading[] = (await call('GET', url)).body;
    const sound: Reading[] = (await call('GET', `${url}&as=true`)).body;
    return { told, sound };
  }

  it('change what is told, and nothing of the machine', async () => {
    const { status, body } = await call('POST', URL, {
      kind: 'offset',
      fields: ['power_kw'],
      by: 500,
      duration_seconds: 60,
    });
    assert.equal(status, 200, JSON.stringify(body));
    const { id, ...data } = body.data;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(body.message, 'offset on Compressor-1 until 2026-06-01T12:01:01Z');
    assert.deepEqual(data, {
      machine_id: COMPRESSOR,
      channel: null,
      fields: 'power_kw',
      class: 'value',
      kind: 'offset',
      parameters: { by: 500 },
      started_at: '2026-06-01T12:00:01Z',
      ends_at: '2026-06-01T12:01:01Z',
    });
    await simulation.pass(30);
    const { told, sound } = await readings(30);
    assert.equal(told.length, 30);
    assert.deepEqual(told[0], sound[0]);
    for (const [i, each] of told.entries()) {
      const by = i === 0 ? 0 : 500;
      const power = Math.round(((sound[i]?.['power_kw'] as number) + by) * 1000) / 1000;
      assert.deepEqual(each, { ...sound[i], power_kw: power });
    }
    const { body: state } = await call('GET', `/simulator/machines/${COMPRESSOR}`);
    assert.equal(state.current_power_kw, sound.at(-1)?.['power_kw']);
    await simulation.pass(60);
    const after = await readings(29);
    assert.deepEqual(after.told, after.sound);
    const others = await readings(90, HVAC);
    assert.deepEqual(others.told, others.sound);
  });

  it('are mended, all or one kind, and those of stories as well', async () => {
    const scenario = {
      name: 'stuck',
      events: [{ at: 0, defect: { machines: '*', kind: 'stuck', fields: 'power_kw' } }],
    };
    assert.equal((await call('POST', '/simulator/scenarios', { scenario })).status, 200);
    assert.equal(
      (await call('POST', URL, { kind: 'scale', fields: ['energy_kwh'], by: 3 })).status,
      200,
    );
    await simulation.pass(10);
    const one = await call('DELETE', `${URL}?kind=scale`);
    assert.equal(one.body.message, 'mended scale');
    await simulation.pass(10);
    const between = await readings(9);
    assert.ok(
      between.told.every((each, i) => each['energy_kwh'] === between.sound[i]?.['energy_kwh']),
    );
    assert.ok(between.told.some((each, i) => each['power_kw'] !== between.sound[i]?.['power_kw']));
    const all = await call('DELETE', URL);
    assert.equal(all.body.message, 'mended stuck');
    await simulation.pass(10);
    const { told, sound } = await readings(9);
    assert.deepEqual(told, sound);
    const other = await readings(9, HVAC);
    assert.notDeepEqual(other.told, other.sound);
    assert.deepEqual((await call('DELETE', URL)).body.message, 'Compressor-1 has no defects');
    assert.equal(log.kept.filter(({ kind }) => kind === 'mend').length, 2);
  });

  it('are listed as the answer key', async () => {
    await call('POST', '/simulator/scenarios', { scenario: STORY });
    await call('POST', URL, {
      kind: 'gap',
      channels: ['energy'],
      share: 0.5,
      duration_seconds: 30,
    });
    await simulation.pass(200);
    const { body } = await call('GET', '/simulator/defects');
    const { told, sound } = await readings(200);
    const isTold = new Set(told.map((each) => each.time));
    const gone = sound.filter((each) => !isTold.has(each.time));
    const lost = gone.length;
    assert.ok(lost > 5 && lost < 25, `${lost} lost`);
    const kwh = (from: readonly Reading[]) =>
      from.reduce((sum, each) => sum + Math.round(1e6 * (each['energy_kwh'] as number)), 0);
    const lostKwh = kwh(gone) / 1e6;
    const excessKwh = (kwh(told) + kwh(gone) - kwh(sound)) / 1e6;
    const shown = body.map(({ id: _id, ...each }: { id: string }) => each);
    assert.deepEqual(shown, [
      {
        scenario: null,
        event: null,
        machine_id: COMPRESSOR,
        channel: 'energy',
        fields: null,
        class: 'delivery',
        kind: 'gap',
        parameters: { share: 0.5 },
        started_at: '2026-06-01T12:00:01Z',
        ended_at: '2026-06-01T12:00:31Z',
        readings_affected: lost,
        readings_lost: lost,
        readings_repeated: 0,
        largest_delay_s: 0,
        energy_error_kwh: -lostKwh,
        is_final: true,
      },
      {
        scenario: 'leak-and-unit',
        event: 'watt-hours',
        machine_id: COMPRESSOR,
        channel: 'energy',
        fields: 'energy_kwh',
        class: 'value',
        kind: 'scale',
        parameters: { unit: 'Wh' },
        started_at: '2026-06-01T12:02:01Z',
        ended_at: '2026-06-01T12:07:01Z',
        readings_affected: 79,
        readings_lost: 0,
        readings_repeated: 0,
        largest_delay_s: 0,
        energy_error_kwh: excessKwh,
        is_final: false,
      },
    ]);
    const only = await call('GET', '/simulator/defects?kind=gap');
    assert.deepEqual(only.body, [body[0]]);
    assert.deepEqual((await call('GET', `/simulator/defects?machine_id=${HVAC}`)).body, []);
    const anomalies = await call('GET', '/simulator/anomalies');
    assert.equal(anomalies.body[0].anomaly_type, 'leak');
    assert.equal(anomalies.body[0].origin, 'scenario');
  });

  it('are counted up to a limit, and not at all beyond', async () => {
    const scenario = {
      name: 'gaps',
      events: [
        {
          id: 'short',
          at: 0,
          every: 4,
          duration: 1,
          defect: { machines: '*', kind: 'gap' },
        },
      ],
    };
    await call('POST', '/simulator/scenarios', { scenario });
    await simulation.pass(60);
    const { body } = await call('GET', `/simulator/defects?machine_id=${COMPRESSOR}&limit=3`);
    assert.deepEqual(
      body.map(({ readings_lost }: { readings_lost: number }) => readings_lost),
      [1, 1, 1],
    );
    const fleet = restartedAt(log.kept);
    const toMs = NOON_MS + 40 * DAY_MS;
    await assert.rejects(
      defectsIn(fleet.machines, NOON_MS, toMs, new AbortController().signal),
      /too long/,
    );
  });

  it('are refused with what the machine and the kind accept, and nothing changes', async () => {
    const refused = async (payload: object, path: string, message: RegExp) => {
      const { status, body } = await call('POST', URL, payload);
      assert.equal(status, 422, JSON.stringify(body));
      assert.equal(body.errors[0].path, path);
      assert.match(body.errors[0].message, message);
    };
    await refused({ kind: 'wrong' }, 'kind', /stuck, drift/);
    await refused({ kind: 'scale', fields: ['enrgy_kwh'], by: 2 }, 'fields', /energy_kwh/);
    await refused({ kind: 'scale', by: 2 }, 'fields', /./);
    await refused({ kind: 'missing', fields: ['power_kw'] }, 'fields', /never/);
    await refused({ kind: 'stuck', fields: ['power_kw'], phases: ['L1'] }, 'phases', /./);
    await refused({ kind: 'gap', share: 7 }, 'share', /0 to 1/);
    await refused({ kind: 'gap', duration_seconds: 5 }, 'duration_seconds', /10/);
    await refused({ kind: 'rollover', modulus: 100 }, 'kind', /register/);
    await refused({ kind: 'outage', duration_seconds: 8 * 86_400 }, 'duration_seconds', /7 days/);
    assert.deepEqual(log.kept, []);
  });
});

/** The fleet of a journal. */
function restartedAt(events: readonly JournalEvent[]): Fleet {
  const settings = { ...DEFAULT_SETTINGS, enableAnomalies: false };
  return toldFleet(createFleet([DEFAULT_FACTORY], { journal: new Journal(settings, events) }));
}

function readingsOf(batch: Batch): Reading[] {
  const found: Reading[] = [];
  for (let row = 0; row < batch.length; row++)
    if ((batch.flags[row] as number) & READING) found.push(readingAt(batch, row));
  return found;
}

function sorted(readings: readonly Reading[]): readonly Reading[] {
  const key = ({ time, machine_id }: Reading) => `${time} ${machine_id}`;
  return readings.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
