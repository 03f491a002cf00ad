import type { Database, Queries } from '../database.ts';
import { StoreError } from '../store-error.ts';
import { RegistryConflict, rowOf } from './change.ts';
import { type RegistryTable, registryColumns } from './columns.ts';
import { DEPENDENT_TABLES } from './tables.ts';

/** How long a purge may take [ms]: years of readings take time to count and delete. */
const PURGE_MAX_MS = 600_000;

/** Number of dependent rows, by table. */
export type Counts = Record<string, number>;

/** Counts the rows that a purge would delete. @throws RegistryConflict for an unknown id. */
export function countRows(database: Database, table: RegistryTable, id: string): Promise<Counts> {
  return database.transaction(async (queries) => {
    const { counts } = await dependents(queries, table, id);
    return counts;
  }, PURGE_MAX_MS);
}

/**
 * Deletes a row permanently: a machine with all its rows in the reading tables, or a factory with
 * its machines and all their rows.
 *
 * @param confirmed - The number of dependent rows, as counted before. Without it nothing is
 *   deleted, and the conflict gives the number.
 * @throws RegistryConflict for an unknown id, or a number that is wrong.
 */
export function purgeRow(
  database: Database,
  table: RegistryTable,
  id: string,
  confirmed?: number,
): Promise<Counts> {
  return database.transaction(async (queries) => {
    const { known, machineIds, counts } = await dependents(queries, table, id);
    checkConfirmed(counts, confirmed);
    // An EnMS's own foreign keys cascade; those of registry.sql do not.
    for (const { name, id_type: type } of await presentTables(queries))
      await deleteRows(
        queries,
        `${name} where machine_id = any (cast($1 as ${type}[]))`,
        machineIds,
      );
    const byId = 'where id::text = any ($1::text[])';
    await deleteRows(queries, `machines ${byId}`, machineIds, counts);
    if (table === 'factories') await deleteRows(queries, `factories ${byId}`, [known], counts);
    return counts;
  }, PURGE_MAX_MS);
}

/** The number of rows that some machines have in each existing reading table. */
export async function countReadings(queries: Queries, ids: readonly string[]): Promise<Counts> {
  const counts: Counts = {};
  for (const { name, id_type: type } of await presentTables(queries)) {
    const [row] = await queries.query<{ count: number }>(
      `select count(*) as count from ${name} where machine_id = any (cast($1 as ${type}[]))`,
      [ids],
    );
    counts[name] = row?.count ?? 0;
  }
  return counts;
}

/** The sum over all tables. */
export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** @throws RegistryConflict with the right number, if another one was confirmed. */
export function checkConfirmed(counts: Counts, confirmed: number | undefined): void {
  if (confirmed === totalOf(counts)) return;
  throw new RegistryConflict('unconfirmed', 'confirm', confirmation(counts), counts);
}

/** States how many rows a deletion includes, and how to confirm it. */
export function confirmation(counts: Counts): string {
  const total = totalOf(counts);
  const rows = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([table, count]) => `${count} of ${table}`);
  const what =
    rows.length > 0
      ? `this also deletes ${total} rows (${rows.join(', ')})`
      : 'no other rows are deleted';
  return `${what}; to confirm, add confirm=${total}`;
}

/** The rows that depend on a row. @throws RegistryConflict for an unknown id. */
async function dependents(
  queries: Queries,
  table: RegistryTable,
  id: string,
): Promise<{ known: string; machineIds: readonly string[]; counts: Counts }> {
  const columns = await registryColumns(queries);
  const { id: known } = await rowOf({ queries, columns }, table, id);
  if (table === 'machines')
    return { known, machineIds: [known], counts: await countReadings(queries, [known]) };
  const machines = await queries.query<{ id: string }>(
    'select id::text from machines where factory_id = $1 for update',
    [known],
  );
  const machineIds = machines.map((machine) => machine.id);
  const counts = { machines: machineIds.length, ...(await countReadings(queries, machineIds)) };
  return { known, machineIds, counts };
}

/** The reading tables that exist, with the type of their machine ids. */
async function presentTables(
  queries: Queries,
): Promise<readonly { readonly name: string; readonly id_type: string }[]> {
  return queries.query(
    `select name, format_type(atttypid, atttypmod) as id_type
     from unnest($1::text[]) as name
       join pg_attribute on attrelid = to_regclass(name) and attname = 'machine_id'`,
    [DEPENDENT_TABLES],
  );
}

const FOREIGN_KEY_VIOLATION = '23503';

async function deleteRows(
  queries: Queries,
  from: string,
  ids: readonly string[],
  counts: Counts = {},
): Promise<void> {
  try {
    await queries.query(`delete from ${from}`, [ids]);
  } catch (error) {
    if (!(error instanceof StoreError && error.sqlState === FOREIGN_KEY_VIOLATION)) throw error;
    const message = `other tables refer to it (${error.constraint}); delete their rows first`;
    throw new RegistryConflict('refused', 'id', message, counts);
  }
}
