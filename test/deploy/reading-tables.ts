/** Readings in the tables of an EnMS, as far as the Grafana dashboard needs them. */

import { READING } from '../../src/core/batch.ts';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { OPERATING_MODES } from '../../src/core/field.ts';
import type { Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { type Row, readRows } from '../rows.ts';

/** Columns that are filled from the fields of the same name. */
const ENERGY = ['power_kw', 'energy_kwh', 'voltage_v', 'current_a', 'power_factor', 'frequency_hz'];
const PRODUCTION = ['production_count', 'production_count_good', 'production_count_bad'];

/** A reading's value by a field's wire name. */
export function reported(fleet: Fleet, { machineId, values }: Row, name: string): number {
  const fields = fleet.byId.get(machineId)?.type.fields ?? [];
  const column = fields.findIndex((field) => field.name === name);
  return values[column] as number;
}

/** Readings of a window. */
export function readingsOf(fleet: Fleet, fromMs: number, toMs: number): Row[] {
  const reader = createReader(fleet);
  reader.seek(fromMs);
  return readRows(reader, toMs).filter(({ flags }) => (flags & READING) !== 0);
}

/** Statements that fill the tables with a factory and its readings. */
export function filled(factory: FactoryDescription, fleet: Fleet, rows: readonly Row[]): string {
  const machines = factory.machines.map(
    ({ id, name, type, ratedPowerKw, intervalS, topic }) =>
      `('${id}', '${factory.id}', '${name}', '${type}', ${ratedPowerKw}, ${intervalS}, '${topic}')`,
  );
  const mode = (row: Row) => OPERATING_MODES[reported(fleet, row, 'operating_mode')] ?? '';
  return [
    `insert into factories (id, name, timezone)
      values ('${factory.id}', '${factory.name}', '${factory.timeZone}');`,
    `insert into machines (id, factory_id, name, type, rated_power_kw, data_interval_seconds,
      mqtt_topic) values ${machines.join(', ')};`,
    `insert into machine_status (machine_id, is_running, current_mode, current_power_kw)
      select id, true, 'running', 10 from machines;`,
    copied('energy_readings', ['energy_type', ...ENERGY], rows, (row) => [
      'energy',
      ...ENERGY.map((name) => String(reported(fleet, row, name))),
    ]),
    copied('production_data', ['operating_mode', ...PRODUCTION], rows, (row) => [
      mode(row),
      ...PRODUCTION.map((name) => String(reported(fleet, row, name))),
    ]),
  ].join('\n');
}

function copied(
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
  cells: (row: Row) => readonly string[],
): string {
  const lines = rows.map((row) =>
    [new Date(row.timeMs).toISOString(), row.machineId, ...cells(row)].join(','),
  );
  const head = `copy ${table} (time, machine_id, ${columns.join(', ')}) from stdin (format csv);`;
  return `${head}\n${lines.join('\n')}\n\\.\n`;
}
