import type { FactoryDescription, MachineDescription } from '../../core/factory.ts';
import { READING_TABLES } from '../../encoding/reading-tables.ts';
import {
  DEFAULT_CALENDAR,
  DEFAULT_CLIMATE,
  DEFAULT_FACTORY,
} from '../../factory/default-factory.ts';
import { factoryContent } from '../../factory/factory.ts';
import type { Database, Queries } from '../database.ts';
import { StoreError } from '../store-error.ts';
import { insertRow, storedType } from './change.ts';
import { type RegistryTable, registryColumns } from './columns.ts';
import { CREATE_REGISTRY, EQUIP_TABLES, REGISTRY_TABLES } from './tables.ts';

/**
 * Makes the registry and the reading tables, with the default factory, on a database that has none
 * of them. A database that has them is an EnMS's and is left as it is.
 *
 * @returns Whether it made them.
 * @throws StoreError for a database that has some of them without the registry.
 */
export function createRegistry(database: Database): Promise<boolean> {
  return database.transaction(async (queries) => {
    if (!(await createTables(queries, database.location))) return false;
    await addRows(queries, [DEFAULT_FACTORY]);
    await queries.query('update simulator.identity set made_registry = true');
    return true;
  });
}

/** What was added to a registry. */
export interface AddedRows {
  readonly hasMadeTables: boolean;
  readonly machines: number;
}

/**
 * Puts factories and machines into a database's registry that are not in it, so that readings can
 * refer to them. Rows that are there stay as they are; an empty database gets the tables first.
 *
 * @throws StoreError where a name is taken by another id, or the right to insert is missing.
 */
export function addRegistryRows(
  database: Database,
  factories: readonly FactoryDescription[],
): Promise<AddedRows> {
  return database.transaction(async (queries) => {
    const hasMadeTables = await createTables(queries, database.location);
    return { hasMadeTables, machines: await addRows(queries, factories) };
  });
}

/**
 * Makes the tables of the registry and of the readings on a database that has none of them.
 *
 * @param location - Names the database in errors.
 * @returns Whether it made them.
 */
async function createTables(queries: Queries, location: string): Promise<boolean> {
  const found = await queries.query<{ name: string; is_there: boolean }>(
    'select name, to_regclass(name) is not null as is_there from unnest($1::text[]) as name',
    [REGISTRY_TABLES],
  );
  const there = found.filter(({ is_there: isThere }) => isThere).map(({ name }) => name);
  if (there.includes('factories') && there.includes('machines')) return false;
  if (there.length > 0)
    throw new StoreError(
      'rejected',
      `${location} has the tables ${there.join(', ')}, but not both factories and ` +
        'machines: neither an EnMS’s registry nor empty',
    );
  // For a user called simulator, PostgreSQL would put them into the schema of that name.
  await queries.query(
    `select set_config('search_path', coalesce(
       (select quote_ident(name) from unnest(current_schemas(false)) with ordinality s (name, i)
        where name <> 'simulator' order by i limit 1), 'public'), true)`,
  );
  await queries.script(CREATE_REGISTRY + EQUIP_TABLES);
  await makeHypertables(queries);
  return true;
}

/**
 * Makes hypertables of the reading tables where TimescaleDB is installed (TimescaleDB manual,
 * create_hypertable()), with the indexes that they have. On plain PostgreSQL they stay tables.
 */
async function makeHypertables(queries: Queries): Promise<void> {
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

/** Adds the factories and machines that are not there. @returns The number of machines added. */
async function addRows(
  queries: Queries,
  factories: readonly FactoryDescription[],
): Promise<number> {
  const registry = { queries, columns: await registryColumns(queries) };
  for (const factory of await absent(queries, 'factories', factories))
    await insertRow(registry, 'factories', factoryRow(factory));
  let added = 0;
  for (const factory of factories)
    for (const machine of await absent(queries, 'machines', factory.machines)) {
      const stored = await storedType(registry, machine.type, {});
      await insertRow(registry, 'machines', { ...machineRow(factory, machine), ...stored });
      added++;
    }
  return added;
}

async function absent<T extends { readonly id: string }>(
  queries: Queries,
  table: RegistryTable,
  wanted: readonly T[],
): Promise<readonly T[]> {
  const ids = wanted.map(({ id }) => id);
  const there = await queries.query<{ id: string }>(
    `select wanted.id from unnest($1::text[]) as wanted (id)
     join ${table} on ${table}.id::text = wanted.id`,
    [ids],
  );
  const known = new Set(there.map(({ id }) => id));
  return wanted.filter(({ id }) => !known.has(id));
}

/** A registry keeps of climate and calendar what departs from the defaults. */
function factoryRow(factory: FactoryDescription): object {
  const { id, name, location = null, timeZone, latitude, longitude, climate, calendar } = factory;
  const content = factoryContent(factory, []);
  const isSame = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);
  return {
    id,
    name,
    location,
    timezone: timeZone,
    metadata: {
      latitude,
      longitude,
      ...(isSame(climate, DEFAULT_CLIMATE) ? {} : { climate: content['climate'] }),
      ...(isSame(calendar, DEFAULT_CALENDAR) ? {} : { calendar: content['calendar'] }),
    },
  };
}

function machineRow(factory: FactoryDescription, machine: MachineDescription): object {
  return {
    id: machine.id,
    factory_id: factory.id,
    name: machine.name,
    description: machine.description ?? null,
    rated_power_kw: machine.ratedPowerKw,
    rated_voltage_v: factory.nominalVoltageV,
    rated_frequency_hz: factory.nominalFrequencyHz,
    // The column holds whole seconds.
    data_interval_seconds: Math.max(1, Math.round(machine.intervalS)),
    mqtt_topic: machine.topic,
  };
}
