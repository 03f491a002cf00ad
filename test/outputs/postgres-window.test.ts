import assert from 'node:assert/strict';
import test, { after, before, describe, type TestContext } from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { PostgresSink } from '../../src/outputs/postgres/sink.ts';
import { type FillBatch, loadWindow } from '../../src/outputs/postgres/window.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { fleetBatch, TIME_MS } from '../encoding/sample.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { Enms } from './enms.ts';

/** More than one group of batches, so that one is computed while another is loaded. */
const WINDOW_MS = 10 * 3_600_000;

/** Fills batches with the default factory's readings of a window. */
function windowFrom(startMs: number, endMs: number): FillBatch {
  const reader = createReader(createFleet([DEFAULT_FACTORY]));
  reader.seek(startMs, true);
  return (batch) => reader.read(endMs, batch);
}

describe('loading a window into PostgreSQL', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.close());

  /** A database with the default factory's machines. */
  function newEnms(): Promise<Enms> {
    const batch = new Batch();
    windowFrom(TIME_MS, TIME_MS + 30_000)(batch);
    return Enms.make(postgres, batch);
  }

  /** The content of a database after the sink has stored a window batch by batch. */
  async function storedBySink(t: TestContext, endMs: number): Promise<readonly string[]> {
    const enms = await newEnms();
    const sink = new PostgresSink({ server: enms.server });
    t.after(() => sink.close());
    const fill = windowFrom(TIME_MS, endMs);
    const batch = new Batch();
    for (let isLast = false; !isLast; await sink.write(batch)) {
      batch.clear();
      isLast = fill(batch);
    }
    return enms.contents();
  }

  const definitions = (enms: Enms) =>
    enms.query(
      `select indexdef as definition from pg_indexes where schemaname = 'public'
       union all
       select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
       from pg_constraint where conrelid > 0 and connamespace = 'public'::regnamespace
       order by definition`,
    );

  test('fills empty tables with the same rows as the sink, and restores indexes and keys', async (t) => {
    const enms = await newEnms();
    const before = await definitions(enms);
    assert.ok(before.length > 10);
    const endMs = TIME_MS + WINDOW_MS;
    assert.equal(await loadWindow(enms.server, windowFrom(TIME_MS, endMs)), true);
    assert.deepEqual(await enms.contents(), await storedBySink(t, endMs));
    assert.deepEqual(await definitions(enms), before);
  });

  test('loads every machine type, including carriers', async (t) => {
    const batch = fleetBatch();
    const [loaded, stored] = await Promise.all([1, 2].map(() => Enms.make(postgres, batch)));
    assert.ok(loaded && stored);
    await loadWindow(loaded.server, (into) => {
      into.machines.push(...batch.machines);
      into.timesMs.set(batch.timesMs);
      into.flags.set(batch.flags);
      into.alerts.set(batch.alerts);
      into.values.set(batch.values);
      into.length = batch.length;
      return true;
    });
    const sink = new PostgresSink({ server: stored.server });
    t.after(() => sink.close());
    await sink.write(batch);
    assert.deepEqual(await loaded.contents(), await stored.contents());
  });

  test('completes tables that have a part of the window', async (t) => {
    const enms = await newEnms();
    const partMs = TIME_MS + 600_000;
    const endMs = TIME_MS + WINDOW_MS / 4;
    assert.equal(await loadWindow(enms.server, windowFrom(TIME_MS, partMs)), true);
    assert.equal(await loadWindow(enms.server, windowFrom(TIME_MS, endMs)), false);
    assert.deepEqual(await enms.contents(), await storedBySink(t, endMs));
  });

  test('leaves triggers in place', async () => {
    const enms = await newEnms();
    await enms.query(`
      create table seen (machine_id uuid);
      create function see() returns trigger language plpgsql as
        'begin insert into seen values (new.machine_id); return new; end';
      create trigger see before insert on energy_readings for each row execute function see()`);
    assert.equal(await loadWindow(enms.server, windowFrom(TIME_MS, TIME_MS + 60_000)), false);
    const [seen] = await enms.query('select count(*)::int as count from seen');
    const [stored] = await enms.query('select count(*)::int as count from energy_readings');
    assert.ok(Number(stored?.['count']) > 60);
    assert.deepEqual(seen, stored);
  });

  test('leaves everything unchanged if no more readings can be made', async () => {
    const enms = await newEnms();
    const before = await definitions(enms);
    const fill = windowFrom(TIME_MS, TIME_MS + WINDOW_MS);
    const end = new Error('interrupted');
    let batches = 0;
    const failing: FillBatch = (batch) => {
      if (++batches > 9) throw end;
      return fill(batch);
    };
    await assert.rejects(loadWindow(enms.server, failing), end);
    assert.deepEqual(await enms.readings(), []);
    assert.deepEqual(await definitions(enms), before);
  });

  test('leaves everything unchanged if a machine has no row', async () => {
    const enms = await Enms.make(postgres);
    const before = await definitions(enms);
    const load = loadWindow(enms.server, windowFrom(TIME_MS, TIME_MS + 60_000));
    await assert.rejects(load, /Compressor-1 \(c0000000-.*\) has no row in the table machines/);
    assert.deepEqual(await enms.readings(), []);
    assert.deepEqual(await definitions(enms), before);
  });

  test('accepts a window without readings', async () => {
    const enms = await newEnms();
    assert.equal(await loadWindow(enms.server, () => true), true);
    assert.deepEqual(await enms.readings(), []);
  });

  test('reports that the server is away', async () => {
    const server = { ...postgres.server(), port: 1 };
    const load = loadWindow(server, () => true);
    await assert.rejects(load, { name: 'PostgresError', message: /no connection/ });
  });
});
