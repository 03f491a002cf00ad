/** The ways to get the readings of a window, each as a user would do it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { READING_TABLES } from '../../src/encoding/reading-tables.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { instantText } from '../../src/schema/times.ts';
import { Program, run } from '../cli/program.ts';
import { Collector, type Received } from '../outputs/collector.ts';
import type { Postgres } from '../postgres.ts';
import { freePort, type Mosquitto } from '../servers.ts';
import { csvRows } from './request.ts';

type Value = string | number | null;

/** Readings by machine and time, each with the fields of all its channels. */
type Readings = Map<string, Record<string, Value>>;

const CHANNELS = ['energy', 'production', 'environmental'] as const;
const TEXTS = new Set(['operating_mode', 'recipe_id', 'batch_id']);
/** Simulated seconds per real second of the run that publishes. */
const SPEED = 3600;

/** A window of simulated time: after `fromMs`, up to and including `toMs`. */
interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Adds a channel's fields of a reading to those of the other channels. */
function add(
  readings: Readings,
  machineId: string,
  timeMs: number,
  fields: Readonly<Record<string, unknown>>,
): void {
  const key = `${machineId} ${instantText(timeMs)}`;
  const reading = readings.get(key) ?? {};
  for (const [name, value] of Object.entries(fields))
    if (value !== null && value !== '')
      reading[name] = TEXTS.has(name) ? String(value) : Number(value);
  readings.set(key, reading);
}

async function succeeded(words: readonly string[], cwd: string): Promise<void> {
  const { status, stderr } = await run(words, cwd);
  assert.equal(status, 0, stderr);
}

/** The readings in files of `generate`. */
async function fromFiles({ fromMs, toMs }: Window, cwd: string): Promise<Readings> {
  const folder = mkdtempSync(join(cwd, 'files-'));
  const [from, to] = [instantText(fromMs), instantText(toMs)];
  const words = ['--from', from, '--to', to, '--format', 'csv', '--partition', 'month'];
  await succeeded(['generate', ...words, '--workers', '1', '--out', 'set'], folder);
  const readings: Readings = new Map();
  // The last instant may be midnight, which belongs to the day that ends there.
  const month = `${from.slice(0, 7)}.csv`;
  for (const channel of CHANNELS)
    for (const row of csvRows(folder, 'set', channel, 'factory=demo', month)) {
      const { time, machine_id, ...fields } = row;
      add(readings, machine_id as string, Date.parse(time as string), fields);
    }
  rmSync(folder, { recursive: true });
  return readings;
}

/** The readings that `generate --postgres` stores. */
async function fromDatabase(
  { fromMs, toMs }: Window,
  cwd: string,
  postgres: Postgres,
): Promise<Readings> {
  const { user, host, port, database } = await postgres.newDatabase();
  const url = `postgres://${user}@${host}:${port}/${database}`;
  const words = ['--from', instantText(fromMs), '--to', instantText(toMs), '--postgres', url];
  await succeeded(['generate', ...words], cwd);
  const client = new pg.Client(url);
  await client.connect();
  const readings: Readings = new Map();
  for (const { name, columns } of READING_TABLES) {
    const { rows } = await client.query(`select * from ${name}`);
    for (const row of rows)
      add(
        readings,
        row.machine_id,
        row.time.getTime(),
        Object.fromEntries(columns.map((column) => [column.name, row[column.name]])),
      );
  }
  await client.end();
  return readings;
}

/** The published readings of a window; collecting stops after the last one. */
async function collected(collector: Collector, window: Window, count: number): Promise<Readings> {
  const published: Readings = new Map();
  let seen = 0;
  let messages = 0;
  const isOver = (received: readonly Received[]) => {
    for (; seen < received.length; seen++) {
      const { time, machine_id, ...fields } = JSON.parse(received[seen]?.payload as string);
      const timeMs = Date.parse(time);
      if (timeMs > window.toMs) continue;
      add(published, machine_id, timeMs, fields);
      messages++;
    }
    return messages >= CHANNELS.length * count;
  };
  try {
    await collector.until(isOver);
  } finally {
    await collector.close();
  }
  return published;
}

/**
 * The readings that an accelerated run publishes, and those that it returns over HTTP.
 *
 * @param count - Number of readings in the window.
 */
async function fromRun(
  window: Window,
  mosquitto: Mosquitto,
  count: number,
): Promise<{ readonly published: Readings; readonly answered: Readings }> {
  const collector = await Collector.open(
    `mqtt://${mosquitto.host}:${mosquitto.port}`,
    CHANNELS.map((channel) => `factory/+/+/${channel}`),
  );
  const folder = mkdtempSync(join(tmpdir(), 'enms-run-'));
  const from = instantText(window.fromMs);
  const apiPort = await freePort();
  const run = new Program(['run'], folder, {
    SIMULATION_START: from,
    BACKFILL_FROM: from,
    SIMULATION_SPEED: String(SPEED),
    CATCH_UP_RATE: '0',
    MQTT_HOST: mosquitto.host,
    MQTT_PORT: String(mosquitto.port),
    API_PORT: String(apiPort),
  });
  try {
    const published = await collected(collector, window, count);
    await run.said(/"msg":"running"/);
    const answered: Readings = new Map();
    for (const { id } of DEFAULT_FACTORY.machines) {
      const query = new URLSearchParams({ from, to: instantText(window.toMs) });
      const response = await fetch(
        `http://127.0.0.1:${apiPort}/simulator/machines/${id}/readings?${query}`,
      );
      assert.equal(response.status, 200);
      for (const { time, machine_id, ...fields } of (await response.json()) as Readonly<
        Record<string, string>
      >[])
        add(answered, machine_id as string, Date.parse(time as string), fields);
    }
    return { published, answered };
  } finally {
    run.signal('SIGTERM');
    await run.ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Decimals of each column of the tables. */
const SCALES: Readonly<Record<string, number>> = Object.fromEntries(
  READING_TABLES.flatMap(({ columns }) =>
    columns.flatMap(({ name, type }) => (type.kind === 'numeric' ? [[name, type.scale]] : [])),
  ),
);

/** Asserts that every way gives the same readings, value by value. */
export async function assertEqualWays(
  window: Window,
  cwd: string,
  mosquitto: Mosquitto,
  postgres: Postgres,
): Promise<number> {
  const files = await fromFiles(window, cwd);
  const { published, answered } = await fromRun(window, mosquitto, files.size);
  const stored = await fromDatabase(window, cwd, postgres);
  for (const readings of [published, answered, stored]) assert.equal(readings.size, files.size);
  for (const [key, reading] of files) {
    assert.deepEqual(published.get(key), reading, `MQTT: ${key}`);
    assert.deepEqual(answered.get(key), reading, `HTTP: ${key}`);
    const rounded = Object.entries(reading).map(([name, value]) => {
      const scale = SCALES[name];
      return [name, typeof value === 'number' && scale ? Number(value.toFixed(scale)) : value];
    });
    assert.deepEqual(stored.get(key), Object.fromEntries(rounded), `PostgreSQL: ${key}`);
  }
  return files.size;
}
