import assert from 'node:assert/strict';
import test from 'node:test';
import { COMPRESSOR, HVAC, startSimulation } from '../simulation.ts';

async function inject(
  app: Awaited<ReturnType<typeof startSimulation>>['app'],
  url: string,
  body: object,
) {
  const answer = await app.inject({ method: 'POST', url, payload: body });
  assert.equal(answer.statusCode, 200, answer.body);
}

test('an active anomaly reports its cost so far, an ended one its total cost', async () => {
  const { app, pass, close } = await startSimulation();
  try {
    await inject(app, `/simulator/machines/${COMPRESSOR}/anomaly`, {
      anomaly_type: 'leak',
      severity: 3,
      duration_seconds: 1200,
    });
    await inject(app, `/simulator/machines/${HVAC}/anomaly`, { anomaly_type: 'dirty_coils' });
    await pass(300);
    const list = async (query: string) => {
      const answer = await app.inject(`/simulator/anomalies${query}`);
      assert.equal(answer.statusCode, 200, answer.body);
      return answer.json() as Record<string, unknown>[];
    };
    const [first] = await list(`?machine_id=${COMPRESSOR}&type=leak`);
    assert.ok(first);
    assert.equal(first['active'], true);
    assert.equal(first['final'], false);
    assert.equal(first['origin'], 'injected');
    const early = first['excess_energy_kwh'] as number;
    assert.ok(early > 0.1, `${early}`);
    assert.equal((await list('?active=true')).length, 2);

    await pass(1200);
    const [later] = await list(`?machine_id=${COMPRESSOR}&type=leak`);
    assert.ok((later?.['excess_energy_kwh'] as number) > early);
    assert.equal(later?.['active'], false);
    assert.deepEqual(await list('?active=true'), []);
    assert.equal((await list('?limit=1')).length, 1);
    assert.deepEqual(await list('?from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00Z'), []);
  } finally {
    await close();
  }
});

test('a bad query for anomalies gets the reason', async () => {
  const { app, close } = await startSimulation();
  try {
    for (const [query, status] of [
      ['?from=2026-06-01T11:00:00Z&to=2026-06-01T10:00:00Z', 422],
      ['?to=2036-06-01T11:00:00Z', 422],
      ['?limit=0', 422],
      ['?active=perhaps', 422],
      ['?machine_id=nobody', 422],
      ['?machine_id=d0000000-0000-0000-0000-00000000000d', 404],
      ['?colour=red', 422],
    ] as const) {
      const answer = await app.inject(`/simulator/anomalies${query}`);
      assert.equal(answer.statusCode, status, `${query}: ${answer.body}`);
      assert.equal(answer.json().success, false);
    }
  } finally {
    await close();
  }
});
