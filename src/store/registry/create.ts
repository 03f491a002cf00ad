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
import { ADD_REGISTERS, CREATE_REGISTRY, EQUIP_TABLES, REGISTRY_TABLES } from './tables.ts';

/**
 * Creates the registry and the reading tables, with the default factory, on a database without any
 * of them. A database that has them belongs to an EnMS and is left unchanged.
 *
 * @param hasRegisters - Whether the tables get a column for energy registers.
 * @returns Whether it created them.
 * @throws StoreError for a database that has some of them but no registry.
 */
export function createRegistry(database: Database, hasRegisters = false): Promise<boolean> {
  return database.transaction(async (queries) => {
    if (!(await createTables(queries, database.location, hasRegisters))) return false;
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
 * Adds missing factories and machines to a registry, so that readings can refer to them. Existing
 * rows stay unchanged; an empty database gets the tables first.
 *
 * @param hasRegisters - Whether new tables get a column for energy registers.
 * @throws StoreError if another id has one of the names, or the right to insert is missing.
 */
export function addRegistryRows(
  database: Database,
  factories: readonly FactoryDescription[],
  hasRegisters = false,
): Promise<AddedRows> {
  return database.transaction(async (queries) => {
    const hasMadeTables = await createTables(queries, database.location, hasRegisters);
    return { hasMadeTables, machines: await addRows(queries, factories) };
  });
}

/**
 * Creates the tables of the registry and of the readings on a database without any of them.
 *
 * @param location - The database's name in errors.
 * @returns Whether it created them.
 */
async function createTables(
  queries: Queries,
  location: string,
  hasRegisters: boolean,
): Promise<boolean> {
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
        'machines: it is neither empty nor an EnMS’s registry',
    );
  // For a user called simulator, PostgreSQL would create them in the schema of that name.
  await queries.query(
    `select set_config('search_path', coalesce(
       (select quote_ident(name) from unnest(current_schemas(false)) with ordinality s (name, i)
        where name <> 'simulator' order by i limit 1), 'public'), true)`,
  );
  await queries.script(CREATE_REGISTRY + EQUIP_TABLES + (hasRegisters ? ADD_REGISTERS : ''));
  await makeHypertables(queries);
  return true;
}

/**
 * Turns the reading tables into hypertables if TimescaleDB is installed (TimescaleDB manual,
 * create_hypertable()), with their existing indexes. On plain PostgreSQL they stay tables.
 */
async function makeHypertables(queries: Queries): Promise<void> {
  // The extension may be in any schema, even one outside the search path.
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

/** Adds the missing factories and machines. @returns The number of machines added. */
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
      const { energyRegister } = machine;
      const metadata = energyRegister === undefined ? {} : { energy_register: energyRegister };
      const stored = await storedType(registry, machine.type, metadata);
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

/**
 * A registry only stores the climate and calendar of a factory if they differ from the defaults.
 */
function factoryRow(factory: FactoryDescription): object {
  const { id, name, location = null, timeZone, latitude, longitude, climate, calendar } = factory;
  const { energyRegister } = factory;
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
      ...(energyRegister === undefined ? {} : { energy_register: energyRegister }),
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
