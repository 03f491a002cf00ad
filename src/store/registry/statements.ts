import { ConfigError } from '../../core/errors.ts';
import { ID, slug } from '../../factory/names.ts';
import { ADVISORY_LOCKS } from '../advisory-locks.ts';
import type { Database, Queries } from '../database.ts';
import { StoreError } from '../store-error.ts';
import { type RegistryTableName, registryColumns } from './columns.ts';
import { type ConflictKind, RegistryConflict } from './conflict.ts';
import { assignments, type Input } from './input.ts';
import type { FactoryRow, MachineRow } from './rows.ts';

/** SQLSTATEs of rows that break a rule: of a type (22), of a table (23), of a trigger. */
const RULES = /^(22|23|P0001)/;
const UNIQUE_VIOLATION = '23505';

/** Carries out one change of the registry, alone. */
export async function change<T>(
  database: Database,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  try {
    return await database.transaction(async (queries) => {
      // Checks hold until the change is done.
      await queries.query('select pg_advisory_xact_lock($1, $2)', [
        ...ADVISORY_LOCKS.registryChange,
      ]);
      return work(queries);
    });
  } catch (error) {
    const isRule = error instanceof StoreError && RULES.test(error.sqlState ?? '');
    if (!isRule) throw error;
    const isDuplicate = error.sqlState === UNIQUE_VIOLATION;
    const kind: ConflictKind = isDuplicate ? 'duplicate-name' : 'refused';
    const rule = error.constraint ? ` (${error.constraint})` : '';
    throw new RegistryConflict(
      kind,
      isDuplicate ? 'name' : '',
      `a rule of the database refuses this row${rule}`,
    );
  }
}

/** The row of a factory. @throws RegistryConflict for an id that none has. */
export async function factoryRow(queries: Queries, id: string): Promise<FactoryRow> {
  const row = await rowOf<FactoryRow>(queries, 'factories', id);
  if (row) return row;
  throw new RegistryConflict('unknown-factory', 'factory_id', `no factory has the id ${id}`);
}

/** The row of a machine. @throws RegistryConflict for an id that none has. */
export async function machineRow(queries: Queries, id: string): Promise<MachineRow> {
  const row = await rowOf<MachineRow>(queries, 'machines', id);
  if (row) return row;
  throw new RegistryConflict('unknown-machine', 'machine_id', `no machine has the id ${id}`);
}

async function rowOf<Row>(
  queries: Queries,
  table: RegistryTableName,
  given: string,
): Promise<Row | undefined> {
  const id = ID.parse(given);
  if (id === undefined) return undefined;
  const { selected } = (await registryColumns(queries))[table];
  const sql = `select ${selected} from ${table} where id = $1`;
  const [row] = await queries.query<Row>(sql, [id]);
  return row;
}

/** @throws ConfigError for values that a table of the database has no column for. */
export async function checkColumns(
  queries: Queries,
  table: RegistryTableName,
  values: Input,
): Promise<void> {
  const columns = (await registryColumns(queries))[table];
  const faults = Object.keys(values)
    .filter((path) => !columns.has(path) && !isNothing(values[path]))
    .map((path) => ({
      path,
      message: `cannot be stored; the table ${table} of the database has no column for it`,
    }));
  if (faults.length > 0) throw new ConfigError(faults);
}

/** Whether nothing is lost where a value is not stored. */
function isNothing(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value as object).length === 0);
}

/** Columns of a row that the table has. */
async function stored(
  queries: Queries,
  table: RegistryTableName,
  row: object,
): Promise<ReturnType<typeof assignments>> {
  const columns = (await registryColumns(queries))[table];
  return assignments(Object.fromEntries(Object.entries(row).filter(([name]) => columns.has(name))));
}

/** Puts a row into a table; columns that the table does not have are left out. */
export async function insert(
  queries: Queries,
  table: RegistryTableName,
  row: object,
): Promise<void> {
  const { names, places, values } = await stored(queries, table, row);
  await queries.query(
    `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`,
    values,
  );
}

/** Changes some columns of a row. */
export async function update(
  queries: Queries,
  table: RegistryTableName,
  id: string,
  columns: Input,
): Promise<void> {
  const { names, places, values } = await stored(queries, table, columns);
  if (names.length === 0) return;
  const sets = names.map((name, i) => `${name} = ${places[i]}`);
  await queries.query(`update ${table} set ${sets.join(', ')} where id = $${values.length + 1}`, [
    ...values,
    id,
  ]);
}

/** @throws RegistryConflict where another factory has the id or the name. */
export async function checkFactoryIsFree(
  queries: Queries,
  { id, name }: FactoryRow,
  oldId: string,
): Promise<void> {
  const others = await queries.query<{ id: string; name: string }>(
    'select id::text, name from factories where (id = $1 or name = $2) and id::text <> $3',
    [id, name, oldId],
  );
  for (const other of others) {
    if (other.id === id) throw duplicate('duplicate-id', 'id', `the factory ${other.name}`, id);
    throw duplicate('duplicate-name', 'name', 'another factory', name);
  }
}

/**
 * @throws RegistryConflict where another machine has the id, one of the same factory the name, or
 *   one that is active the topic.
 */
export async function checkMachineIsFree(
  queries: Queries,
  row: MachineRow,
  oldId: string,
): Promise<void> {
  const { machines } = await registryColumns(queries);
  const [topic, isActive] = [
    machines.or('mqtt_topic'),
    machines.or('is_active', undefined, 'true'),
  ];
  const others = await queries.query<MachineRow>(
    `select ${machines.selected} from machines
     where (id = $1 or (factory_id = $2 and name = $3) or (${topic} = $4::text and ${isActive}))
       and id::text <> $5`,
    [row.id, row.factory_id, row.name, row.mqtt_topic, oldId],
  );
  for (const other of others) {
    const owner = `the machine ${other.name}`;
    if (other.id === row.id) throw duplicate('duplicate-id', 'id', owner, row.id);
    if (other.factory_id === row.factory_id && other.name === row.name)
      throw duplicate('duplicate-name', 'name', 'another machine of its factory', row.name);
    if (row.is_active) throw duplicate('duplicate-topic', 'mqtt_topic', owner, row.mqtt_topic);
  }
}

function duplicate(
  kind: ConflictKind,
  path: string,
  owner: string,
  value: string | null,
): RegistryConflict {
  return new RegistryConflict(kind, path, `${owner} has the ${path} ${JSON.stringify(value)}`);
}

/** Second level of the topics of a factory: that of most of its machines, else made of its name. */
export async function topicLevel(queries: Queries, factory: FactoryRow): Promise<string> {
  const { machines } = await registryColumns(queries);
  if (!machines.has('mqtt_topic')) return slug(factory.name);
  const [row] = await queries.query<{ level: string }>(
    `select split_part(mqtt_topic, '/', 2) as level from machines
     where factory_id = $1 and mqtt_topic like 'factory/_%/_%'
     group by level order by count(*) desc, level limit 1`,
    [factory.id],
  );
  return row?.level ?? slug(factory.name);
}

/** How the database calls a machine type: one that it has no name for is `other`. */
export async function storedType(
  queries: Queries,
  type: string,
  metadata: Input,
): Promise<{ type: string; metadata: Input }> {
  const { simulator_type: _hidden, ...rest } = metadata;
  const labels = await queries.query<{ label: string }>(
    `select e.enumlabel as label from pg_enum e join pg_attribute a on a.atttypid = e.enumtypid
     where a.attrelid = 'machines'::regclass and a.attname = 'type'`,
  );
  // A column of text takes every name.
  const isNamed = labels.length === 0 || labels.some(({ label }) => label === type);
  if (isNamed) return { type, metadata: rest };
  return { type: 'other', metadata: { ...rest, simulator_type: type } };
}
