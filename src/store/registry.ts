import { DEFAULT_CALENDAR, DEFAULT_FACTORY } from '../config/default-factory.ts';
import { shown } from '../config/kinds.ts';
import type { Fault } from '../core/errors.ts';
import type {
  CalendarDescription,
  FactoryDescription,
  MachineDescription,
} from '../core/factory.ts';
import type { Database, Queries } from './database.ts';
import { asHypertables } from './registry/hypertables.ts';
import {
  FACTORY_COLUMNS,
  type FactoryRow,
  MACHINE_COLUMNS,
  type MachineRow,
  readFactoryRow,
  readMachineRow,
} from './registry/rows.ts';
import { CREATE_REGISTRY, REGISTRY_TABLES } from './registry/tables.ts';
import { StoreError } from './store-error.ts';

/** A row of the registry that cannot run, and why, in a sentence for whoever keeps the registry. */
export interface Rejection {
  readonly table: 'factories' | 'machines';
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

/** The registry as the simulator understands it. */
export interface RegistryReading {
  readonly factories: readonly FactoryDescription[];
  readonly rejections: readonly Rejection[];
  /** What runs, but is worth a line in the log. */
  readonly remarks: readonly string[];
  /** Another one where anything that matters is another; see {@link registryDigest}. */
  readonly digest: string;
}

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
    await insertFactory(queries, DEFAULT_FACTORY);
    await queries.query('update simulator.identity set made_registry = true');
    return true;
  });
}

/**
 * Makes the tables of the registry and of the readings, without a row, on a database that has none
 * of them.
 *
 * @param location - Names the database in errors.
 * @returns Whether it made them.
 * @throws StoreError likewise.
 */
export async function createTables(queries: Queries, location: string): Promise<boolean> {
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
  await queries.script(CREATE_REGISTRY);
  await asHypertables(queries);
  return true;
}

async function insertFactory(queries: Queries, factory: FactoryDescription): Promise<void> {
  const { id, name, timeZone, latitude, longitude } = factory;
  const metadata = JSON.stringify({ latitude, longitude });
  await queries.query(
    'insert into factories (id, name, timezone, metadata) values ($1, $2, $3, $4::jsonb)',
    [id, name, timeZone, metadata],
  );
  for (const machine of factory.machines)
    await queries.query(
      `insert into machines (id, factory_id, name, type, rated_power_kw, rated_voltage_v,
         rated_frequency_hz, data_interval_seconds, mqtt_topic)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        machine.id,
        id,
        machine.name,
        machine.type,
        machine.ratedPowerKw,
        factory.nominalVoltageV,
        factory.nominalFrequencyHz,
        machine.intervalS,
        machine.topic,
      ],
    );
}

/**
 * Reads the active factories and machines of a registry. A row that cannot run is left out and
 * reported, and what is wrong in `metadata` is replaced by what would hold without it.
 *
 * @param calendar - Of factories that have none of their own.
 */
export function readRegistry(
  database: Database,
  calendar: CalendarDescription = DEFAULT_CALENDAR,
): Promise<RegistryReading> {
  return database.transaction(async (queries) => {
    await queries.script('set transaction isolation level repeatable read, read only');
    const factories = await queries.query<FactoryRow>(
      `select ${FACTORY_COLUMNS} from factories where is_active order by id`,
    );
    const machines = await queries.query<MachineRow>(
      `select ${MACHINE_COLUMNS} from machines where is_active order by id`,
    );
    const digest = await registryDigest(queries);
    return { ...understand(factories, machines, calendar), digest };
  });
}

/**
 * A short text that changes when a row of the registry does: for asking often. The database makes
 * it, so that no row travels.
 */
export async function registryDigest(queries: Queries): Promise<string> {
  const [row] = await queries.query<{ digest: string }>(
    `select count(*) || ':' || coalesce(sum(hashtextextended(content, 0)), 0) as digest
     from (
       select row(f.id, f.name, f.location, f.timezone, f.metadata)::text as content
       from factories f where f.is_active
       union all
       select row(m.id, m.factory_id, m.name, m.description, m.type, m.rated_power_kw,
         m.rated_voltage_v, m.rated_frequency_hz, m.data_interval_seconds, m.mqtt_topic,
         m.metadata)::text
       from machines m where m.is_active) rows`,
  );
  return row?.digest ?? '';
}

/** Faults of a factory that nothing can stand in for. */
const FATAL_COLUMNS = new Set(['id', 'name', 'timezone']);

function understand(
  factoryRows: readonly FactoryRow[],
  machineRows: readonly MachineRow[],
  calendar: CalendarDescription,
): Omit<RegistryReading, 'digest'> {
  const rejections: Rejection[] = [];
  const remarks: string[] = [];
  const topics = new Map<string, string>();
  const rowsOf = groupedByFactory(machineRows);
  const factories = factoryRows.flatMap((row) => {
    const machines = rowsOf.get(row.id) ?? [];
    const { description, faults } = readFactoryRow(row, machines, calendar);
    const fatal = faults.filter(({ path }) => FATAL_COLUMNS.has(path));
    if (!description || fatal.length > 0) {
      const consequence = `its ${machines.length} machines do not run`;
      rejections.push(rejection('factories', row, `${sentence(fatal)}; ${consequence}`));
      return [];
    }
    for (const { path, message } of faults) remarks.push(`${row.name}: ${path}: ${message}`);
    const runs = (machine: MachineRow): MachineDescription[] => {
      const reading = readMachineRow(machine);
      const reason = sentence(reading.faults) || topicTaken(machine, topics);
      if (reason || !reading.description) {
        rejections.push(rejection('machines', machine, reason));
        return [];
      }
      remarks.push(...reading.remarks.map((remark) => `${machine.name}: ${remark}`));
      return [reading.description];
    };
    return { ...description, machines: machines.flatMap(runs) };
  });
  return { factories, rejections, remarks };
}

function topicTaken({ name, mqtt_topic: topic }: MachineRow, topics: Map<string, string>): string {
  const owner = topics.get(topic as string);
  if (owner !== undefined) return `mqtt_topic: ${shown(topic)} is already the topic of ${owner}`;
  topics.set(topic as string, name);
  return '';
}

function rejection(
  table: Rejection['table'],
  { id, name }: { readonly id: string; readonly name: string },
  reason: string,
): Rejection {
  return { table, id, name, reason };
}

function sentence(faults: readonly Fault[]): string {
  return faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
}

function groupedByFactory(rows: readonly MachineRow[]): ReadonlyMap<string, MachineRow[]> {
  const groups = new Map<string, MachineRow[]>();
  for (const row of rows) {
    const group = groups.get(row.factory_id);
    if (group) group.push(row);
    else groups.set(row.factory_id, [row]);
  }
  return groups;
}
