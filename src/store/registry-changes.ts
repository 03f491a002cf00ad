import { randomUUID } from 'node:crypto';
import { ConfigError, type Diagnostic } from '../core/errors.ts';
import { changeable, FACTORY_COLUMNS, MACHINE_COLUMNS } from '../factory/columns.ts';
import { DEFAULT_CALENDAR } from '../factory/default-factory.ts';
import { TYPES } from '../factory/machine-types.ts';
import { slug } from '../factory/names.ts';
import type { Database } from './database.ts';
import { type Input, mergedMetadata, readInput } from './registry/input.ts';
import {
  type FactoryRow,
  type MachineRow,
  mappingOf,
  readFactoryRow,
  readMachineRow,
} from './registry/rows.ts';
import {
  change,
  checkColumns,
  checkFactoryIsFree,
  checkMachineIsFree,
  factoryRow,
  insert,
  machineRow,
  storedType,
  topicLevel,
  update,
} from './registry/statements.ts';

export { RegistryConflict } from './registry/conflict.ts';
export type { Input } from './registry/input.ts';
export {
  type Counts,
  checkConfirmed,
  confirmation,
  countFactory,
  countMachine,
  countReadings,
  purgeFactory,
  purgeMachine,
  totalOf,
} from './registry/purge.ts';
export type { FactoryRow, MachineRow } from './registry/rows.ts';

/**
 * Puts a factory into the registry. Only the name is needed.
 *
 * @throws ConfigError for values that are not accepted; RegistryConflict for a name or an id that
 *   is taken.
 */
export async function createFactory(database: Database, input: Input): Promise<FactoryRow> {
  const values = readInput(input, FACTORY_COLUMNS);
  const row = {
    id: randomUUID(),
    location: null,
    timezone: 'UTC',
    is_active: true,
    ...values,
    metadata: mergedMetadata({}, mappingOf(values['metadata'])),
  } as unknown as FactoryRow;
  checkFactory(row);
  return change(database, async (queries) => {
    await checkColumns(queries, 'factories', values);
    await checkFactoryIsFree(queries, row, '');
    await insert(queries, 'factories', row);
    return factoryRow(queries, row.id);
  });
}

/** Changes some columns of a factory. @throws Likewise, and for an id that no factory has. */
export async function updateFactory(
  database: Database,
  id: string,
  input: Input,
): Promise<FactoryRow> {
  const values = readInput(input, changeable(FACTORY_COLUMNS));
  return change(database, async (queries) => {
    await checkColumns(queries, 'factories', values);
    const old = await factoryRow(queries, id);
    const row = merged(old, values);
    checkFactory(row);
    await checkFactoryIsFree(queries, row, old.id);
    await update(queries, 'factories', old.id, changed(row, values));
    return factoryRow(queries, id);
  });
}

/**
 * Puts a machine into the registry. It needs a factory, a name and a type; its topic is made of
 * the factory's and its name.
 *
 * @throws ConfigError for values that are not accepted; RegistryConflict for a name, a topic or an
 *   id that is taken, or a factory that does not exist.
 */
export async function createMachine(database: Database, input: Input): Promise<MachineRow> {
  const values = readInput(input, MACHINE_COLUMNS);
  const type = TYPES.get(values['type'] as string);
  return change(database, async (queries) => {
    const factory = await factoryRow(queries, values['factory_id'] as string);
    const row = {
      id: randomUUID(),
      description: null,
      rated_power_kw: type?.parameters['ratedPowerKw']?.value,
      rated_voltage_v: null,
      rated_current_a: null,
      rated_frequency_hz: null,
      data_interval_seconds: type?.intervalS,
      mqtt_topic: `factory/${await topicLevel(queries, factory)}/${slug(values['name'] as string)}`,
      is_active: true,
      is_critical: false,
      ...values,
      ...(await storedType(queries, values['type'] as string, mappingOf(values['metadata']))),
    } as unknown as MachineRow;
    checkMachine(row);
    await checkColumns(queries, 'machines', { ...values, metadata: row.metadata });
    await checkMachineIsFree(queries, row, '');
    await insert(queries, 'machines', row);
    return machineRow(queries, row.id);
  });
}

/** Changes some columns of a machine. @throws Likewise, and for an id that no machine has. */
export async function updateMachine(
  database: Database,
  id: string,
  input: Input,
): Promise<MachineRow> {
  const values = readInput(input, changeable(MACHINE_COLUMNS));
  return change(database, async (queries) => {
    const old = await machineRow(queries, id);
    const given = merged(old, values);
    const type = values['type'] as string | undefined;
    const metadata = mappingOf(given.metadata);
    const stored = type === undefined ? {} : await storedType(queries, type, metadata);
    const row = { ...given, ...stored };
    checkMachine(row);
    await checkColumns(queries, 'machines', changed(row, values));
    await factoryRow(queries, row.factory_id);
    await checkMachineIsFree(queries, row, old.id);
    await update(queries, 'machines', old.id, changed(row, values));
    return machineRow(queries, id);
  });
}

/** Takes a factory, and so its machines, out of operation; its row and readings stay. */
export async function deactivateFactory(database: Database, id: string): Promise<FactoryRow> {
  return change(database, async (queries) => {
    await factoryRow(queries, id);
    await checkColumns(queries, 'factories', { is_active: false });
    await update(queries, 'factories', id, { is_active: false });
    return factoryRow(queries, id);
  });
}

/** Takes a machine out of operation; its row and readings stay. */
export async function deactivateMachine(database: Database, id: string): Promise<MachineRow> {
  return change(database, async (queries) => {
    await machineRow(queries, id);
    await checkColumns(queries, 'machines', { is_active: false });
    await update(queries, 'machines', id, { is_active: false });
    return machineRow(queries, id);
  });
}

/** A row with some columns changed; metadata by their keys. */
function merged<Row extends FactoryRow | MachineRow>(old: Row, values: Input): Row {
  const metadata = mergedMetadata(mappingOf(old.metadata), mappingOf(values['metadata']));
  return { ...old, ...values, metadata };
}

/** What a row is to have in the columns that change; a machine's type is told by two of them. */
function changed<Row extends FactoryRow | MachineRow>(row: Row, values: Input): Input {
  const names = new Set(Object.keys(values));
  if (names.has('type')) names.add('metadata');
  return Object.fromEntries([...names].map((name) => [name, row[name as keyof Row]]));
}

function checkFactory(row: FactoryRow): void {
  throwFaults(readFactoryRow(row, [], DEFAULT_CALENDAR).faults);
}

function checkMachine(row: MachineRow): void {
  // Without a topic it has one that its name makes.
  throwFaults(readMachineRow(row, `factory/registry/${slug(row.name)}`).faults);
}

function throwFaults(faults: readonly Diagnostic[]): void {
  if (faults.length > 0) throw new ConfigError(faults);
}
