import type { CopyTarget } from '../../encoding/copy-binary.ts';

/** Copies rows directly into the table: fast, but fails if one of them exists. */
export function copySql({ table, columns }: CopyTarget): string {
  return `copy ${table.name} (${columns.join(', ')}) from stdin (format binary)`;
}

/** Copies rows, already frozen, into a table created or truncated in this transaction. */
export function copyFrozenSql({ table, columns }: CopyTarget): string {
  return `copy ${table.name} (${columns.join(', ')}) from stdin (format binary, freeze)`;
}

/** The temporary table for rows that are compared before they are stored. */
function incoming({ table, hasMetadata }: CopyTarget): string {
  return `pg_temp.incoming_${table.name}${hasMetadata ? '_with_metadata' : ''}`;
}

/** Creates the table of {@link copyIncomingSql}, which is emptied after each transaction. */
export function createIncomingSql(target: CopyTarget): string {
  const { table, columns } = target;
  const name = incoming(target).replace('pg_temp.', '');
  return (
    `create temporary table ${name} on commit delete rows as ` +
    `select ${columns.join(', ')} from ${table.name} with no data`
  );
}

/** Copies rows into the temporary table. */
export function copyIncomingSql(target: CopyTarget): string {
  return `copy ${incoming(target)} from stdin (format binary)`;
}

/** Stores rows that are new or different; equal rows are not touched. */
export function upsertSql(target: CopyTarget): string {
  const { table, columns } = target;
  const names = columns.join(', ');
  const changing = columns.filter((name) => !table.key.includes(name));
  const sets = changing.map((name) => `${name} = excluded.${name}`).join(', ');
  // Values of type json cannot be compared, but their texts can.
  const isJson = (name: string) => name === 'metadata' && table.metadataType === 'text';
  const compared = (row: string) =>
    changing.map((name) => `${row}.${name}${isJson(name) ? '::text' : ''}`).join(', ');
  return (
    `insert into ${table.name} as stored (${names}) select ${names} from ${incoming(target)} ` +
    `on conflict (${table.key.join(', ')}) do update set ${sets} ` +
    `where (${compared('stored')}) is distinct from (${compared('excluded')})`
  );
}
