import type { CopyTarget } from '../../encoding/copy-binary.ts';

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
  // Values of json cannot be compared, their texts can.
  const isJson = (name: string) => name === 'metadata' && table.metadataType === 'text';
  const compared = (row: string) =>
    changing.map((name) => `${row}.${name}${isJson(name) ? '::text' : ''}`).join(', ');
  return (
    `insert into ${table.name} as stored (${names}) select ${names} from ${incoming(target)} ` +
    `on conflict (${table.key.join(', ')}) do update set ${sets} ` +
    `where (${compared('stored')}) is distinct from (${compared('excluded')})`
  );
}
