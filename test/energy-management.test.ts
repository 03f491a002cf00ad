/** The worked example of docs/guides/energy-management.md. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { factoriesOf } from './factory/surroundings.ts';
import { startSimulation } from './simulation.ts';

const examples = new URL('../../examples/', import.meta.url);

test('a regression on readings is graded against the truth', async (t) => {
  const factories = factoriesOf(readFileSync(new URL('energy-baseline.yaml', examples), 'utf8'));
  const simulation = await startSimulation({ factories });
  t.after(() => simulation.close());
  await simulation.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = simulation.app.server.address() as AddressInfo;
  const script = fileURLToPath(new URL('energy-baseline.mjs', examples));
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    `http://127.0.0.1:${port}`,
  ]);
  const [model = '', _header, ...rows] = stdout.trimEnd().split('\n');
  const r2 = Number(/R² ([\d.]+)/.exec(model)?.[1]);
  assert.ok(r2 > 0.95, model);
  const weeks = rows.map((row) => row.trim().replace('%', '').split(/\s+/).slice(1).map(Number));
  assert.equal(weeks.length, 4);
  for (const [i, [, kwh = 0, enbKwh = 0, enPi = 0, trueKwh = 0, error = 9, waste = 0]] of [
    ...weeks.entries(),
  ]) {
    assert.ok(Math.abs(error) < 2, rows[i]);
    assert.ok(Math.abs(kwh - trueKwh - waste) < 0.01 * kwh, rows[i]);
    const isLeaking = i === 1 || i === 2;
    assert.equal(enPi > 1.05, isLeaking, rows[i]);
    assert.equal(waste > 400, isLeaking, rows[i]);
    assert.ok(Math.abs(kwh - enbKwh - waste) < 150, rows[i]);
  }
});
