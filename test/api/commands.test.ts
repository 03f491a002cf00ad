import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DurableLog } from '../../src/service/durable-log.ts';
import { COMPRESSOR, HVAC, NOBODY, PUMP, type Simulation, startSimulation } from '../simulation.ts';

const FACTORY = '11111111-1111-1111-1111-111111111111';
const ANOMALY = `/simulator/machines/${COMPRESSOR}/anomaly`;

describe('commands', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation();
  });
  after(() => simulation.close());

  async function ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) {
    const request = payload ? { method, url, payload } : { method, url };
    const response = await simulation.app.inject(request);
    return { status: response.statusCode, body: response.json() };
  }

  async function machine(id = COMPRESSOR) {
    return (await ask('GET', `/simulator/machines/${id}`)).body;
  }

  it('change the speed, which is recorded in the journal and affects no reading', async () => {
    const { simulator } = simulation;
    const nowMs = simulator.clock.nowMs();
    const { status, body } = await ask('PUT', '/simulator/config', { simulation_speed: 60 });
    assert.deepEqual([status, body.data.simulation_speed], [200, 60]);
    assert.equal(simulator.clock.nowMs(), nowMs);
    assert.equal((await ask('GET', '/simulator/status')).body.simulation_speed, 60);
    assert.equal((await ask('GET', '/simulator/config')).body.simulation_speed, 60);
    const { kind, ...event } = simulator.eventLog.journal.events.at(-1) ?? {};
    assert.deepEqual(
      [kind, (event as { speed?: number }).speed, simulator.eventLog.journal.events.length],
      ['speed', 60, 1],
    );
    await ask('PUT', '/simulator/config', { simulation_speed: 60 });
    assert.equal(simulator.eventLog.journal.events.length, 1, 'the same speed is no change');
    for (const speed of [0, -1, 100_001, '60', null]) {
      const refused = await ask('PUT', '/simulator/config', { simulation_speed: speed });
      assert.equal(refused.status, 422);
      assert.match(refused.body.errors[0].message, /a number above 0, up to 100000$/);
    }
    await ask('PUT', '/simulator/config', { simulation_speed: 1 });
  });

  it('stop and start all machines when none is named', async () => {
    const stopped = await ask('POST', '/simulator/stop');
    assert.equal(stopped.status, 200);
    assert.equal(stopped.body.success, true);
    assert.deepEqual(stopped.body.data, { running_machines: 0, total_machines: 5 });
    assert.equal((await ask('GET', '/simulator/status')).body.status, 'stopped');
    const started = await ask('POST', '/simulator/start', {});
    assert.deepEqual(started.body.data, { running_machines: 5, total_machines: 5 });
    assert.equal((await ask('GET', '/simulator/status')).body.status, 'running');
  });

  it('show in the next response', async () => {
    await ask('POST', '/simulator/stop', { machine_ids: [COMPRESSOR] });
    const { is_running, operating_mode, current_power_kw } = await machine();
    assert.deepEqual([is_running, operating_mode, current_power_kw], [false, 'offline', 0]);
    await ask('POST', '/simulator/start', { machine_ids: [COMPRESSOR] });
    assert.equal((await machine()).is_running, true);
  });

  it('find machines by factory, and ids in upper or lower case', async () => {
    const stopped = await ask('POST', '/simulator/stop', { factory_ids: [FACTORY] });
    assert.equal(stopped.body.data.running_machines, 0);
    const ids = { machine_ids: [COMPRESSOR.toUpperCase(), PUMP] };
    assert.equal((await ask('POST', '/simulator/start', ids)).body.data.running_machines, 2);
    await ask('POST', '/simulator/start');
  });

  it('with unknown ids are refused with a list of them, and change nothing', async () => {
    const ids = { machine_ids: [COMPRESSOR, NOBODY], factory_ids: [NOBODY] };
    const { status, body } = await ask('POST', '/simulator/stop', ids);
    assert.equal(status, 404);
    assert.equal(body.success, false);
    const paths = body.errors.map(({ path }: { path: string }) => path);
    assert.deepEqual(paths, ['machine_ids.1', 'factory_ids.0']);
    assert.match(body.errors[0].message, new RegExp(NOBODY));
    assert.equal((await ask('GET', '/simulator/status')).body.running_machines, 5);
  });

  it('that change nothing add nothing to the journal', async () => {
    const { events } = simulation.simulator.eventLog.journal;
    const count = events.length;
    await ask('POST', '/simulator/start');
    await ask('PUT', '/simulator/config', { enable_anomalies: false });
    await ask('DELETE', ANOMALY);
    assert.equal(events.length, count);
  });

  it('inject an anomaly, which shows in the readings and ends when cleared', async () => {
    const wanted = { anomaly_type: 'bearing_fault', severity: 5, duration_seconds: 3600 };
    const { status, body } = await ask('POST', ANOMALY, { ...wanted, machine_id: COMPRESSOR });
    assert.equal(status, 200);
    assert.equal(body.data.machine_id, COMPRESSOR);
    assert.equal(Date.parse(body.data.ends_at) - Date.parse(body.data.started_at), 3_600_000);
    const { anomaly_active, anomaly_type } = await machine();
    assert.deepEqual([anomaly_active, anomaly_type], [true, 'bearing_fault']);

    await simulation.pass(900);
    const { alerts } = await machine();
    assert.equal(alerts[0]?.code, 'HIGH_VIBRATION');

    const cleared = await ask('DELETE', `${ANOMALY}?anomaly_type=bearing_fault`);
    assert.equal(cleared.body.data.cleared[0].id, body.data.id);
    assert.equal((await machine()).anomaly_active, false);
    await simulation.pass(600);
    assert.deepEqual((await machine()).alerts, []);
  });

  it('inject with the default severity and duration', async () => {
    const { data } = (await ask('POST', ANOMALY, { anomaly_type: 'leak' })).body;
    assert.equal(data.severity, 1.5);
    assert.equal(Date.parse(data.ends_at) - Date.parse(data.started_at), 300_000);
    await ask('DELETE', ANOMALY);
  });

  it('clear one of several anomalies, or all', async () => {
    for (const anomaly_type of ['leak', 'efficiency_loss', 'bearing_fault'])
      await ask('POST', ANOMALY, { anomaly_type });
    const types = (body: { data: { cleared: { anomaly_type: string }[] } }) =>
      body.data.cleared.map(({ anomaly_type }) => anomaly_type).sort();
    const one = await ask('DELETE', `${ANOMALY}?anomaly_type=leak`);
    assert.deepEqual(types(one.body), ['leak']);
    const rest = await ask('DELETE', ANOMALY);
    assert.deepEqual(types(rest.body), ['bearing_fault', 'efficiency_loss']);
    const none = await ask('DELETE', ANOMALY);
    assert.equal(none.status, 200);
    assert.deepEqual(types(none.body), []);
  });

  it('inject only anomalies of the machine’s type, and only while it runs', async () => {
    const foreign = await ask('POST', ANOMALY, { anomaly_type: 'belt_slip' });
    assert.equal(foreign.status, 422);
    assert.equal(foreign.body.errors[0].path, 'anomaly_type');
    assert.match(foreign.body.message, /leak, efficiency_loss, bearing_fault/);
    assert.equal((await ask('DELETE', `${ANOMALY}?anomaly_type=belt_slip`)).status, 422);

    await ask('POST', '/simulator/stop', { machine_ids: [HVAC] });
    const url = `/simulator/machines/${HVAC}/anomaly`;
    const stopped = await ask('POST', url, { anomaly_type: 'dirty_coils' });
    assert.equal(stopped.status, 409);
    assert.match(stopped.body.message, /HVAC-Main is stopped/);
    await ask('POST', '/simulator/start');
  });

  it('inject into the machine in the address only', async () => {
    const { status, body } = await ask('POST', ANOMALY, { anomaly_type: 'leak', machine_id: HVAC });
    assert.equal(status, 400);
    assert.equal(body.errors[0].path, 'machine_id');
    assert.equal((await machine()).anomaly_active, false);
  });

  it('change settings, which apply from the next response on', async () => {
    const changes = { anomaly_probability: 0.5, weekend_production_factor: 0.1 };
    const { body } = await ask('PUT', '/simulator/config', changes);
    const expected = { simulation_speed: 1, enable_anomalies: false, ...changes };
    assert.deepEqual(body.data, expected);
    const { variables, ...settings } = (await ask('GET', '/simulator/config')).body;
    assert.deepEqual(settings, expected);
    assert.deepEqual(variables.API_PORT, { value: 8003, source: 'default' });
    assert.deepEqual((await ask('GET', '/simulator/status')).body.configuration, expected);
  });
});

describe('a command that cannot be recorded', () => {
  it('gets 503 and changes nothing', async () => {
    const log: DurableLog = { keep: () => Promise.reject(new Error('no space left on device')) };
    const simulation = await startSimulation({ log });
    try {
      const response = await simulation.app.inject({ method: 'POST', url: '/simulator/stop' });
      assert.equal(response.statusCode, 503);
      assert.deepEqual(response.json(), {
        success: false,
        message: 'the journal cannot be written now',
      });
      assert.equal(simulation.simulator.runningCount(), 5);
    } finally {
      await simulation.close();
    }
  });
});
