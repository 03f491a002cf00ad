import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { PostgresSink } from '../../src/outputs/postgres/sink.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { batches, createReader } from '../../src/simulation/reader.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { COMPRESSOR, NOON_MS } from '../simulation.ts';
import { Enms } from './enms.ts';

const MINUTE_MS = 60_000;
const FROM_MS = NOON_MS - 5 * MINUTE_MS;
const TO_MS = NOON_MS + 5 * MINUTE_MS;
const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false }, [
  {
    kind: 'inject',
    sequence: 1,
    timeS: NOON_MS / 1000,
    id: 'leak',
    machineId: COMPRESSOR,
    anomalyType: 'leak',
    severity: 5,
    durationS: 3600,
  },
]);
const fleet = createFleet([DEFAULT_FACTORY], { journal });

/** Writes the readings of a window, as delivery to a sink reads them. */
async function deliver(sink: PostgresSink): Promise<void> {
  const reader = createReader(fleet, sink.without ? { without: sink.without } : {});
  reader.seek(FROM_MS);
  for (const batch of batches(reader, TO_MS)) await sink.write(batch);
}

describe('expected readings', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.close());

  /** A database with the machines of the fleet. */
  function newDatabase(): Promise<Enms> {
    const one = new Batch();
    const reader = createReader(fleet);
    reader.seek(FROM_MS);
    reader.read(FROM_MS + MINUTE_MS, one);
    return Enms.make(postgres, one);
  }

  test('differ from the actual ones while an anomaly acts, and at no other time', async () => {
    const enms = await newDatabase();
    for (const isExpected of [false, true]) {
      const sink = new PostgresSink({ server: enms.server, isExpected });
      await deliver(sink);
      await sink.close();
    }
    for (const table of ['energy_readings', 'production_data', 'environmental_data']) {
      const [counts] = await enms.query(
        `
        select count(*)::int as rows, count(*) filter (where (a) is distinct from (b))::int as parted,
          count(*) filter (where (a) is distinct from (b)
            and (a.time <= to_timestamp($1::float8) or a.machine_id <> $2::uuid))::int as wrongly
        from ${table} a full join expected.${table} b using (machine_id, time)`,
        [NOON_MS / 1000, COMPRESSOR],
      );
      assert.ok(Number(counts?.['rows']) >= 600, table);
      assert.equal(counts?.['wrongly'], 0, table);
      if (table === 'energy_readings') assert.ok(Number(counts?.['parted']) > 200, table);
    }
  });

  test('leave the reading tables and the statuses alone', async () => {
    const enms = await newDatabase();
    const before = await enms.contents();
    const sink = new PostgresSink({ server: enms.server, isExpected: true });
    await deliver(sink);
    await sink.close();
    assert.deepEqual(await enms.contents(), before);
    assert.deepEqual(await enms.query('select count(*)::int as n from simulator.machine_totals'), [
      { n: 0 },
    ]);
  });

  test('may be written again, by another connection, without a change', async () => {
    const enms = await newDatabase();
    const rows = () =>
      enms.query('select xmin::text, t::text from expected.energy_readings t order by 2');
    const contents: unknown[] = [];
    for (let times = 0; times < 2; times++) {
      const sink = new PostgresSink({ server: enms.server, isExpected: true });
      await deliver(sink);
      await sink.close();
      contents.push(await rows());
    }
    assert.deepEqual(contents[1], contents[0]);
  });
});
