import { randomUUID } from 'node:crypto';
import { ConfigError, type Diagnostic } from '../../core/errors.ts';
import { changeable, FACTORY_COLUMNS, machineColumns } from '../../factory/columns.ts';
import { DEFAULT_CALENDAR } from '../../factory/default-factory.ts';
import { type Catalogue, typeNamed } from '../../factory/machine-types.ts';
import { ID, slug } from '../../factory/names.ts';
import type { Keys } from '../../schema/composite-type.ts';
import type { Database, Queries } from '../database.ts';
import { ADVISORY_LOCKS } from '../locks/advisory-locks.ts';
import { StoreError } from '../store-error.ts';
import { type RegistryColumns, type RegistryTable, registryColumns } from './columns.ts';
import { assignments, type Input, mergedMetadata, readInput } from './input.ts';
import {
  type FactoryRow,
  type MachineRow,
  mappingOf,
  type RegistryRows,
  readFactoryRow,
  readMachineRow,
} from './rows.ts';

/** Why a well-formed change of the registry was refused. */
type ConflictKind =
  | 'unknown-factory'
  | 'unknown-machine'
  | 'duplicate-id'
  | 'duplicate-name'
  | 'duplicate-topic'
  /** The rows to be deleted were not confirmed, or have changed since. */
  | 'unconfirmed'
  /** A rule of the database itself. */
  | 'refused';

/** A change that conflicts with the content of the registry. Nothing was changed. */
export class RegistryConflict extends Error {
  readonly kind: ConflictKind;
  /** The field that conflicts. */
  readonly path: string;
  /** For a deletion: the number of dependent rows, by table. */
  readonly counts: Readonly<Record<string, number>>;

  constructor(
    kind: ConflictKind,
    path: string,
    message: string,
    counts: Readonly<Record<string, number>> = {},
  ) {
    super(message);
    this.name = 'RegistryConflict';
    this.kind = kind;
    this.path = path;
    this.counts = counts;
  }
}

/** The registry within one transaction, with the columns of its tables. */
export interface OpenRegistry {
  readonly queries: Queries;
  readonly columns: RegistryColumns;
}

/** How the rows of a table are created, changed and checked. */
interface Rules<Row> {
  columns(catalogue: Catalogue): Keys;
  /** Creates a row from the given values and defaults. */
  create(registry: OpenRegistry, values: Input, catalogue: Catalogue): Promise<Row>;
  /** Updates the values of a row that depend on the changed ones. */
  update(registry: OpenRegistry, row: Row, values: Input): Promise<Row>;
  /** The errors of a row. */
  faults(row: Row, catalogue: Catalogue): readonly Diagnostic[];
  /** @throws RegistryConflict if the row conflicts with others. */
  checkFits(registry: OpenRegistry, row: Row, oldId: string): Promise<void>;
}

const FACTORIES: Rules<FactoryRow> = {
  columns: () => FACTORY_COLUMNS,
  create: async (_, values) =>
    ({
      id: randomUUID(),
      location: null,
      timezone: 'UTC',
      is_active: true,
      ...values,
      metadata: mergedMetadata({}, mappingOf(values['metadata'])),
    }) as unknown as FactoryRow,
  update: async (_, row) => row,
  faults: (row, catalogue) => readFactoryRow(row, [], DEFAULT_CALENDAR, catalogue).faults,
  async checkFits({ queries }, { id, name }, oldId) {
    const others = await queries.query<{ id: string; name: string }>(
      'select id::text, name from factories where (id = $1 or name = $2) and id::text <> $3',
      [id, name, oldId],
    );
    for (const other of others) {
      if (other.id === id) throw duplicate('duplicate-id', 'id', `the factory ${other.name}`, id);
      throw duplicate('duplicate-name', 'name', 'another factory', name);
    }
  },
};

const MACHINES: Rules<MachineRow> = {
  columns: machineColumns,
  async create(registry, values, catalogue) {
    const type = typeNamed(values['type'] as string, catalogue);
    const factory = await rowOf(registry, 'factories', values['factory_id'] as string);
    const level = await topicLevel(registry, factory);
    return {
      id: randomUUID(),
      description: null,
      rated_power_kw: type?.parameters['ratedPowerKw']?.value,
      rated_voltage_v: null,
      rated_current_a: null,
      rated_frequency_hz: null,
      data_interval_seconds: type?.intervalS,
      mqtt_topic: `factory/${level}/${slug(values['name'] as string)}`,
      is_active: true,
      is_critical: false,
      ...values,
      ...(await storedType(registry, values['type'] as string, mappingOf(values['metadata']))),
    } as unknown as MachineRow;
  },
  async update(registry, row, values) {
    const type = values['type'] as string | undefined;
    if (type === undefined) return row;
    return { ...row, ...(await storedType(registry, type, mappingOf(row.metadata))) };
  },
  // A machine without a topic gets one derived from its name.
  faults: (row, catalogue) =>
    readMachineRow(row, `factory/registry/${slug(row.name)}`, catalogue).faults,
  async checkFits(registry, row, oldId) {
    await rowOf(registry, 'factories', row.factory_id);
    const { queries, columns } = registry;
    const { machines } = columns;
    const topic = machines.or('mqtt_topic');
    const isActive = machines.or('is_active', undefined, 'true');
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
  },
};

function rulesOf<Table extends RegistryTable>(table: Table): Rules<RegistryRows[Table]> {
  const rules = { factories: FACTORIES, machines: MACHINES };
  return rules[table] as unknown as Rules<RegistryRows[Table]>;
}

/**
 * Adds a row. A factory only needs a name; a machine needs a factory, a name and a type. A
 * machine's topic is derived from its factory's topics and its name.
 *
 * @throws ConfigError for invalid values; RegistryConflict if a name, topic or id is in use, or
 *   the factory does not exist.
 */
export async function createRow<Table extends RegistryTable>(
  database: Database,
  table: Table,
  input: Input,
  catalogue: Catalogue,
): Promise<RegistryRows[Table]> {
  const rules = rulesOf(table);
  const values = readInput(input, rules.columns(catalogue));
  return change(database, async (registry) => {
    const row = await rules.create(registry, values, catalogue);
    checkRow(registry, table, row, { ...values, metadata: row.metadata }, catalogue);
    await rules.checkFits(registry, row, '');
    await insertRow(registry, table, row);
    return rowOf(registry, table, row.id);
  });
}

/** Changes some columns of a row. @throws As {@link createRow}, and for an unknown id. */
export async function updateRow<Table extends RegistryTable>(
  database: Database,
  table: Table,
  id: string,
  input: Input,
  catalogue: Catalogue,
): Promise<RegistryRows[Table]> {
  const rules = rulesOf(table);
  const values = readInput(input, changeable(rules.columns(catalogue)));
  return change(database, async (registry) => {
    const old = await rowOf(registry, table, id);
    const metadata = mergedMetadata(mappingOf(old.metadata), mappingOf(values['metadata']));
    const row = await rules.update(registry, { ...old, ...values, metadata }, values);
    const changes = changed(row, values);
    checkRow(registry, table, row, changes, catalogue);
    await rules.checkFits(registry, row, old.id);
    await update(registry, table, old.id, changes);
    return rowOf(registry, table, id);
  });
}

/** Deactivates a machine, or a factory with its machines. Rows and readings remain. */
export function deactivateRow<Table extends RegistryTable>(
  database: Database,
  table: Table,
  id: string,
): Promise<RegistryRows[Table]> {
  return change(database, async (registry) => {
    const changes = { is_active: false };
    const { id: known } = await rowOf(registry, table, id);
    checkColumns(registry, table, changes);
    await update(registry, table, known, changes);
    return rowOf(registry, table, known);
  });
}

/** The row with an id. @throws RegistryConflict for an unknown id. */
export async function rowOf<Table extends RegistryTable>(
  { queries, columns }: OpenRegistry,
  table: Table,
  given: string,
): Promise<RegistryRows[Table]> {
  const id = ID.parse(given);
  const sql = `select ${columns[table].selected} from ${table} where id = $1`;
  const [row] = id === undefined ? [] : await queries.query<RegistryRows[Table]>(sql, [id]);
  if (row) return row;
  const what = table === 'factories' ? 'factory' : 'machine';
  throw new RegistryConflict(`unknown-${what}`, `${what}_id`, `no ${what} has the id ${given}`);
}

/** Inserts a row, without values for columns that the table does not have. */
export async function insertRow(
  { queries, columns }: OpenRegistry,
  table: RegistryTable,
  row: object,
): Promise<void> {
  const { names, places, values } = assignments(columns[table].known(row));
  await queries.query(
    `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`,
    values,
  );
}

/** A machine type as the database stores it: `other` if its enum lacks the type. */
export async function storedType(
  { queries }: OpenRegistry,
  type: string,
  metadata: Input,
): Promise<{ type: string; metadata: Input }> {
  const { simulator_type: _hidden, ...rest } = metadata;
  const labels = await queries.query<{ label: string }>(
    `select e.enumlabel as label from pg_enum e join pg_attribute a on a.atttypid = e.enumtypid
     where a.attrelid = 'machines'::regclass and a.attname = 'type'`,
  );
  // A text column accepts every name.
  const isNamed = labels.length === 0 || labels.some(({ label }) => label === type);
  if (isNamed) return { type, metadata: rest };
  return { type: 'other', metadata: { ...rest, simulator_type: type } };
}

async function update(
  { queries, columns }: OpenRegistry,
  table: RegistryTable,
  id: string,
  changes: Input,
): Promise<void> {
  const { names, places, values } = assignments(columns[table].known(changes));
  if (names.length === 0) return;
  const sets = names.map((name, i) => `${name} = ${places[i]}`);
  await queries.query(`update ${table} set ${sets.join(', ')} where id = $${values.length + 1}`, [
    ...values,
    id,
  ]);
}

/** SQLSTATEs of violated rules: of a type (22), of a table (23), of a trigger. */
const RULES = /^(22|23|P0001)/;
const UNIQUE_VIOLATION = '23505';

/** Makes one change of the registry at a time. */
async function change<T>(
  database: Database,
  work: (registry: OpenRegistry) => Promise<T>,
): Promise<T> {
  try {
    return await database.transaction(async (queries) => {
      // What was checked stays true until the change is done.
      await queries.query('select pg_advisory_xact_lock($1, $2)', [
        ...ADVISORY_LOCKS.registryChange,
      ]);
      return work({ queries, columns: await registryColumns(queries) });
    });
  } catch (error) {
    const isRule = error instanceof StoreError && RULES.test(error.sqlState ?? '');
    if (!isRule) throw error;
    const isDuplicate = error.sqlState === UNIQUE_VIOLATION;
    const rule = error.constraint ? ` (${error.constraint})` : '';
    throw new RegistryConflict(
      isDuplicate ? 'duplicate-name' : 'refused',
      isDuplicate ? 'name' : '',
      `a rule of the database rejects this row${rule}`,
    );
  }
}

/** The new values of the columns that change. A machine's type is stored in two columns. */
function changed(row: object, values: Input): Input {
  const names = new Set(Object.keys(values));
  if (names.has('type')) names.add('metadata');
  return Object.fromEntries([...names].map((name) => [name, row[name as keyof typeof row]]));
}

/** @throws ConfigError for a row that could not run, or values that cannot be stored. */
function checkRow<Table extends RegistryTable>(
  registry: OpenRegistry,
  table: Table,
  row: RegistryRows[Table],
  values: Input,
  catalogue: Catalogue,
): void {
  const faults = rulesOf(table).faults(row, catalogue);
  if (faults.length > 0) throw new ConfigError(faults);
  checkColumns(registry, table, values);
}

/** @throws ConfigError for values that the table has no column for. */
function checkColumns({ columns }: OpenRegistry, table: RegistryTable, values: Input): void {
  const faults = Object.keys(values)
    .filter((path) => !columns[table].has(path) && !isEmpty(values[path]))
    .map((path) => ({
      path,
      message: `cannot be stored; the table ${table} of the database has no column for it`,
    }));
  if (faults.length > 0) throw new ConfigError(faults);
}

/** Whether nothing is lost if the value is not stored. */
function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value as object).length === 0);
}

function duplicate(
  kind: ConflictKind,
  path: string,
  owner: string,
  value: string | null,
): RegistryConflict {
  return new RegistryConflict(
    kind,
    path,
    `${owner} already has the ${path} ${JSON.stringify(value)}`,
  );
}

/**
 * The second topic level of a factory: the most common one among its machines, otherwise derived
 * from its name.
 */
async function topicLevel(
  { queries, columns }: OpenRegistry,
  factory: FactoryRow,
): Promise<string> {
  if (!columns.machines.has('mqtt_topic')) return slug(factory.name);
  const [row] = await queries.query<{ level: string }>(
    `select split_part(mqtt_topic, '/', 2) as level from machines
     where factory_id = $1 and mqtt_topic like 'factory/_%/_%'
     group by level order by count(*) desc, level limit 1`,
    [factory.id],
  );
  return row?.level ?? slug(factory.name);
}
