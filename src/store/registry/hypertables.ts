import { READING_TABLES } from '../../encoding/reading-tables.ts';
import type { Queries } from '../database.ts';

/**
 * Makes hypertables of the reading tables where TimescaleDB is installed (TimescaleDB manual,
 * create_hypertable()), with the indexes that they have: for tables that are the simulator's own.
 * On plain PostgreSQL they stay tables.
 */
export async function asHypertables(queries: Queries): Promise<void> {
  // Whichever schema it was installed in: the search path need not name that.
  const [extension] = await queries.query<{ schema: string }>(
    `select quote_ident(nspname) as schema
     from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
     where extname = 'timescaledb'`,
  );
  if (!extension) return;
  for (const { name } of READING_TABLES)
    await queries.query(
      `select ${extension.schema}.create_hypertable($1::regclass, 'time'::name,
         create_default_indexes => false)`,
      [name],
    );
}
