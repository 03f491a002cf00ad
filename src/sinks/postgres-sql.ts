import type { ClientBase } from 'pg';
import type { CopyTarget } from '../encoding/copy-binary.ts';
import { READING_TABLES } from '../encoding/reading-tables.ts';
import { PostgresError } from './postgres-error.ts';

/** Puts rows straight into the table: the fast way, which fails if one of them is there. */
export function copySql({ table, columns }: CopyTarget): string {
  return `copy ${table.name} (${columns.join(', ')}) from stdin (format binary)`;
}

/** Puts rows into a table that this transaction has made or emptied, frozen from the start. */
export function copyFrozenSql({ table, columns }: CopyTarget): string {
  return `copy ${table.name} (${columns.join(', ')}) from stdin (format binary, freeze)`;
}

/** The table of the connection's own that rows are put into before they are compared. */
function incoming({ table, hasMetadata }: CopyTarget): string {
  return `pg_temp.incoming_${table.name}${hasMetadata ? '_with_metadata' : ''}`;
}

/** Makes the table of {@link copyIncomingSql}, empty at the end of each transaction. */
export function createIncomingSql(target: CopyTarget): string {
  const { table, columns } = target;
  const name = incoming(target).replace('pg_temp.', '');
  return (
    `create temporary table ${name} on commit delete rows as ` +
    `select ${columns.join(', ')} from ${table.name} with no data`
  );
}

/** Puts rows into the connection's own table. */
export function copyIncomingSql(target: CopyTarget): string {
  return `copy ${incoming(target)} from stdin (format binary)`;
}

/** Takes over rows that are new or different; those that are there as they are stay untouched. */
export function upsertSql(target: CopyTarget): string {
  const { table, columns } = target;
  const names = columns.join(', ');
  const changing = columns.filter((name) => !table.key.includes(name));
  const sets = changing.map((name) => `${name} = excluded.${name}`).join(', ');
  const before = changing.map((name) => `stored.${name}`).join(', ');
  const after = changing.map((name) => `excluded.${name}`).join(', ');
  return (
    `insert into ${table.name} as stored (${names}) select ${names} from ${incoming(target)} ` +
    `on conflict (${table.key.join(', ')}) do update set ${sets} ` +
    `where (${before}) is distinct from (${after})`
  );
}

/**
 * Checks that the tables can tell a repeated reading.
 *
 * @throws PostgresError that says what is missing.
 */
export async function checkTables(client: ClientBase): Promise<void> {
  const tables = READING_TABLES.map(({ name, key }) => ({ name, key: key.toSorted().join(', ') }));
  const { rows } = await client.query<{ name: string; key: string; is_there: boolean }>(
    `select name, key, to_regclass(name) is not null as is_there
     from json_to_recordset($1) as needed(name text, key text)
     where not exists (
       select from pg_index
       where indrelid = to_regclass(name) and indisunique and indisvalid and indpred is null
         and key = (
           select string_agg(attname, ', ' order by attname collate "C") from pg_attribute
           where attrelid = indrelid and attnum = any (indkey)))`,
    [JSON.stringify(tables)],
  );
  const [first] = rows;
  if (!first) return;
  throw new PostgresError(
    first.is_there
      ? `${first.name} has no unique index on (${first.key}), by which a repeat could be told`
      : `there is no table ${first.name}`,
  );
}
