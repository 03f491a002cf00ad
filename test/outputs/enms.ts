/** Databases like those of an EnMS, and the rows that a sink has stored in them. */
import pg from 'pg';
import type { Batch } from '../../src/core/batch.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { CREATE_REGISTRY } from '../../src/store/registry/tables.ts';
import type { Postgres } from '../postgres.ts';

type Row = Record<string, unknown>;

const TABLES = [
  'energy_readings',
  'production_data',
  'environmental_data',
  'machine_status',
  'simulator.machine_totals',
];

/** A database with the tables of an EnMS. */
export class Enms {
  readonly server: pg.ClientConfig;

  /** An existing one. */
  constructor(server: pg.ClientConfig) {
    this.server = server;
  }

  /** One with the machines of the batches, and no others. */
  static async make(postgres: Postgres, ...batches: readonly Batch[]): Promise<Enms> {
    const enms = new Enms(await postgres.newDatabase());
    await enms.query(CREATE_REGISTRY);
    const { id, name } = DEFAULT_FACTORY;
    await enms.query('insert into factories (id, name) values ($1, $2)', [id, name]);
    const ids = batches.flatMap(({ machines, length }) =>
      machines.slice(0, length).map((machine) => machine.id),
    );
    await enms.query(
      `insert into machines (id, factory_id, name, type, rated_power_kw)
       select given.id, $2, given.id, 'other', 1
       from unnest($1::uuid[]) as given(id) group by given.id`,
      [ids, id],
    );
    return enms;
  }

  async query(sql: string, parameters?: unknown[]): Promise<Row[]> {
    const client = new pg.Client(this.server);
    await client.connect();
    try {
      return (await client.query(sql, parameters)).rows;
    } finally {
      await client.end();
    }
  }

  /** Every row of every table that a sink writes, as text; none for a table that is missing. */
  async contents(): Promise<readonly string[]> {
    const there = await this.query(
      'select name from unnest($1::text[]) as name where to_regclass(name) is not null',
      [TABLES],
    );
    const selects = there.map(
      ({ name }) => `select '${name} ' || t::text as line from ${name} as t`,
    );
    const rows = await this.query(selects.join(' union all '));
    return rows.map(({ line }) => String(line)).sort();
  }

  /** Every row of the tables of readings as an object. */
  async readings(): Promise<Row[]> {
    const selects = TABLES.slice(0, 3).map(
      (name) => `select to_jsonb(t) || '{"table": "${name}"}' as row from ${name} as t`,
    );
    const rows = await this.query(selects.join(' union all '));
    return rows.map(({ row }) => row as Row);
  }

  /** The version of each stored row, which changes with every update. */
  async versions(): Promise<readonly string[]> {
    const selects = TABLES.slice(0, 3).map(
      (name) => `select '${name} ' || ctid || ' ' || xmin as version from ${name}`,
    );
    const rows = await this.query(selects.join(' union all '));
    return rows.map(({ version }) => String(version)).sort();
  }
}

/** A reading as in the tables, one row each, in the form of `readingAt`. */
export function storedReading(rows: readonly Row[], names: readonly string[]): Row {
  const reading: Row = {};
  for (const row of rows) {
    const type = row['energy_type'] as string | undefined;
    const isCarrier = type !== undefined && type !== 'energy' && type !== 'electricity';
    const metadata = Object.entries(row['metadata'] as object);
    if (isCarrier) for (const [name, value] of metadata) reading[`${type}_${name}`] = value;
    else Object.assign(reading, row, Object.fromEntries(metadata));
  }
  return Object.fromEntries(names.map((name) => [name, reading[name]]));
}
