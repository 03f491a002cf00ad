import type { Database, Queries } from '../database.ts';
import { ADVISORY_LOCKS } from '../locks/advisory-locks.ts';
import { StoreError } from '../store-error.ts';
import { SIMULATOR_TABLES } from './0001-simulator.ts';
import { CLUSTER_TABLES } from './0002-cluster.ts';
import { MACHINE_IDS } from './0003-machine-ids.ts';
import { EXPORTS } from './0004-exports.ts';

/** A change of the schema `simulator`, carried out once on every database. */
interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** All changes, in order; the version of a database is how many of them it has. Append only. */
const MIGRATIONS: readonly Migration[] = [
  { name: 'simulator', sql: SIMULATOR_TABLES },
  { name: 'cluster', sql: CLUSTER_TABLES },
  { name: 'machine-ids', sql: MACHINE_IDS },
  { name: 'exports', sql: EXPORTS },
];

/** Another simulator's migrations take seconds; longer, and something is wrong. */
const LOCK_MAX = '20s';

/**
 * Brings the schema `simulator` up to date, all of it or nothing. No other table is touched.
 *
 * @returns The versions that it went through; none where it was up to date.
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
          `(schema ${version}, this one knows ${MIGRATIONS.length}); use that version`,
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
  // A user without the right to create schemas may use one that was created before.
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
