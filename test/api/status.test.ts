import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import type { DeliveryFigures } from '../../src/delivery/delivery.ts';

interface Problem {
  readonly part: string;
  readonly reason: string;
}

import { COMPRESSOR, type Simulation, startSimulation } from '../simulation.ts';

const MQTT: DeliveryFigures = {
  sink: 'mqtt',
  state: 'live',
  readings: 100,
  messages: 301,
  bytes: 45_000,
  failures: 2,
  reconnects: 1,
  lagMs: 2500,
  isBehind: false,
  isConnected: true,
  lastError: undefined,
  problems: [],
  refused: [],
  refusedTotal: 0,
};

describe('the status of the simulator', () => {
  let simulation: Simulation;
  const mqtt = { ...MQTT };
  before(async () => {
    simulation = await startSimulation({ sinks: [mqtt] });
  });
  after(() => simulation.close());

  const get = async (url: string) => (await simulation.app.inject(url)).json();

  it('is healthy while all sinks are connected, otherwise degraded', async () => {
    const healthy = await get('/health');
    assert.equal(healthy.status, 'healthy');
    assert.equal(healthy.mqtt_connected, true);
    assert.deepEqual(healthy.problems, []);
    mqtt.isConnected = false;
    const degraded = await get('/health');
    assert.equal(degraded.status, 'degraded');
    assert.equal(degraded.mqtt_connected, false);
    assert.deepEqual(
      degraded.problems.map(({ part, reason }: Problem) => [part, reason]),
      [['mqtt', 'not connected']],
    );
    const { since } = degraded.problems[0];
    assert.match(since, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal((await get('/health')).problems[0].since, since, 'since it was first seen');
    mqtt.isConnected = true;
    assert.equal((await get('/health')).status, 'healthy');
  });

  it('is degraded while a sink makes no progress, connected or not', async () => {
    const sinceMs = Date.UTC(2026, 5, 1, 11);
    const reason = 'nothing was acknowledged for 30 s';
    Object.assign(mqtt, { state: 'stalled', problems: [{ part: 'mqtt', reason, sinceMs }] });
    const { status, problems } = await get('/health');
    assert.equal(status, 'degraded');
    assert.deepEqual(problems, [{ part: 'mqtt', reason, since: '2026-06-01T11:00:00Z' }]);
    const [output] = (await get('/simulator/status')).outputs;
    assert.deepEqual([output.state, output.since], ['stalled', '2026-06-01T11:00:00Z']);
    const { body } = await simulation.app.inject('/metrics');
    for (const line of [
      'simulator_sink_stalled{sink="mqtt"} 1',
      'simulator_healthy 0',
      'simulator_problems{part="mqtt"} 1',
      'simulator_problems{part="clock"} 0',
    ])
      assert.ok(body.split('\n').includes(line), line);
    Object.assign(mqtt, { state: 'live', problems: [] });
  });

  it('is degraded while a sink is 30 s behind without catching up', async () => {
    for (const [lagMs, state, status] of [
      [30_000, 'live', 'healthy'],
      [30_001, 'live', 'degraded'],
      [86_400_000, 'catching-up', 'healthy'],
    ]) {
      Object.assign(mqtt, { lagMs, state });
      assert.equal((await get('/health')).status, status, `${lagMs} ${state}`);
    }
    Object.assign(mqtt, { lagMs: MQTT.lagMs, state: 'live' });
  });

  it('lists the outputs and their refused messages', async () => {
    const refused = Array.from({ length: 200 }, (_, i) => ({
      topic: `factory/demo/machine-${i}/energy`,
      count: 2,
      reason: 'not authorized',
    }));
    Object.assign(mqtt, { refused, refusedTotal: 500, lastError: 'not authorized' });
    const [output, ...others] = (await get('/simulator/status')).outputs;
    assert.equal(others.length, 0);
    const { refused: shown, ...rest } = output;
    assert.deepEqual(rest, {
      name: 'mqtt',
      state: 'live',
      connected: true,
      lag_seconds: 2.5,
      last_error: 'not authorized',
      since: null,
      refused_messages: 500,
      messages: 301,
      reconnects: 1,
    });
    assert.equal(shown.length, 100);
    assert.deepEqual(shown[0], refused[0]);
    const { body } = await simulation.app.inject('/metrics');
    const lines = body.split('\n').filter((line) => line.startsWith('simulator_messages_refused'));
    assert.equal(lines.length, 51);
    assert.equal(lines.at(-1), 'simulator_messages_refused_total{sink="mqtt",topic="others"} 400');
    Object.assign(mqtt, { refused: [], refusedTotal: 0, lastError: undefined });
  });

  it('counts readings, energy and messages', async () => {
    await simulation.pass(60);
    const status = await get('/simulator/status');
    assert.equal(status.total_readings_generated, 60 + 6 + 6 + 2 + 2);
    assert.equal(status.mqtt_messages_published, 301);
    assert.equal(status.machines_count, 5);
    assert.equal(status.factories_count, 1);
    const machine = await get(`/simulator/machines/${COMPRESSOR}`);
    assert.equal(machine.readings_generated, 60);
    assert.equal(machine.last_reading_time, '2026-06-01T12:01:00Z');
    assert.ok(machine.total_energy_kwh > 0.1 && machine.total_energy_kwh < 1);
  });

  it('lists machines by type and state, page by page', async () => {
    assert.equal((await get('/simulator/machines?type=pump')).length, 1);
    assert.equal((await get('/simulator/machines?running=false')).length, 0);
    const names: string[] = [];
    let url: string | undefined = '/simulator/machines?limit=2&running=true';
    while (url) {
      const { headers, body }: LightMyRequestResponse = await simulation.app.inject(url);
      assert.equal(headers['x-total-count'], '5');
      for (const { machine_name } of JSON.parse(body)) names.push(machine_name);
      const next = /^<(.*)>; rel="next"$/.exec((headers.link as string | undefined) ?? '')?.[1];
      url = next && new URL(next, new URL(url, 'http://localhost')).href;
    }
    assert.deepEqual(
      names,
      simulation.simulator.fleet.machines.map(({ name }) => name),
    );
  });

  it('is ready until the simulator stops', async () => {
    assert.equal((await simulation.app.inject('/health/ready')).statusCode, 200);
    simulation.simulator.beginStopping();
    assert.equal((await simulation.app.inject('/health/ready')).statusCode, 503);
    assert.equal((await simulation.app.inject('/health/live')).statusCode, 200);
    assert.equal((await get('/simulator/status')).status, 'stopping');
  });

  it('gives Prometheus metrics of the simulator and of each sink', async () => {
    await simulation.app.inject(`/simulator/machines/${COMPRESSOR}`);
    const { body, headers } = await simulation.app.inject('/metrics');
    assert.match(headers['content-type'] as string, /^text\/plain; version=/);
    for (const line of [
      'simulator_readings_total 76',
      'simulator_sink_messages_total{sink="mqtt"} 301',
      'simulator_sink_bytes_total{sink="mqtt"} 45000',
      'simulator_sink_lag_seconds{sink="mqtt"} 2.5',
      'simulator_sink_reconnects_total{sink="mqtt"} 1',
      'simulator_sink_connected{sink="mqtt"} 1',
      'simulator_machines{state="running"} 5',
    ])
      assert.ok(body.split('\n').includes(line), line);
    assert.match(body, /nodejs_eventloop_lag_p99_seconds/);
    assert.match(body, /route="\/simulator\/machines\/:machine_id",status="200"/);
    assert.doesNotMatch(body, new RegExp(COMPRESSOR));
  });
});
