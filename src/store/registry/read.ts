import type { Diagnostic } from '../../core/errors.ts';
import type {
  CalendarDescription,
  FactoryDescription,
  MachineDescription,
} from '../../core/factory.ts';
import { DEFAULT_CALENDAR } from '../../factory/default-factory.ts';
import type { Catalogue } from '../../factory/machine-types.ts';
import { slug } from '../../factory/names.ts';
import { shown } from '../../schema/diagnostics.ts';
import type { Database, Queries } from '../database.ts';
import { type RegistryTable, registryColumns } from './columns.ts';
import {
  type FactoryRow,
  hasTopic,
  type MachineRow,
  most,
  readFactoryRow,
  readMachineRow,
} from './rows.ts';

/** A row of the registry that cannot run, with the reason for its maintainer. */
export interface Rejection {
  readonly table: RegistryTable;
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

/** The registry as the simulator reads it. */
export interface RegistryReading {
  readonly factories: readonly FactoryDescription[];
  readonly rejections: readonly Rejection[];
  /** Accepted, but worth a line in the log. */
  readonly remarks: readonly string[];
  /** Changes whenever anything relevant does; see {@link registryDigest}. */
  readonly digest: string;
}

/**
 * Reads the active factories and machines of a registry. A row that cannot run is left out and
 * reported. Invalid values in `metadata` are replaced by their defaults.
 *
 * @param catalogue - The machine types that there are.
 * @param calendar - For factories without their own.
 * @param before - The previous result: what ran keeps running, whichever rows were added.
 * @throws StoreError that names everything that is missing, if the tables cannot be read.
 */
export function readRegistry(
  database: Database,
  catalogue: Catalogue,
  calendar: CalendarDescription = DEFAULT_CALENDAR,
  before: readonly FactoryDescription[] = [],
): Promise<RegistryReading> {
  return database.transaction(async (queries) => {
    await queries.script('set transaction isolation level repeatable read, read only');
    const columns = await registryColumns(queries);
    const rowsOf = <Row>(table: RegistryTable) => {
      const { selected } = columns[table];
      const active = columns[table].or('is_active', undefined, 'true');
      return queries.query<Row>(`select ${selected} from ${table} where ${active} order by id`);
    };
    const factories = await rowsOf<FactoryRow>('factories');
    const machines = await rowsOf<MachineRow>('machines');
    const digest = await registryDigest(queries);
    const interpreted = interpret(factories, machines, calendar, catalogue, before);
    return { ...interpreted, remarks: [...columns.remarks, ...interpreted.remarks], digest };
  });
}

/**
 * A short text that changes with any row of the registry, for frequent polling. The database
 * computes it, so no rows are transferred.
 */
export async function registryDigest(queries: Queries): Promise<string> {
  const { factories, machines } = await registryColumns(queries);
  const f = (name: string) => factories.or(name, `f.${name}`);
  const m = (name: string) => machines.or(name, `m.${name}`);
  const [row] = await queries.query<{ digest: string }>(
    `select count(*) || ':' || coalesce(sum(hashtextextended(content, 0)), 0) as digest
     from (
       select row(f.id, f.name, ${f('location')}, ${f('timezone')}, ${f('metadata')})::text
         as content
       from factories f where ${factories.or('is_active', 'f.is_active', 'true')}
       union all
       select row(m.id, m.factory_id, m.name, ${m('description')}, m.type, m.rated_power_kw,
         ${m('rated_voltage_v')}, ${m('rated_frequency_hz')}, m.data_interval_seconds,
         ${m('mqtt_topic')}, ${m('metadata')})::text
       from machines m where ${machines.or('is_active', 'm.is_active', 'true')}) rows`,
  );
  return row?.digest ?? '';
}

/** Columns of a factory that have no fallback. */
const FATAL_COLUMNS = new Set(['id', 'name', 'timezone']);

/** A machine that runs unless another one owns its topic. */
interface Candidate {
  readonly row: MachineRow;
  readonly description: MachineDescription;
}

function interpret(
  factoryRows: readonly FactoryRow[],
  machineRows: readonly MachineRow[],
  calendar: CalendarDescription,
  catalogue: Catalogue,
  before: readonly FactoryDescription[],
): Omit<RegistryReading, 'digest'> {
  const rejections: Rejection[] = [];
  const remarks: string[] = [];
  const ran = new Map(before.flatMap(({ machines }) => machines.map((each) => [each.id, each])));
  const rowsOf = groupedByFactory(machineRows);
  const read = factoryRows.flatMap((row) => {
    const machines = rowsOf.get(row.id) ?? [];
    const { description, faults } = readFactoryRow(row, machines, calendar, catalogue);
    const fatal = faults.filter(({ path }) => FATAL_COLUMNS.has(path));
    if (!description || fatal.length > 0) {
      const consequence = `its machines (${machines.length}) do not run`;
      rejections.push(rejection('factories', row, `${sentence(fatal)}; ${consequence}`));
      return [];
    }
    for (const { path, message } of faults) remarks.push(`${row.name}: ${path}: ${message}`);
    const level = commonLevel(machines) ?? slug(row.name);
    const runs = (machine: MachineRow): Candidate[] => {
      const derived = hasTopic(machine) ? null : derivedTopic(machine, level, ran.get(machine.id));
      const reading = readMachineRow(machine, derived, catalogue);
      const reason = sentence(reading.faults);
      if (reason || !reading.description) {
        rejections.push(rejection('machines', machine, reason));
        return [];
      }
      remarks.push(...reading.remarks.map((remark) => `${machine.name}: ${remark}`));
      if (derived) remarks.push(`${machine.name}: mqtt_topic is empty; using the topic ${derived}`);
      return [{ row: machine, description: reading.description }];
    };
    return [{ description, candidates: machines.flatMap(runs) }];
  });
  const owners = topicOwners(
    read.flatMap(({ candidates }) => candidates),
    ran,
  );
  const factories = read.map(({ description, candidates }) => ({
    ...description,
    machines: candidates.flatMap(({ row, description: machine }) => {
      const owner = owners.get(machine.topic) as MachineRow;
      if (owner === row) return [machine];
      const reason = `mqtt_topic: ${shown(machine.topic)} is already the topic of ${owner.name}`;
      rejections.push(rejection('machines', row, reason));
      return [];
    }),
  }));
  return { factories, rejections, remarks };
}

/**
 * The owner of each topic. A machine that already ran with it comes first, then one whose row sets
 * it, then one whose topic is derived.
 */
function topicOwners(
  candidates: readonly Candidate[],
  ran: ReadonlyMap<string, MachineDescription>,
): ReadonlyMap<string, MachineRow> {
  const rank = ({ row, description: { topic } }: Candidate) =>
    ran.get(row.id)?.topic === topic ? 0 : hasTopic(row) ? 1 : 2;
  const owners = new Map<string, MachineRow>();
  for (const { row, description } of candidates.toSorted((a, b) => rank(a) - rank(b)))
    if (!owners.has(description.topic)) owners.set(description.topic, row);
  return owners;
}

/**
 * The topic of a machine whose row sets none: the previous one, as long as it still fits the name.
 */
function derivedTopic(
  { name }: MachineRow,
  level: string,
  before: MachineDescription | undefined,
): string {
  const last = `/${slug(name)}`;
  return before?.topic.endsWith(last) ? before.topic : `factory/${level}${last}`;
}

/** The most common second level of a factory's topics; the first in order if several tie. */
function commonLevel(rows: readonly MachineRow[]): string | undefined {
  const levelOf = ({ mqtt_topic: topic }: MachineRow) =>
    /^factory\/([^/]+)\/./.exec(topic ?? '')?.[1];
  return most(rows.flatMap((row) => levelOf(row) ?? []));
}

function rejection(
  table: RegistryTable,
  { id, name }: { readonly id: string; readonly name: string },
  reason: string,
): Rejection {
  return { table, id, name, reason };
}

function sentence(faults: readonly Diagnostic[]): string {
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
