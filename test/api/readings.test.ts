import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { acceptedFormat } from '../../src/api/reading-stream.ts';
import { Batch, READING } from '../../src/core/batch.ts';
import { FORMATS } from '../../src/dataset/formats/index.ts';
import { type Reading, readingAt } from '../../src/encoding/reading.ts';
import type { DurableLog } from '../../src/service/durable-log.ts';
import { exportRequest } from '../../src/service/export-request.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { COMPRESSOR, NOON_MS, PUMP, type Simulation, startSimulation } from '../simulation.ts';
import { until } from '../until.ts';

const DAY_MS = 86_400_000;
const time = (ms: number) => new Date(ms).toISOString();

describe('the readings of a window', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation();
  });
  after(() => simulation.close());

  async function get(id: string, query: Record<string, string>, accept = '*/*') {
    const url = `/simulator/machines/${id}/readings?${new URLSearchParams(query)}`;
    return simulation.app.inject({ url, headers: { accept } });
  }

  function read(id: string, fromMs: number, toMs: number): Reading[] {
    const { fleet } = simulation.simulator;
    const reader = createReader(fleet, { machines: [simulation.simulator.machine(id)] });
    const batch = new Batch();
    const readings: Reading[] = [];
    reader.seek(fromMs);
    for (let isDone = false; !isDone; ) {
      batch.clear();
      isDone = reader.read(toMs, batch);
      for (let row = 0; row < batch.length; row++)
        if ((batch.flags[row] as number) & READING) readings.push(readingAt(batch, row));
    }
    return readings;
  }

  it('of several hours are the same as an array, as JSON lines and as CSV', async () => {
    // Several times what is read and sent at once.
    const fromMs = NOON_MS - DAY_MS / 4;
    const query = { from: time(fromMs), to: time(NOON_MS) };
    const array = await get(COMPRESSOR, query);
    const lines = await get(COMPRESSOR, query, 'application/x-ndjson');
    const csv = await get(COMPRESSOR, query, 'text/csv');
    assert.match(array.headers['content-type'] as string, /^application\/json/);
    assert.match(lines.headers['content-type'] as string, /^application\/x-ndjson/);
    assert.match(csv.headers['content-type'] as string, /^text\/csv/);

    const readings: Reading[] = array.json();
    assert.equal(readings.length, 21_600);
    assert.deepEqual(readings, read(COMPRESSOR, fromMs, NOON_MS));
    const parsed = lines.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(parsed, readings);
    const [header = '', ...rows] = csv.body.trimEnd().split('\n');
    assert.equal(header, Object.keys(readings[0] as Reading).join(','));
    assert.deepEqual(
      rows,
      readings.map((reading) =>
        Object.values(reading)
          .map((value) => value ?? '')
          .join(','),
      ),
    );
  });

  it('are those after its start, up to and including its end', async () => {
    const query = { from: '2026-06-01T10:00:00Z', to: '2026-06-01T10:01:30Z' };
    const times = (await get(PUMP, query)).json().map((reading: Reading) => reading.time);
    assert.deepEqual(times, [
      '2026-06-01T10:00:30Z',
      '2026-06-01T10:01:00Z',
      '2026-06-01T10:01:30Z',
    ]);
    const split = { from: '2026-06-01T12:00:00.5+02:00', to: '2026-06-01T10:00:30Z' };
    assert.equal((await get(PUMP, split)).json().length, 1);
  });

  it('are those of the last hour by default', async () => {
    const readings = (await get(PUMP, {})).json();
    assert.equal(readings.length, 120);
    assert.equal(readings.at(-1).time, '2026-06-01T12:00:00Z');
  });

  it('without a reading are an empty array, no lines, or only a header', async () => {
    const query = { from: '2026-06-01T10:00:01Z', to: '2026-06-01T10:00:02Z' };
    assert.equal((await get(PUMP, query)).body, '[]');
    assert.equal((await get(PUMP, query, 'application/x-ndjson')).body, '');
    assert.match((await get(PUMP, query, 'text/csv')).body, /^time,machine_id,power_kw,[^\n]*\n$/);
  });

  it('are only those from while the machine ran', async () => {
    await simulation.simulator.setRunning(false, { machineIds: [PUMP] });
    await simulation.pass(600);
    await simulation.simulator.setRunning(true, { machineIds: [PUMP] });
    await simulation.pass(600);
    const query = { from: time(NOON_MS), to: time(NOON_MS + 1_200_000) };
    const readings: Reading[] = (await get(PUMP, query)).json();
    assert.equal(readings.length, 20);
    assert.ok(readings.every((reading) => Date.parse(reading.time) > NOON_MS + 600_000));
  });

  it('of a year begin to arrive at once, and stop when the client disconnects', async () => {
    await simulation.app.listen({ port: 0 });
    const { port } = simulation.app.server.address() as { port: number };
    const query = new URLSearchParams({ from: time(NOON_MS - 365 * DAY_MS), to: time(NOON_MS) });
    const url = `http://127.0.0.1:${port}/simulator/machines/${COMPRESSOR}/readings?${query}`;
    const rssBefore = process.memoryUsage().rss;
    for (let i = 0; i < 20; i++) {
      const response = await fetch(url, { headers: { accept: 'text/csv' } });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      let bytes = 0;
      while (bytes < 1_000_000) bytes += (await reader.read()).value?.length ?? 0;
      await reader.cancel();
    }
    const grownBytes = process.memoryUsage().rss - rssBefore;
    assert.ok(grownBytes < 150_000_000, `${grownBytes} bytes more`);
    assert.equal((await get(PUMP, {})).statusCode, 200);
  });

  it('come in the format that the client prefers', () => {
    assert.equal(acceptedFormat(), 'application/json');
    assert.equal(acceptedFormat('*/*'), 'application/json');
    assert.equal(acceptedFormat('text/*'), 'text/csv');
    assert.equal(acceptedFormat('text/csv, application/json;q=0.5'), 'text/csv');
    assert.equal(
      acceptedFormat('text/html, application/x-ndjson;q=0.9, */*;q=0.1'),
      'application/x-ndjson',
    );
    assert.equal(acceptedFormat('application/json;q=0, */*'), 'application/x-ndjson');
    assert.equal(acceptedFormat('image/png'), undefined);
  });

  it('come in every format that is made of lines', () => {
    for (const { name, lines } of FORMATS)
      if (lines) assert.equal(acceptedFormat(lines.mediaType), lines.mediaType, name);
  });

  it('are refused in any other format', async () => {
    const response = await get(PUMP, {}, 'image/png');
    assert.equal(response.statusCode, 406);
    assert.match(response.json().message, /application\/x-ndjson/);
  });
});

describe('a window that ends now', () => {
  it('waits for a pending event, which may change its last readings', async () => {
    let keep: (() => void) | undefined;
    const log: DurableLog = {
      keep: () =>
        new Promise((resolve) => {
          keep = resolve;
        }),
    };
    const { app, simulator, clock, close } = await startSimulation({ log });
    try {
      const stopped = simulator.setRunning(false, { machineIds: [COMPRESSOR] });
      await until(() => keep !== undefined);
      clock.advanceTo(NOON_MS + 5000);
      const query = new URLSearchParams({ from: time(NOON_MS - 2000), to: time(NOON_MS + 5000) });
      const url = `/simulator/machines/${COMPRESSOR}/readings?${query}`;
      const answered = app.inject(url).then((response) => response);
      // The duration of a request that does not wait.
      assert.equal((await app.inject('/health')).statusCode, 200);
      keep?.();
      await stopped;
      const times = (await answered).json().map((reading: Reading) => Date.parse(reading.time));
      assert.deepEqual(times, [NOON_MS - 1000, NOON_MS]);
    } finally {
      await close();
    }
  });
});

describe('energy registers', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation({ env: { ENERGY_REGISTERS: 'true' } });
  });
  after(() => simulation.close());

  const json = async (url: string) => (await simulation.app.inject(url)).json();

  it('are read the same from any time on, and stand at 0 before their beginning', async () => {
    const of = (fromMs: number): Promise<Reading[]> =>
      json(`/simulator/machines/${PUMP}/readings?from=${time(fromMs)}&to=${time(NOON_MS)}`);
    const all = await of(NOON_MS - 4_000_000);
    let mwh = 0;
    for (const { time, energy_kwh, energy_total_kwh } of all) {
      if (Date.parse(time) > NOON_MS - 3_600_000) mwh += Math.round(1e6 * Number(energy_kwh));
      assert.equal(Math.round(1e6 * Number(energy_total_kwh)), mwh);
    }
    assert.ok(mwh > 0);
    const last = await of(NOON_MS - 60_000);
    assert.deepEqual(last, all.slice(-last.length));
  });

  it('go on in exports from the same beginning', async () => {
    const window = { fromMs: NOON_MS - 600_000, toMs: NOON_MS, command: '' };
    const { registersFromMs, haveAllRegisters } = await exportRequest(simulation.simulator, window);
    assert.deepEqual([registersFromMs, haveAllRegisters], [NOON_MS - 3_600_000, true]);
    const plain = await startSimulation();
    try {
      const request = await exportRequest(plain.simulator, window);
      assert.equal(Object.hasOwn(request, 'registersFromMs'), false);
    } finally {
      await plain.close();
    }
  });

  it('are in lists of fields, and in a series only if they are asked for', async () => {
    const { machine_types } = await json('/simulator/info');
    for (const { channels } of machine_types) {
      const names = channels.flatMap((channel: { fields: { name: string }[] }) =>
        channel.fields.map(({ name }) => name),
      );
      assert.ok(names.includes('energy_total_kwh'));
    }
    const series = `/simulator/machines/${PUMP}/series`;
    assert.equal(Object.hasOwn((await json(series)).fields, 'energy_total_kwh'), false);
    const { fields } = await json(`${series}?fields=energy_total_kwh&points=4`);
    const { mean } = fields.energy_total_kwh as { mean: number[] };
    assert.ok(mean.every((each, i) => i === 0 || each > (mean[i - 1] as number)));
  });
});
