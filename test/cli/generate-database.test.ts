/** `generate --postgres` as a user sees it. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type pg from 'pg';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { PostgresDatabase } from '../../src/store/drivers/postgres.ts';
import { readRegistry } from '../../src/store/registry/read.ts';
import { Enms } from '../outputs/enms.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { freshDirectory, Program, type Run, run } from './program.ts';

const SECRET = 'hunter2-hunter2';
const WINDOW = ['--from', '2026-01-14T10:00Z', '--to', '2026-01-14T10:30Z'];
/** A run that is interrupted: two machines with a reading every ten seconds. */
const days = (last: string) =>
  ['--from', '2026-01-14', '--to', last, '--machines', 'HVAC-Main,Conveyor-A'] as const;
const LONG = days('2026-01-20');
const LONG_READINGS = 6 * 2 * 8640;
/** A run that loses its server: nothing is stored before everything is made. */
const CUT_OFF = days('2026-01-17');

type Server = pg.ClientConfig & { readonly database: string };

describe('generate into a database', { skip: withoutPostgres() }, () => {
  const cwd = freshDirectory();
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.close());

  function line(server: Server, ...words: readonly string[]): readonly string[] {
    const { user, host, port, database } = server;
    const url = `postgres://${user}:${SECRET}@${host}:${port}/${database}`;
    return ['generate', ...words, '--postgres', url];
  }

  const generate = (server: Server, ...words: readonly string[]) =>
    run(line(server, ...words), cwd);

  /** Waits for its end, and asserts that its output does not contain the password. */
  async function endOf(program: Program | Promise<Run>, exitCode: number): Promise<string> {
    const { status, stdout, stderr } = await (program instanceof Program
      ? program.ended.then((code) => ({ ...program, status: code }))
      : program);
    const said = stdout + stderr;
    assert.equal(status, exitCode, said);
    assert.ok(!said.includes(SECRET), said);
    return said;
  }

  const countIn = async (enms: Enms, table: string) =>
    Number((await enms.query(`select count(*) from ${table}`))[0]?.['count']);

  it('creates the tables and the registry in an empty database, and fills them', async () => {
    const server = await postgres.newDatabase();
    const said = await endOf(generate(server, ...WINDOW), 0);
    assert.match(said, /^the database test_\d+ at 127\.0\.0\.1:\d+: 6\.8 k rows, \d+ s$/m);
    assert.match(said, /: created the tables in the database test_\d+/);
    assert.match(said, /: added 5 machines to its registry$/m);
    const enms = new Enms(server);
    for (const table of ['energy_readings', 'production_data', 'environmental_data'])
      assert.equal(await countIn(enms, table), 1800 + 2 * 180 + 2 * 60, table);
    assert.equal(await countIn(enms, 'machine_status'), 5);

    const database = new PostgresDatabase(server);
    const registry = await readRegistry(database, machineTypes);
    await database.close();
    assert.deepEqual(registry.factories, [DEFAULT_FACTORY]);
  });

  it('changes nothing if repeated, and adds only the rest of a longer window', async () => {
    const server = await postgres.newDatabase();
    const enms = new Enms(server);
    await endOf(generate(server, ...WINDOW), 0);
    const [contents, versions] = [await enms.contents(), await enms.versions()];
    assert.doesNotMatch(await endOf(generate(server, ...WINDOW), 0), /made the tables|registry/);
    assert.deepEqual(await enms.contents(), contents);
    assert.deepEqual(await enms.versions(), versions);
    await endOf(generate(server, ...WINDOW.slice(0, 3), '2026-01-14T11:00Z'), 0);
    assert.equal(await countIn(enms, 'energy_readings'), 2 * 2280);
  });

  it('leaves existing rows of a registry unchanged', async () => {
    const server = await postgres.newDatabase();
    const enms = new Enms(server);
    await endOf(generate(server, ...WINDOW, '--machines', 'HVAC-Main'), 0);
    assert.equal(await countIn(enms, 'machines'), 1);
    await enms.query(`update machines set name = 'Chiller', rated_power_kw = 151`);
    await endOf(generate(server, ...WINDOW), 0);
    const rows = await enms.query('select name from machines order by id');
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['Compressor-1', 'Chiller', 'Conveyor-A', 'Hydraulic-Pump-1', 'Injection-Molding-1'],
    );
  });

  it('stores energy registers in tables that it creates, and says once where it cannot', async () => {
    const server = await postgres.newDatabase();
    const enms = new Enms(server);
    await endOf(generate(server, ...WINDOW, '--registers'), 0);
    const wrong = await enms.query(
      `select count(*) from (
         select energy_total_kwh, sum(energy_kwh) over (partition by machine_id order by time) as kwh
         from energy_readings) as counted
       where energy_total_kwh is distinct from kwh`,
    );
    assert.deepEqual(wrong, [{ count: '0' }]);

    const plain = await postgres.newDatabase();
    await endOf(generate(plain, ...WINDOW), 0);
    const said = await endOf(generate(plain, ...WINDOW, '--registers'), 0);
    const remark = /energy_readings has no column energy_total_kwh, which is left out/g;
    assert.equal(said.match(remark)?.length, 1);
    const kept = await new Enms(plain).query(
      `select count(*) from energy_readings where metadata <> '{}'`,
    );
    assert.deepEqual(kept, [{ count: '0' }]);
  });

  it('stores resampled readings', async () => {
    const server = await postgres.newDatabase();
    await endOf(generate(server, ...WINDOW, '--resample', '10m'), 0);
    const rows = await new Enms(server).query(
      'select distinct extract(epoch from time) % 600 as rest, count(*) from energy_readings group by 1',
    );
    assert.deepEqual(rows, [{ rest: '0.000000', count: '15' }]);
  });

  it('reports what prevents it from storing, in one line and without the password', async () => {
    const server = await postgres.newDatabase();
    const refused = async (program: Promise<Run>, line: RegExp) =>
      assert.match((await endOf(program, 1)).trimEnd(), line);
    await refused(
      generate({ ...server, port: 1 }, ...WINDOW),
      /^enms-simulator: the database test_\d+ at 127\.0\.0\.1:1: connect ECONNREFUSED \S+$/,
    );
    await refused(
      generate({ ...server, database: 'nowhere' }, ...WINDOW),
      /^enms-simulator: the database nowhere at \S+: database "nowhere" does not exist$/,
    );
    await endOf(generate(server, ...WINDOW), 0);
    const enms = new Enms(server);
    await enms.query(`create role guest login; grant select on all tables in schema public to guest;
      grant usage on schema simulator to guest; grant select on simulator.machine_totals to guest`);
    await refused(
      generate({ ...server, user: 'guest' }, ...WINDOW),
      new RegExp(
        `^enms-simulator: \\S+: ${[
          'energy_readings',
          'production_data',
          'environmental_data',
          'machine_status',
        ]
          .map((table) => `no permission to insert, update ${table}`)
          .join('; ')}$`,
      ),
    );
    await enms.query('drop table environmental_data');
    await refused(
      generate(server, ...WINDOW),
      /^enms-simulator: \S+: there is no table environmental_data$/,
    );
    await enms.query('drop table machines cascade');
    await refused(
      generate(server, ...WINDOW),
      /has the tables factories, energy_readings, .*, but not both factories and machines/,
    );
  });

  it('refuses an invalid URL without showing it', async () => {
    for (const url of [`mysql://user:${SECRET}@host/enms`, `:${SECRET}@`]) {
      const said = await endOf(run(['generate', ...WINDOW, '--postgres', url], cwd), 2);
      assert.equal(
        said,
        '--postgres: what was given is not accepted; ' +
          'a URL that begins with postgres:// or postgresql://\n',
      );
    }
    const url = `postgres://user:${SECRET}@host/enms`;
    assert.match(
      await endOf(run(['generate', ...WINDOW, url], cwd), 2),
      /^postgres:\/\/host\/enms: is not expected after generate/,
    );
    const both = ['--postgres', url, '--out', 'x', '--labels', '--format', 'csv', '--qos', '1'];
    assert.deepEqual(
      (await endOf(run(['generate', ...WINDOW, ...both], cwd), 2)).trimEnd().split('\n'),
      [
        '--postgres: is a second destination besides --out; give only one',
        '--qos: requires --mqtt',
      ],
    );
    const files = ['--postgres', url, '--labels', '--clean'];
    assert.deepEqual(
      (await endOf(run(['generate', ...WINDOW, ...files], cwd), 2)).trimEnd().split('\n'),
      [
        '--labels: applies to files, not to a database',
        '--clean: applies to files, not to a database',
      ],
    );
  });

  /** Waits until readings are being stored. */
  async function copying(enms: Enms): Promise<void> {
    for (;;) {
      const rows = await enms.query(
        `select from pg_stat_activity
         where datname = current_database() and query like 'copy energy_readings%'`,
      );
      if (rows.length > 0) return;
    }
  }

  it('keeps its rows when interrupted, and continues when run again', async () => {
    const server = await postgres.newDatabase();
    const enms = new Enms(server);
    const program = new Program(line(server, ...LONG), cwd);
    await copying(enms);
    program.signal('SIGINT');
    assert.match(await endOf(program, 130), /interrupted; the first .* rows stored\. Run the same/);
    const stored = await countIn(enms, 'energy_readings');
    assert.ok(stored > 0 && stored < LONG_READINGS, `${stored}`);
    await endOf(generate(server, ...LONG), 0);
    for (const table of ['energy_readings', 'production_data', 'environmental_data'])
      assert.equal(await countIn(enms, table), LONG_READINGS, table);
  });

  it('reports that the server went away, and can be run again', async () => {
    const server = await postgres.newDatabase();
    const program = new Program(line(server, ...CUT_OFF), cwd);
    await copying(new Enms(server));
    await postgres.kill();
    assert.match(await endOf(program, 1), /^enms-simulator: 127\.0\.0\.1:\d+\/test_\d+: .+$/m);
    await postgres.restart();
    const enms = new Enms(server);
    assert.equal(await countIn(enms, 'energy_readings'), 0);
    await endOf(generate(server, ...CUT_OFF), 0);
    assert.equal(await countIn(enms, 'energy_readings'), LONG_READINGS / 2);
  });
});
