import type { Database, Queries } from '../database.ts';
import { ADVISORY_LOCKS } from '../locks/advisory-locks.ts';
import { StoreError } from '../store-error.ts';
import { SIMULATOR_TABLES } from './0001-simulator.ts';
import { CLUSTER_TABLES } from './0002-cluster.ts';
import { MACHINE_IDS } from './0003-machine-ids.ts';
import { EXPORTS } from './0004-exports.ts';
import { BEGINNING } from './0005-beginning.ts';

/** A change of the schema `simulator`, applied once to every database. */
interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * All migrations in order. A database's version is the number of migrations it has. Append only.
 */
const MIGRATIONS: readonly Migration[] = [
  { name: 'simulator', sql: SIMULATOR_TABLES },
  { name: 'cluster', sql: CLUSTER_TABLES },
  { name: 'machine-ids', sql: MACHINE_IDS },
  { name: 'exports', sql: EXPORTS },
  { name: 'beginning', sql: BEGINNING },
];

/** How long to wait for another simulator's migrations, which take seconds. */
const LOCK_MAX = '20s';

/**
 * Brings the schema `simulator` up to date in one transaction. No other table changes.
 *
 * @returns The versions that were applied; empty if it was up to date.
 * @throws StoreError for a database that a newer simulator has written.
 */
export function migrate(database: Database): Promise<readonly number[]> {
  return database.transaction(async (queries) => {
    await queries.script(`set local lock_timeout = '${LOCK_MAX}'`);
    await queries.query('select pg_advisory_xact_lock($1, $2)', [...ADVISORY_LOCKS.migration]);
    const version = await versionOf(queries);
    if (version > MIGRATIONS.length)
      throw new StoreError(
        'newer',
        `${database.location} was written by a newer version of the simulator ` +
          `(schema ${version}, this one supports ${MIGRATIONS.length}); use that version`,
      );
    const applied: number[] = [];
    for (const [i, { name, sql }] of MIGRATIONS.entries()) {
      if (i < version) continue;
      await queries.script(sql);
      await queries.query('insert into simulator.migrations (version, name) values ($1, $2)', [
        i + 1,
        name,
      ]);
      applied.push(i + 1);
    }
    return applied;
  });
}

async function versionOf(queries: Queries): Promise<number> {
  const [found] = await queries.query<{ has_schema: boolean; has_table: boolean }>(
    `select to_regnamespace('simulator') is not null as has_schema,
            to_regclass('simulator.migrations') is not null as has_table`,
  );
  // A user who may not create schemas may use one that already exists.
  if (!found?.has_schema) await queries.script('create schema simulator');
  if (!found?.has_table)
    await queries.script(`create table simulator.migrations (
      version integer primary key,
      name text not null,
      applied_at timestamptz not null default now())`);
  const [row] = await queries.query<{ version: number }>(
    'select coalesce(max(version), 0) as version from simulator.migrations',
  );
  return row?.version ?? 0;
}
