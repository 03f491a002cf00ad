/**
 * The tables of an EnMS that readings are stored in, and how their columns hold a value. Only the
 * columns that a machine can fill are here: of the others a row gets the table's own defaults.
 */

/** How a column holds its values, as its declaration in SQL. */
export type ColumnType =
  | { readonly kind: 'numeric'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'integer' }
  | { readonly kind: 'varchar'; readonly lengthMax: number }
  | { readonly kind: 'operating_mode' };

/** A column that holds the field of the same name. */
export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether it is never null. */
  readonly isRequired: boolean;
}

/** A table of readings. Its rows begin with the time and the machine. */
export interface ReadingTable {
  readonly name: string;
  /** Columns of its unique index. */
  readonly key: readonly string[];
  readonly columns: readonly TableColumn[];
}

function column(name: string, type: ColumnType, isRequired = false): TableColumn {
  return { name, type, isRequired };
}

function numeric(precision: number, scale: number): ColumnType {
  return { kind: 'numeric', precision, scale };
}

const INTEGER: ColumnType = { kind: 'integer' };
const VARCHAR_100: ColumnType = { kind: 'varchar', lengthMax: 100 };

/** Electricity, and what a boiler takes and gives; `energy_type` follows the machine. */
const ENERGY_READINGS: ReadingTable = {
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
};

const PRODUCTION_DATA: ReadingTable = {
  name: 'production_data',
  key: ['machine_id', 'time'],
  columns: [
    column('production_count', INTEGER, true),
    column('production_count_good', INTEGER, true),
    column('production_count_bad', INTEGER, true),
    column('throughput_units_per_hour', numeric(10, 2)),
    column('operating_mode', { kind: 'operating_mode' }),
    column('recipe_id', VARCHAR_100),
    column('batch_id', VARCHAR_100),
    column('speed_percent', numeric(5, 2)),
  ],
};

const ENVIRONMENTAL_DATA: ReadingTable = {
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

/** The tables in the order in which a reading fills them. */
export const READING_TABLES: readonly ReadingTable[] = [
  ENERGY_READINGS,
  PRODUCTION_DATA,
  ENVIRONMENTAL_DATA,
];

/** The table of a channel: energy and every carrier go to one. */
export function tableOf(channelName: string): ReadingTable {
  if (channelName === 'production') return PRODUCTION_DATA;
  if (channelName === 'environmental') return ENVIRONMENTAL_DATA;
  return ENERGY_READINGS;
}
