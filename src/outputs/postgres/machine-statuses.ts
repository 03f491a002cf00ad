import type { ClientBase } from 'pg';
import { type Batch, STATUS } from '../../core/batch.ts';
import type { Machine } from '../../core/factory.ts';
import { OFFLINE, OPERATING_MODES, RUNNING } from '../../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../../core/machine.ts';
import { Memo } from '../../runtime/memo.ts';
import { UnknownMachineError } from './error.ts';

/** Units of the sums: the last digit of `energy_kwh`, so that sums are exact in any order. */
const UNITS_PER_KWH = 1e6;
/** The table with the latest status of each machine. */
export const STATUS_TABLE = 'machine_status';
/** The alert levels in it. */
export const ALERT_LEVELS = ['normal', 'warning', 'critical'] as const;

/** Its columns and their content. */
export const STATUS_COLUMNS = {
  machine_id: 'id',
  is_running: 'flag',
  current_mode: 'text',
  current_power_kw: 'number',
  energy_total_kwh: 'number',
  production_total_units: 'number',
  alert_level: 'text',
  alert_message: 'text',
  last_reading_time: 'time',
  last_updated: 'time',
} as const;

/** How the database stores statuses, with SQL types. */
interface StatusTypes {
  /** The existing columns of the table. */
  readonly status: ReadonlyMap<string, string>;
  readonly machineIdType: string;
}

/**
 * The counted sums of a machine and their time, in the simulator's own table:
 * `machine_status.energy_total_kwh` has too few digits to be added to. A reading counts if it is
 * later than the last counted one, so that a repeat changes nothing.
 */
const CREATE_TOTALS = `
  create table if not exists simulator.machine_totals (
    machine_id uuid primary key,
    counted_until timestamptz not null,
    energy_kwh numeric(18,6) not null,
    production_units bigint not null)`;

/** Creates the table of the sums if it does not exist. */
export async function createTotals(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ has_schema: boolean; has_table: boolean }>(
    `select to_regnamespace('simulator') is not null as has_schema,
       to_regclass('simulator.machine_totals') is not null as has_table`,
  );
  // A user without the right to create schemas may still use an existing one.
  if (!rows[0]?.has_schema) await client.query('create schema if not exists simulator');
  if (!rows[0]?.has_table) await client.query(CREATE_TOTALS);
}

/** The latest status of a machine, and its sums. */
interface MachineStatus {
  machine: Machine;
  timeMs: number;
  mode: number;
  powerKw: number;
  alerts: number;
  /** Time of the last reading [ms], NaN if there was none. */
  readingMs: number;
  /** Time of the last reading that is in the sums [ms]. */
  countedMs: number;
  /** Total over all carriers that the machine consumes. */
  energyUnits: number;
  production: number;
  isTouched: boolean;
}

/** Collects the statuses of machines from batches for `machine_status`. */
export class MachineStatuses {
  readonly #statuses = new Map<string, MachineStatus>();
  readonly #columns = new Memo(columnsOf);
  readonly #types: StatusTypes;

  constructor(types: StatusTypes) {
    this.#types = types;
  }

  /** Loads the sums of new machines, then adds a batch. */
  async add(client: ClientBase, batch: Batch): Promise<void> {
    await this.#load(client, batch);
    for (let row = 0; row < batch.length; row++) {
      const machine = batch.machines[row] as Machine;
      const status = this.#statuses.get(machine.id) as MachineStatus;
      // After a change of the registry it is a different machine with the same id.
      status.machine = machine;
      this.#addRow(status, batch, row);
    }
  }

  /** The statement that stores the changes since the last call. */
  takeSql(client: ClientBase): string {
    const records: object[] = [];
    for (const status of this.#statuses.values()) {
      if (!status.isTouched) continue;
      status.isTouched = false;
      records.push(record(status));
    }
    return storeSql(client.escapeLiteral(JSON.stringify(records)), this.#types.status);
  }

  #addRow(status: MachineStatus, batch: Batch, row: number): void {
    const from = row * ROW_WIDTH;
    const timeMs = batch.timesMs[row] as number;
    const isReading = batch.isMade(row);
    // What comes late or again says nothing new of the machine.
    if (!isReading && ((batch.flags[row] as number) & STATUS) === 0) return;
    const { type } = status.machine;
    const { mode, power, production } = this.#columns.of(type);
    const value = (column: number) =>
      column < 0 ? 0 : (batch.trueValues[from + column] as number);
    status.timeMs = timeMs;
    status.mode = mode < 0 ? RUNNING : value(mode);
    status.powerKw = status.mode !== OFFLINE ? value(power) : 0;
    status.alerts = batch.alerts[row] as number;
    status.isTouched = true;
    if (!isReading) return;
    status.readingMs = timeMs;
    if (timeMs <= status.countedMs) return;
    status.countedMs = timeMs;
    status.energyUnits += Math.round(UNITS_PER_KWH * type.energyTakenKwh(batch.trueValues, from));
    status.production += value(production);
  }

  async #load(client: ClientBase, batch: Batch): Promise<void> {
    const unknown = new Map<string, MachineStatus>();
    for (let row = 0; row < batch.length; row++) {
      const machine = batch.machines[row] as Machine;
      const key = machine.id;
      if (!this.#statuses.has(key) && !unknown.has(key)) unknown.set(key, unknownStatus(machine));
    }
    if (unknown.size === 0) return;
    const { rows } = await client.query<LoadedTotals>(
      `select machines.id is not null as is_known,
         1000 * extract(epoch from counted_until) as ms, energy_kwh as kwh,
         production_units as units
       from unnest($1::text[]) with ordinality as wanted(id, position)
         left join machines on machines.id = wanted.id::${this.#types.machineIdType}
         left join simulator.machine_totals on machine_id = wanted.id::uuid
       order by position`,
      [[...unknown.keys()]],
    );
    for (const [i, status] of [...unknown.values()].entries()) {
      const { is_known, ms, kwh, units } = rows[i] as LoadedTotals;
      const { name, id } = status.machine;
      if (!is_known)
        throw new UnknownMachineError(`${name} (${id}) has no row in the table machines`);
      if (ms === null) continue;
      status.countedMs = Number(ms);
      status.energyUnits = Math.round(UNITS_PER_KWH * Number(kwh));
      status.production = Number(units);
    }
    for (const [key, status] of unknown) this.#statuses.set(key, status);
  }
}

interface LoadedTotals {
  readonly is_known: boolean;
  readonly ms: string | null;
  readonly kwh: string;
  readonly units: string;
}

function unknownStatus(machine: Machine): MachineStatus {
  return {
    machine,
    timeMs: 0,
    mode: OFFLINE,
    powerKw: 0,
    alerts: 0,
    readingMs: Number.NaN,
    countedMs: Number.NEGATIVE_INFINITY,
    energyUnits: 0,
    production: 0,
    isTouched: false,
  };
}

function columnsOf({ fields, electricityColumn, modeColumn }: MachineType) {
  const production = fields.find(({ name }) => name === 'production_count');
  return {
    mode: modeColumn,
    power: electricityColumn,
    production: production?.column ?? -1,
  };
}

function record(status: MachineStatus): object {
  const { machine, mode, readingMs, countedMs } = status;
  const alerts = machine.type.alertList.map(({ message }, i) => ({
    message,
    level: (status.alerts >>> (2 * i)) & 3,
  }));
  const active = alerts.filter(({ level }) => level > 0);
  return {
    machine_id: machine.id,
    is_running: mode !== OFFLINE,
    current_mode: OPERATING_MODES[mode],
    current_power_kw: status.powerKw,
    energy_total_kwh: (status.energyUnits / UNITS_PER_KWH).toFixed(6),
    production_total_units: status.production,
    alert_level: ALERT_LEVELS[Math.max(0, ...active.map(({ level }) => level))],
    alert_message: active.map(({ message }) => message).join('; ') || null,
    last_reading_time: timeOrNull(readingMs),
    last_updated: timeOrNull(status.timeMs),
    counted_until: timeOrNull(countedMs),
  };
}

function timeOrNull(timeMs: number): string | null {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString() : null;
}

/** Leaves a newer status in the table untouched by an older one, as of history. */
function storeSql(recordsLiteral: string, types: ReadonlyMap<string, string>): string {
  const names = [...types.keys()];
  const casts = [...types].map(([name, type]) => `${instantOf(name, type)}::${type}`);
  const sets = names.filter((name) => name !== 'machine_id').map(assignment);
  return `
    with said as materialized (
      select * from json_to_recordset(${recordsLiteral}) as said(
        machine_id uuid, is_running boolean, current_mode text,
        current_power_kw numeric, energy_total_kwh numeric, production_total_units bigint,
        alert_level text, alert_message text, last_reading_time timestamptz,
        last_updated timestamptz, counted_until timestamptz)),
    counted as (
      insert into simulator.machine_totals
      select machine_id, counted_until, energy_total_kwh, production_total_units from said
      where counted_until is not null
      on conflict (machine_id) do update set counted_until = excluded.counted_until,
        energy_kwh = excluded.energy_kwh, production_units = excluded.production_units)
    insert into machine_status as stored (${names.join(', ')})
    select ${casts.join(', ')} from said
    on conflict (machine_id) do update set ${sets.join(', ')}
    where stored.last_reading_time is null
      or excluded.last_updated >= stored.last_reading_time`;
}

/** Instants in a column without a zone are UTC. */
function instantOf(name: string, type: string): string {
  return /^timestamp.*without/.test(type) ? `(${name} at time zone 'UTC')` : name;
}

function assignment(name: string): string {
  return name === 'last_reading_time'
    ? `${name} = coalesce(excluded.${name}, stored.${name})`
    : `${name} = excluded.${name}`;
}
