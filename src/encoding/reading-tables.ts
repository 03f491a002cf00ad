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
  /** Columns that are filled where a table has them. */
  readonly optionalColumns?: readonly TableColumn[];
  /** How `machine_id` is stored. */
  readonly idType: 'uuid' | 'text';
  /** How `metadata` is stored; undefined if the table has no such column. */
  readonly metadataType: 'jsonb' | 'text' | undefined;
}

function column(name: string, type: ColumnType, isRequired = false): TableColumn {
  return { name, type, isRequired, isWhole: type === INTEGER };
}

function numeric(precision: number, scale: number): ColumnType {
  return { kind: 'numeric', precision, scale };
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
    column('power_kw', numeric(10, 3), true),
    column('energy_kwh', numeric(12, 6), true),
    column('voltage_v', numeric(10, 2)),
    column('current_a', numeric(10, 2)),
    column('power_factor', numeric(5, 4)),
    column('frequency_hz', numeric(6, 3)),
  ],
  optionalColumns: [column('energy_total_kwh', numeric(18, 6))],
};

const PRODUCTION_DATA: ReadingTable = {
  ...OWN,
  name: 'production_data',
  key: ['machine_id', 'time'],
  columns: [
    column('production_count', INTEGER, true),
    column('production_count_good', INTEGER, true),
    column('production_count_bad', INTEGER, true),
    column('throughput_units_per_hour', numeric(10, 2)),
    column('operating_mode', text('operating_mode', NAME_MAX)),
    column('recipe_id', VARCHAR_100),
    column('batch_id', VARCHAR_100),
    column('speed_percent', numeric(5, 2)),
  ],
};

const ENVIRONMENTAL_DATA: ReadingTable = {
  ...OWN,
  name: 'environmental_data',
  key: ['machine_id', 'time'],
  columns: [
    column('outdoor_temp_c', numeric(5, 2)),
    column('indoor_temp_c', numeric(5, 2)),
    column('machine_temp_c', numeric(5, 2)),
    column('outdoor_humidity_percent', numeric(5, 2)),
    column('indoor_humidity_percent', numeric(5, 2)),
    column('pressure_bar', numeric(10, 3)),
    column('flow_rate_m3h', numeric(10, 3)),
    column('supply_air_temp_c', numeric(5, 2)),
    column('return_air_temp_c', numeric(5, 2)),
    column('chilled_water_supply_temp_c', numeric(5, 2)),
    column('chilled_water_return_temp_c', numeric(5, 2)),
    column('cop', numeric(5, 2)),
    column('vibration_mm_s', numeric(8, 4)),
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
