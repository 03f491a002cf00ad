import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { Batch } from '../../src/core/batch.ts';
import { PostgresSink } from '../../src/outputs/postgres/sink.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { halfOpenProxy } from '../faulty-peers.ts';
import { Enms } from '../outputs/enms.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { until } from '../until.ts';
import { demoFleet, START_MS } from './demo.ts';
import { due, tryOut } from './trial.ts';

const DOWN = 'postgres does not take readings; trying again until it does';
const AGAIN = 'postgres takes readings again';
const OTHER = 'postgres still does not take readings, for another reason';

describe('delivery to a PostgreSQL', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.close());

  /** The tables of an EnMS with the machines of the default factory. */
  async function tables(): Promise<Enms> {
    const reader = createReader(demoFleet());
    const batch = new Batch();
    reader.seek(START_MS, true);
    reader.read(START_MS + 1000, batch);
    const { machines } = demoFleet();
    for (const [row, machine] of machines.entries()) batch.machines[row] = machine;
    batch.length = machines.length;
    return Enms.make(postgres, batch);
  }

  /** On a busy computer even a healthy database needs seconds for a batch. */
  function sinkInto(
    t: TestContext,
    { server }: Enms,
    { port = postgres.port, stallMs = 10_000 }: { port?: number; stallMs?: number } = {},
  ) {
    return tryOut(t, new PostgresSink({ server: { ...server, port } }), { stallMs });
  }

  /** Fails unless there is one row for each reading. */
  async function assertRows(enms: Enms, seconds: number, isLeftOut = (_: string) => false) {
    const wanted = (await due(seconds)).filter((text) => !isLeftOut(text));
    assert.equal((await enms.readings()).length, wanted.length);
  }

  test('continues after a half-open connection', async (t) => {
    const enms = await tables();
    const proxy = await halfOpenProxy(t, postgres.port);
    const trial = sinkInto(t, enms, { port: proxy.port, stallMs: 2000 });
    trial.pass(10);
    await trial.delivered();
    proxy.forget();
    trial.pass(10);
    const address = `127.0.0.1:${proxy.port}/${enms.server.database}`;
    const stalled = `postgres has stalled: ${address}: nothing was acknowledged for 2 s; reconnecting`;
    await trial.said(stalled);
    await trial.delivered();
    await assertRows(enms, 20);
    assert.deepEqual(trial.messages(), [stalled, AGAIN]);
    assert.deepEqual(trial.figures.problems, []);
  });

  test('gives up on a lock, and leaves no session waiting for it', async (t) => {
    const enms = await tables();
    const other = new pg.Client(enms.server);
    await other.connect();
    t.after(() => other.end());
    const trial = sinkInto(t, enms, { stallMs: 300 });
    trial.pass(1);
    await trial.delivered();
    await other.query('begin; lock table energy_readings');
    trial.pass(1);
    await until(() => trial.figures.failures >= 3);
    assert.equal(trial.figures.state, 'stalled');
    const waiting = await enms.query(
      `select pid from pg_stat_activity where datname = current_database()
       and application_name = 'enms-simulator'`,
    );
    assert.ok(waiting.length <= 2, `${waiting.length} connections`);
    await other.query('commit');
    await trial.delivered();
    await assertRows(enms, 2);
  });

  test('leaves out the rows that a table rejects, and no others', async (t) => {
    const enms = await tables();
    const [machine] = demoFleet().machines;
    await enms.query(`alter table energy_readings add constraint no_compressor
      check (machine_id <> '${machine?.id}')`);
    const trial = sinkInto(t, enms);
    trial.pass(30);
    await trial.delivered();
    const isRejected = (text: string) => text.startsWith(`${machine?.topic}/energy `);
    await assertRows(enms, 30, isRejected);
    const topic = `${machine?.topic}/energy_readings`;
    const { refused, refusedTotal, failures, problems } = trial.figures;
    assert.deepEqual([refusedTotal, failures], [30, 0]);
    assert.equal(refused[0]?.topic, topic);
    assert.match(
      problems[0]?.reason as string,
      /are refused: .* check constraint "no_compressor"$/,
    );
    await enms.query('alter table energy_readings drop constraint no_compressor');
    trial.pass(1);
    await trial.delivered();
    assert.deepEqual(trial.figures.problems, []);
    assert.deepEqual(trial.messages(), [
      'postgres refuses messages of a topic: left out',
      'postgres accepts messages of a topic again',
    ]);
  });

  test('leaves out the rows that do not fit a narrower column', async (t) => {
    const enms = await tables();
    const { machines } = demoFleet();
    // Two digits before the decimal point: too few for any machine's voltage.
    await enms.query('alter table energy_readings alter voltage_v type numeric(4,2)');
    const trial = sinkInto(t, enms);
    trial.pass(30);
    await trial.delivered();
    await assertRows(enms, 30, (text) => text.includes('/energy '));
    const { refused, problems } = trial.figures;
    assert.equal(refused.length, machines.length);
    assert.match(problems[0]?.reason as string, /does not fit numeric\(4,2\)$/);
  });

  test('waits for a missing partition, then reports the next one', async (t) => {
    const enms = await tables();
    await enms.query(`alter table production_data rename to simple;
      create table production_data (like simple including all) partition by range (time)`);
    const trial = sinkInto(t, enms);
    trial.pass(1);
    const { reason } = await trial.said(DOWN);
    assert.match(reason as string, /no partition of relation "production_data" found for row/);
    await enms.query(`create table production_today partition of production_data
      for values from ('2026-01-14') to ('2026-01-15');
      alter table environmental_data rename to elsewhere`);
    const other = await trial.said(OTHER);
    assert.match(other.reason as string, /environmental_data/);
    assert.equal(trial.figures.problems[0]?.reason, other.reason);
    await enms.query('alter table elsewhere rename to environmental_data');
    await trial.delivered();
    await assertRows(enms, 1);
    assert.deepEqual(trial.messages(), [DOWN, OTHER, AGAIN]);
  });

  test('reports a connection lost between two batches', async (t) => {
    const enms = await tables();
    const trial = sinkInto(t, enms);
    trial.pass(1);
    await trial.delivered();
    await enms.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'enms-simulator'`);
    const { reason, losses } = await trial.said(DOWN);
    assert.match(reason as string, /terminating connection due to administrator command/);
    assert.equal(losses, 1);
    trial.pass(1);
    await trial.delivered();
    await assertRows(enms, 2);
  });
});
