import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPRESSOR, startSimulation } from '../simulation.ts';

test('an unknown address names the one that was probably meant', async (t) => {
  const { app, close } = await startSimulation();
  t.after(close);
  for (const [path, near] of [
    ['/simulator/machine', '/simulator/machines'],
    ['/simulator/Machines', '/simulator/machines'],
    ['/machines', '/simulator/machines'],
    ['/api/simulator/status', '/simulator/status'],
    ['/metric', '/metrics'],
    ['/openapi.jsn', '/openapi.json'],
    ['/simulator/machines/Compressor-1/reading', '/simulator/machines/{machine_id}/readings'],
    [`/simulator/machines/${COMPRESSOR}/seris`, '/simulator/machines/{machine_id}/series'],
    [`/machines/${COMPRESSOR}/baseline`, '/simulator/machines/{machine_id}/baseline'],
  ] as const) {
    const response = await app.inject(path);
    assert.equal(response.statusCode, 404);
    assert.equal(response.json().message, `there is no ${path}; did you mean ${near}?`);
  }
  const { message } = (await app.inject('/simulator/weather/tomorrow')).json();
  assert.equal(message, 'there is no /simulator/weather/tomorrow; /docs lists all addresses');
  assert.equal((await app.inject('/nowhere')).json().message, 'there is no /nowhere');
});

test('a format that a machine’s readings do not have is answered with those they have', async (t) => {
  const { app, close } = await startSimulation();
  t.after(close);
  const url = `/simulator/machines/${COMPRESSOR}/readings`;
  const response = await app.inject({ url, headers: { accept: 'application/xml' } });
  assert.equal(response.statusCode, 406);
  assert.match(response.json().message, /application\/json, .*text\/csv; accept one of these$/);
});
