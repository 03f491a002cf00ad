import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  COMPRESSOR,
  HVAC,
  NOBODY,
  NOON_MS,
  PUMP,
  type Simulation,
  startSimulation,
} from '../simulation.ts';

const DAY_MS = 86_400_000;
const time = (ms: number) => new Date(ms).toISOString();

interface Series {
  readonly sampled: boolean;
  readonly readings: number;
  readonly bucket_seconds: number;
  readonly time: string[];
  readonly fields: Record<string, Record<'min' | 'max' | 'mean', (number | null)[]>>;
}

describe('a series', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation();
  });
  after(() => simulation.close());

  const ask = (machine: string, query: Record<string, string>) =>
    simulation.app.inject({ url: `/simulator/machines/${machine}/series`, query });

  it('has the shifts of its window and of the same time after it', async () => {
    const window = { from: '2026-06-01T04:00:00Z', to: '2026-06-01T09:00:00Z' };
    const { shifts } = (await ask(COMPRESSOR, { ...window, points: '10' })).json();
    assert.deepEqual(
      shifts.map((each: { from: string; to: string; load_share: number }) => Object.values(each)),
      [
        ['2026-06-01T04:00:00Z', '2026-06-01T06:00:00Z', null, 0.5],
        ['2026-06-01T06:00:00Z', '2026-06-01T14:00:00Z', 1, 1],
      ],
    );
    const month = { from: '2026-04-01T00:00:00Z', to: '2026-06-01T00:00:00Z' };
    assert.deepEqual((await ask(HVAC, { ...month, points: '10' })).json().shifts, []);
  });

  it('has the minimum, maximum and mean of every bucket', async () => {
    const window = { from: time(NOON_MS - 600_000), to: time(NOON_MS) };
    const series: Series = (await ask(COMPRESSOR, { ...window, points: '10' })).json();
    const url = `/simulator/machines/${COMPRESSOR}/readings?${new URLSearchParams(window)}`;
    const powers: number[] = (await simulation.app.inject(url))
      .json()
      .map((reading: { power_kw: number }) => reading.power_kw);
    assert.equal(series.readings, 600);
    assert.equal(series.sampled, false);
    assert.equal(series.bucket_seconds, 60);
    assert.equal(series.time[0], '2026-06-01T11:51:00Z');
    assert.equal(series.time.at(-1), '2026-06-01T12:00:00Z');
    for (let i = 0; i < 10; i++) {
      const part = powers.slice(60 * i, 60 * (i + 1));
      const power = series.fields['power_kw'];
      assert.equal(power?.min[i], Math.min(...part));
      assert.equal(power?.max[i], Math.max(...part));
      const mean = part.reduce((sum, each) => sum + each, 0) / 60;
      assert.ok(Math.abs((power?.mean[i] ?? 0) - mean) < 1e-5);
    }
  });

  it('has the expected values, those of the same machine without any anomaly', async () => {
    const anomalous = await startSimulation();
    const sound = await startSimulation();
    const url = `/simulator/machines/${COMPRESSOR}`;
    const payload = { anomaly_type: 'leak', severity: 4, duration_seconds: 3600 };
    await anomalous.app.inject({ method: 'POST', url: `${url}/anomaly`, payload });
    for (const each of [anomalous, sound]) await each.pass(900);
    const from = time(NOON_MS - 900_000);
    const series = async ({ app }: Simulation, query: object) => {
      const fields = 'power_kw,pressure_bar';
      const answer = await app.inject({ url: `${url}/series`, query: { from, fields, ...query } });
      return answer.json();
    };
    const actual = await series(anomalous, { expected: 'true' });
    assert.deepEqual(actual.expected, (await series(sound, {})).fields);
    const ends = (column: { mean: number[] }) => [column.mean[100], column.mean.at(-100)];
    const [before, after] = ends(actual.fields.power_kw);
    const [beforeExpected, afterExpected] = ends(actual.expected.power_kw);
    assert.equal(before, beforeExpected);
    assert.notEqual(after, afterExpected);
    assert.equal('expected' in (await series(sound, { expected: 'false' })), false);
    await anomalous.close();
    await sound.close();
  });

  it('covers the last hour and all numeric fields by default', async () => {
    const series: Series = (await ask(HVAC, {})).json();
    assert.equal(series.readings, 360);
    assert.equal(series.time.length, 400);
    const names = Object.keys(series.fields);
    assert.ok(names.includes('power_kw') && names.includes('cop'));
    assert.ok(!names.includes('operating_mode'));
  });

  it('has null for a bucket without readings', async () => {
    const query = { from: time(NOON_MS - 60_000), points: '6', fields: 'power_kw' };
    const { fields }: Series = (await ask(PUMP, query)).json();
    assert.deepEqual(Object.keys(fields), ['power_kw']);
    assert.deepEqual(
      fields['power_kw']?.mean.map((value) => value !== null),
      [false, false, true, false, false, true],
    );
  });

  it('of a year is marked as sampled, and has a value in every bucket', async () => {
    const query = { from: time(NOON_MS - 365 * DAY_MS), points: '365', fields: 'power_kw' };
    const response = await ask(COMPRESSOR, query);
    const series: Series = response.json();
    assert.equal(series.sampled, true);
    assert.ok(series.readings > 200_000 && series.readings <= 250_000, `${series.readings}`);
    assert.ok(series.fields['power_kw']?.mean.every((value) => value !== null));
    assert.equal((await ask(COMPRESSOR, query)).body, response.body);
  });

  it('is refused for unknown fields and machines, and for invalid windows', async () => {
    const unknown = await ask(PUMP, { fields: 'power_kw,colour' });
    assert.equal(unknown.statusCode, 422);
    assert.match(unknown.json().errors[0].message, /^colour is not accepted; choose from power_kw/);
    assert.equal((await ask(PUMP, { to: time(NOON_MS + DAY_MS) })).statusCode, 422);
    assert.equal((await ask(PUMP, { points: '2001' })).statusCode, 422);
    assert.equal((await ask(NOBODY, {})).statusCode, 404);
  });
});
