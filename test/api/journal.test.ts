import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { COMPRESSOR, HVAC, NOBODY, type Simulation, startSimulation } from '../simulation.ts';

interface Event {
  readonly sequence: number;
  readonly time: string;
  readonly kind: string;
  readonly machine_ids: string[] | null;
  readonly anomaly_id: string | null;
  readonly what: object;
}

describe('the journal', () => {
  let simulation: Simulation;
  let anomalyId: string;
  before(async () => {
    simulation = await startSimulation();
    const { app } = simulation;
    const leak = { anomaly_type: 'leak', severity: 3, duration_seconds: 600 };
    const anomaly = `/simulator/machines/${COMPRESSOR}/anomaly`;
    const injected = await app.inject({ method: 'POST', url: anomaly, payload: leak });
    anomalyId = injected.json().data.id;
    await simulation.pass(60);
    await app.inject({ method: 'DELETE', url: anomaly });
    const hvac = { machine_ids: [HVAC] };
    await app.inject({ method: 'POST', url: '/simulator/stop', payload: hvac });
    await app.inject({ method: 'POST', url: '/simulator/start' });
    await app.inject({
      method: 'PUT',
      url: '/simulator/config',
      payload: { anomaly_probability: 0.5 },
    });
  });
  after(() => simulation.close());

  const get = async (query = ''): Promise<Event[]> =>
    (await simulation.app.inject(`/simulator/journal${query}`)).json();

  it('lists what happened, when and to which machine, oldest first', async () => {
    const events = await get();
    assert.deepEqual(events[0], {
      sequence: 1,
      time: '2026-06-01T12:00:01Z',
      kind: 'inject',
      machine_ids: [COMPRESSOR],
      anomaly_id: anomalyId,
      what: { anomaly_type: 'leak', severity: 3, duration_seconds: 600 },
    });
    assert.deepEqual(
      events.slice(1).map(({ kind, machine_ids, what }) => [kind, machine_ids, what]),
      [
        ['clear', [COMPRESSOR], {}],
        ['stop', [HVAC], {}],
        ['start', null, {}],
        ['configure', null, { anomaly_probability: 0.5 }],
      ],
    );
  });

  it('is filtered by time, kind and machine', async () => {
    const kinds = async (query: string) => (await get(query)).map(({ kind }) => kind);
    assert.deepEqual(await kinds('?to=2026-06-01T12:00:01Z'), ['inject']);
    assert.equal((await kinds('?from=2026-06-01T12:00:01Z')).length, 4);
    assert.deepEqual(await kinds('?kind=clear'), ['clear']);
    assert.deepEqual(await kinds(`?machine_id=${HVAC.toUpperCase()}`), ['stop', 'start']);
    assert.deepEqual(await kinds(`?machine_id=${NOBODY}`), ['start'], 'that was for all machines');
    for (const query of ['kind=fire', 'limit=0', 'from=2026-02-30T00:00:00Z', 'form=x'])
      assert.equal((await simulation.app.inject(`/simulator/journal?${query}`)).statusCode, 422);
  });

  it('is paginated', async () => {
    const sequences: number[] = [];
    let url: string | undefined = '/simulator/journal?limit=2&from=2026-06-01T12:00:00Z';
    while (url) {
      const { headers, body }: LightMyRequestResponse = await simulation.app.inject(url);
      assert.equal(headers['x-total-count'], '5');
      for (const { sequence } of JSON.parse(body) as Event[]) sequences.push(sequence);
      const next = /^<(.*)>; rel="next"$/.exec((headers.link as string | undefined) ?? '')?.[1];
      url = next && new URL(next, new URL(url, 'http://localhost')).href;
    }
    assert.deepEqual(sequences, [1, 2, 3, 4, 5]);
  });
});
