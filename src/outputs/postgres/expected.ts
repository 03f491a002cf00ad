import type { ClientBase } from 'pg';
import { READING_TABLES } from '../../encoding/reading-tables.ts';

/**
 * The schema with the reading tables of the factory in which nothing goes wrong: same machines,
 * seed, weather, commands and wear, and no anomaly. A row differs from the one of the same name,
 * machine and time in the reading tables while an anomaly acts on it, and at no other time.
 */
const EXPECTED = 'expected';

/** Creates what is missing of the schema, with the columns and indexes of the reading tables. */
const CREATE = `
do $$ begin
  if to_regnamespace('${EXPECTED}') is null then
    create schema ${EXPECTED};
    comment on schema ${EXPECTED} is
      'What the machines would report without any anomaly';
  end if;
  ${READING_TABLES.map(
    ({ name }) => `
  if to_regclass('${EXPECTED}.${name}') is null then
    create table ${EXPECTED}.${name} (like ${name} including all);
  end if;`,
  ).join('')}
end $$`;

/** Has a connection store readings in the schema of expected readings. */
export async function useExpectedTables(client: ClientBase): Promise<void> {
  await client.query(CREATE);
  // The machines are still found in the schema of the reading tables.
  await client.query(
    `select set_config('search_path', '${EXPECTED}, ' || current_setting('search_path'), false)`,
  );
}
