import { digitsOf } from '../core/field.ts';

/**
 * The tables of an EnMS that store readings, and how their columns store a value. Only columns
 * that a machine can fill are listed; the others get the table's defaults. In an existing
 * database, the columns and types found there are used.
 */

/** How a column stores its values; the binary `COPY` forms differ by it. */
export type ColumnType =
  /** The scale is the number of digits after the point; without a precision any number fits. */
  | { readonly kind: 'numeric'; readonly precision?: number; readonly scale: number }
  /** Values are rounded to a scale, so that they equal those of other outputs. */
  | { readonly kind: 'real' | 'double precision'; readonly scale: number }
  | { readonly kind: 'smallint' | 'integer' | 'bigint' }
  /** Text of any kind, and enums. */
  | { readonly kind: 'text'; readonly lengthMax: number; readonly name: string };

/** A column for the field of the same name. */
export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether it is never null. */
  readonly isRequired: boolean;
  /** Whether its values are counts, which are not rounded. */
  readonly isWhole: boolean;
}

/** A table of readings, whose rows begin with the time and the machine. */
export interface ReadingTable {
  readonly name: string;
  /** Columns of its unique index. */
  readonly key: readonly string[];
  readonly columns: readonly TableColumn[];
  /** How `machine_id` is stored. */
  readonly idType: 'uuid' | 'text';
  /** How `metadata` is stored; undefined if the table has no such column. */
  readonly metadataType: 'jsonb' | 'text' | undefined;
}

function column(name: string, type: ColumnType, isRequired = false): TableColumn {
  return { name, type, isRequired, isWhole: type === INTEGER };
}

function number(name: string, scale: number, isRequired = false): TableColumn {
  return column(name, { kind: 'numeric', precision: digitsOf(name), scale }, isRequired);
}

function text(name: string, lengthMax: number): ColumnType {
  return { kind: 'text', lengthMax, name };
}

const INTEGER: ColumnType = { kind: 'integer' };
const VARCHAR_100 = text('varchar(100)', 100);
/** Longest name in PostgreSQL, such as a label of an enum. */
const NAME_MAX = 63;
/** How the simulator's own tables store machine ids and metadata. */
const OWN = { idType: 'uuid', metadataType: 'jsonb' } as const;

/** Electricity and the carriers of a boiler; `energy_type` depends on the machine. */
const ENERGY_READINGS: ReadingTable = {
  ...OWN,
  name: 'energy_readings',
  key: ['machine_id', 'time', 'energy_type'],
  columns: [
    number('power_kw', 3, true),
    number('energy_kwh', 6, true),
    number('voltage_v', 2),
    number('current_a', 2),
    number('power_factor', 4),
    number('frequency_hz', 3),
  ],
};

const PRODUCTION_DATA: ReadingTable = {
  ...OWN,
  name: 'production_data',
  key: ['machine_id', 'time'],
  columns: [
    column('production_count', INTEGER, true),
    column('production_count_good', INTEGER, true),
    column('production_count_bad', INTEGER, true),
    number('throughput_units_per_hour', 2),
    column('operating_mode', text('operating_mode', NAME_MAX)),
    column('recipe_id', VARCHAR_100),
    column('batch_id', VARCHAR_100),
    number('speed_percent', 2),
  ],
};

const ENVIRONMENTAL_DATA: ReadingTable = {
  ...OWN,
  name: 'environmental_data',
  key: ['machine_id', 'time'],
  columns: [
    number('outdoor_temp_c', 2),
    number('indoor_temp_c', 2),
    number('machine_temp_c', 2),
    number('outdoor_humidity_percent', 2),
    number('indoor_humidity_percent', 2),
    number('pressure_bar', 3),
    number('flow_rate_m3h', 3),
    number('supply_air_temp_c', 2),
    number('return_air_temp_c', 2),
    number('chilled_water_supply_temp_c', 2),
    number('chilled_water_return_temp_c', 2),
    number('cop', 2),
    number('vibration_mm_s', 4),
  ],
};

/** The simulator's own tables, in the order in which a reading fills them. */
export const READING_TABLES: readonly ReadingTable[] = [
  ENERGY_READINGS,
  PRODUCTION_DATA,
  ENVIRONMENTAL_DATA,
];

/** The table of a channel: energy and all carriers share one. */
export function tableNameOf(channelName: string): string {
  if (channelName === 'production') return PRODUCTION_DATA.name;
  if (channelName === 'environmental') return ENVIRONMENTAL_DATA.name;
  return ENERGY_READINGS.name;
}
