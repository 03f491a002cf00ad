import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import type { DeliveryFigures } from '../../src/delivery/delivery.ts';
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

describe('what the simulator tells of itself', () => {
  let simulation: Simulation;
  const mqtt = { ...MQTT };
  before(async () => {
    simulation = await startSimulation({ sinks: [mqtt] });
  });
  after(() => simulation.close());

  const get = async (url: string) => (await simulation.app.inject(url)).json();

  it('is healthy while its sinks are connected, and else degraded', async () => {
    const healthy = await get('/health');
    assert.equal(healthy.status, 'healthy');
    assert.equal(healthy.mqtt_connected, true);
    mqtt.isConnected = false;
    const degraded = await get('/health');
    assert.equal(degraded.status, 'degraded');
    assert.equal(degraded.mqtt_connected, false);
    mqtt.isConnected = true;
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

  it('lists machines by type, by state and page by page', async () => {
    assert.equal((await get('/simulator/machines?type=pump')).length, 1);
    assert.equal((await get('/simulator/machines?running=false')).length, 0);
    const names: string[] = [];
    let url: string | undefined = '/simulator/machines?limit=2&running=true';
    while (url) {
      const { headers, body }: LightMyRequestResponse = await simulation.app.inject(url);
      assert.equal(headers['x-total-count'], '5');
      for (const { machine_name } of JSON.parse(body)) names.push(machine_name);
      url = /^<(.*)>; rel="next"$/.exec((headers.link as string | undefined) ?? '')?.[1];
    }
    assert.deepEqual(
      names,
      simulation.simulator.fleet.machines.map(({ name }) => name),
    );
  });

  it('is ready until it stops', async () => {
    assert.equal((await simulation.app.inject('/health/ready')).statusCode, 200);
    simulation.simulator.beginStopping();
    assert.equal((await simulation.app.inject('/health/ready')).statusCode, 503);
    assert.equal((await simulation.app.inject('/health/live')).statusCode, 200);
    assert.equal((await get('/simulator/status')).status, 'stopping');
  });

  it('gives Prometheus its figures and those of each sink', async () => {
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
