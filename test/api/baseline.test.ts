import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { COMPRESSOR, NOBODY, NOON_MS, type Simulation, startSimulation } from '../simulation.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const METER = 'c0000000-0000-0000-0000-0000000000ff';
const time = (ms: number) => new Date(ms).toISOString();

describe('a baseline', () => {
  let simulation: Simulation;
  before(async () => {
    const meter = {
      id: METER,
      name: 'Main-Meter',
      type: 'meter',
      ratedPowerKw: 400,
      intervalS: 60,
      topic: 'factory/demo/main-meter',
    };
    const machines = [...DEFAULT_FACTORY.machines, meter].map((machine) => ({
      ...machine,
      parameters: { wearShare: 0 },
    }));
    simulation = await startSimulation({ factories: [{ ...DEFAULT_FACTORY, machines }] });
  });
  after(() => simulation.close());

  const ask = (machine: string, query: Record<string, string> = {}) =>
    simulation.app.inject({ url: `/simulator/machines/${machine}/baseline`, query });

  it('is the energy that a machine uses without anomalies, with its actual energy and drivers', async () => {
    const { app } = simulation;
    await app.inject({
      method: 'POST',
      url: `/simulator/machines/${COMPRESSOR}/anomaly`,
      payload: { anomaly_type: 'efficiency_loss', severity: 5, duration_seconds: 3600 },
    });
    await simulation.pass(7200);
    const answer = (await ask(COMPRESSOR, { from: time(NOON_MS - DAY_MS) })).json();
    assert.equal(answer.to, '2026-06-01T14:00:00Z');
    const { expected_energy_kwh, actual_energy_kwh, difference_kwh, drivers } = answer;
    assert.ok(expected_energy_kwh > 500 && expected_energy_kwh < 900, `${expected_energy_kwh}`);
    assert.ok(Math.abs(actual_energy_kwh - expected_energy_kwh - difference_kwh) < 0.002);
    assert.ok(difference_kwh > 8 && difference_kwh < 16, `${difference_kwh}`);
    const percent = (100 * difference_kwh) / expected_energy_kwh;
    assert.ok(Math.abs(answer.difference_percent - percent) < 0.001);
    // From Sunday noon to Monday 14 h.
    assert.deepEqual(drivers.hours_by_shift, { weekend: 12, rest: 6, '06:00-14:00': 8 });
    assert.ok(Math.abs(drivers.full_load_hours - (12 * 0.3 + 6 * 0.5 + 8)) < 0.2);
    assert.ok(drivers.mean_outdoor_temp_c > 15 && drivers.mean_outdoor_temp_c < 40);
    const [{ excess_energy_kwh }] = (await app.inject('/simulator/anomalies')).json();
    assert.ok(Math.abs(excess_energy_kwh / difference_kwh - 1) < 0.05);
  });

  it('covers the last day by default, and the whole factory for a meter', async () => {
    const answer = (await ask(METER)).json();
    assert.equal(Date.parse(answer.to) - Date.parse(answer.from), DAY_MS);
    assert.ok(answer.expected_energy_kwh > 3000 && answer.difference_kwh > 8);
    assert.equal(answer.drivers.production_units, 0);
  });

  it('is refused for unknown machines, and for invalid or overlong windows', async () => {
    assert.equal((await ask(NOBODY)).statusCode, 404);
    assert.equal((await ask(COMPRESSOR, { to: time(NOON_MS + DAY_MS) })).statusCode, 422);
    const long = await ask(COMPRESSOR, { from: '2025-05-01T00:00:00Z', to: time(NOON_MS) });
    assert.match(long.json().errors[0].message, /accepted are 366 days/);
    const part = await ask(COMPRESSOR, { from: '2026-05-31T00:00:00.5Z', to: time(NOON_MS) });
    assert.match(part.json().errors[0].message, /is not a whole second/);
    const unknown = await ask(COMPRESSOR, { since: 'ever' });
    assert.equal(unknown.statusCode, 422);
  });
});
