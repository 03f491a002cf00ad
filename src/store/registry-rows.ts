import type { FactoryDescription, MachineDescription } from '../core/factory.ts';
import { DEFAULT_CALENDAR, DEFAULT_CLIMATE } from '../factory/default-factory.ts';
import { factoryContent } from '../factory/factory.ts';
import type { Database, Queries } from './database.ts';
import { insert, storedType } from './registry/statements.ts';
import { createTables } from './registry.ts';

/** What was added to a registry. */
export interface AddedRows {
  readonly hasMadeTables: boolean;
  readonly factories: number;
  readonly machines: number;
}

/**
 * Puts factories and machines into a database's registry that are not in it, so that readings can
 * hang on them. Rows that are there stay as they are; an empty database gets the tables first.
 *
 * @throws StoreError where a name is taken by another id, or the right to insert is missing.
 */
export function addRegistryRows(
  database: Database,
  factories: readonly FactoryDescription[],
): Promise<AddedRows> {
  return database.transaction(async (queries) => {
    const hasMadeTables = await createTables(queries, database.location);
    const absentFactories = await absent(queries, 'factories', factories);
    for (const factory of absentFactories) await insert(queries, 'factories', factoryRow(factory));
    let machines = 0;
    for (const factory of factories)
      for (const machine of await absent(queries, 'machines', factory.machines)) {
        const stored = await storedType(queries, machine.type, {});
        await insert(queries, 'machines', { ...machineRow(factory, machine), ...stored });
        machines++;
      }
    return { hasMadeTables, factories: absentFactories.length, machines };
  });
}

async function absent<T extends { readonly id: string }>(
  queries: Queries,
  table: 'factories' | 'machines',
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
  const content = factoryContent(factory);
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
