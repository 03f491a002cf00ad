import assert from 'node:assert/strict';
import test from 'node:test';
import { TruthPublisher } from '../../src/service/truth-publisher.ts';
import { COMPRESSOR, startSimulation } from '../simulation.ts';
import { until } from '../until.ts';

test('an anomaly’s record is published when it starts, changes and ends, and after an outage', async () => {
  const { app, simulator, pass, close } = await startSimulation();
  const said: { topic: string; active: boolean; cleared_by: string | null }[] = [];
  let isAway = false;
  let refused = 0;
  const announcer = {
    announce: async (topic: string, payload: string) => {
      if (isAway) {
        refused++;
        throw new Error('away');
      }
      const { active, cleared_by } = JSON.parse(payload);
      said.push({ topic, active, cleared_by });
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const end = new AbortController();
  const running = new TruthPublisher(simulator, announcer, log).run(end.signal);
  const url = `/simulator/machines/${COMPRESSOR}/anomaly`;
  const topic = 'ground-truth/demo/compressor-1';
  try {
    await pass(5);
    assert.deepEqual(said, []);
    await app.inject({ method: 'POST', url, payload: { anomaly_type: 'leak', severity: 2 } });
    await pass(5);
    await until(() => said.length > 0);
    assert.deepEqual(said, [{ topic, active: true, cleared_by: null }]);
    isAway = true;
    await app.inject({ method: 'DELETE', url });
    await pass(5);
    await until(() => refused > 0);
    assert.equal(said.length, 1);
    isAway = false;
    await pass(5);
    await until(() => said.length > 1);
    assert.deepEqual(said.slice(1), [{ topic, active: false, cleared_by: 'request' }]);
    await pass(30);
    assert.equal(said.length, 2, 'nothing is said twice');
  } finally {
    end.abort();
    await running;
    await close();
  }
});

test('a defect is published when it starts and when it is mended', async () => {
  const { app, simulator, pass, close } = await startSimulation();
  const said: { topic: string; message: Record<string, unknown> }[] = [];
  const announcer = {
    announce: async (topic: string, payload: string) => {
      said.push({ topic, message: JSON.parse(payload) });
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const end = new AbortController();
  const running = new TruthPublisher(simulator, announcer, log).run(end.signal);
  const url = `/simulator/machines/${COMPRESSOR}/defect`;
  try {
    const payload = { kind: 'ct_reversed', phases: ['L2'], duration_seconds: 600 };
    const { data } = (await app.inject({ method: 'POST', url, payload })).json();
    await pass(5);
    await until(() => said.length > 0);
    const { started_at } = data;
    const message = {
      id: data.id,
      scenario: null,
      event: null,
      machine_id: COMPRESSOR,
      channel: 'energy',
      fields: null,
      class: 'wiring',
      kind: 'ct_reversed',
      parameters: { phases: ['L2'] },
      started_at,
      ended_at: data.ends_at,
      active: true,
    };
    assert.deepEqual(said, [{ topic: 'ground-truth/demo/compressor-1', message }]);
    await app.inject({ method: 'DELETE', url });
    await pass(5);
    await until(() => said.length > 1);
    assert.deepEqual(said[1]?.message, {
      ...message,
      ended_at: '2026-06-01T12:00:06Z',
      active: false,
    });
    await pass(30);
    assert.equal(said.length, 2, 'nothing is said twice');
  } finally {
    end.abort();
    await running;
    await close();
  }
});
