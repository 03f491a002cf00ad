import { READING_TABLES } from '../../encoding/reading-tables.ts';

const READING_NAMES = READING_TABLES.map(({ name }) => name);

/** The tables of an EnMS whose rows refer to a machine. */
export const DEPENDENT_TABLES = [...READING_NAMES, 'machine_status'];

/** Every table of the registry and of the readings. */
export const REGISTRY_TABLES = ['factories', 'machines', ...DEPENDENT_TABLES];

const ENUMS = {
  machine_type: [
    'compressor',
    'hvac',
    'motor',
    'pump',
    'injection_molding',
    'conveyor',
    'boiler',
    'other',
  ],
  operating_mode: ['idle', 'running', 'maintenance', 'fault', 'offline'],
  alert_level: ['normal', 'warning', 'critical'],
} as const;

/** Creates types that may already exist: dropped tables leave them behind. */
const CREATE_ENUMS = Object.entries(ENUMS)
  .map(
    ([name, labels]) => `do $$ begin
      create type ${name} as enum (${labels.map((label) => `'${label}'`).join(', ')});
    exception when duplicate_object then null; end $$;`,
  )
  .join('\n');

/** Creates the tables of an EnMS, on a database without any of them. */
export const CREATE_REGISTRY = `
${CREATE_ENUMS}
create table factories (
  id uuid primary key, name varchar(255) not null unique, location varchar(255),
  timezone varchar(50) default 'UTC', is_active boolean default true, metadata jsonb default '{}');

create table machines (
  id uuid primary key, factory_id uuid not null references factories (id),
  name varchar(255) not null, description text, type machine_type not null,
  rated_power_kw decimal(10,2) not null, rated_voltage_v decimal(10,2),
  rated_current_a decimal(10,2), rated_frequency_hz decimal(5,2) default 50.0,
  data_interval_seconds integer not null default 10, mqtt_topic varchar(255),
  is_active boolean default true, is_critical boolean default false, metadata jsonb default '{}',
  unique (factory_id, name));

create table energy_readings (
  time timestamptz not null, machine_id uuid not null references machines (id),
  energy_type varchar(50) not null default 'electrical',
  power_kw decimal(10,3) not null, energy_kwh decimal(12,6) not null default 0,
  voltage_v decimal(10,2), current_a decimal(10,2), power_factor decimal(5,4),
  frequency_hz decimal(6,3), source varchar(50) default 'sensor', metadata jsonb default '{}');
create unique index on energy_readings (machine_id, time, energy_type);

create table production_data (
  time timestamptz not null, machine_id uuid not null references machines (id),
  production_count integer default 0, production_count_good integer default 0,
  production_count_bad integer default 0, throughput_units_per_hour decimal(10,2),
  operating_mode operating_mode default 'idle', recipe_id varchar(100), batch_id varchar(100),
  speed_percent decimal(5,2), shift varchar(50), metadata jsonb default '{}');
create unique index on production_data (machine_id, time);

create table environmental_data (
  time timestamptz not null, machine_id uuid not null references machines (id),
  outdoor_temp_c decimal(5,2), indoor_temp_c decimal(5,2), machine_temp_c decimal(5,2),
  outdoor_humidity_percent decimal(5,2), indoor_humidity_percent decimal(5,2),
  pressure_bar decimal(10,3), pressure_setpoint_bar decimal(10,3), flow_rate_m3h decimal(10,3),
  supply_air_temp_c decimal(5,2), return_air_temp_c decimal(5,2),
  chilled_water_supply_temp_c decimal(5,2), chilled_water_return_temp_c decimal(5,2),
  cop decimal(5,2), vibration_mm_s decimal(8,4), metadata jsonb default '{}');
create unique index on environmental_data (machine_id, time);

create table machine_status (
  machine_id uuid primary key references machines (id), is_running boolean default false,
  current_mode operating_mode default 'offline', current_power_kw decimal(10,3) default 0,
  energy_total_kwh decimal(15,3) default 0, production_total_units bigint default 0,
  alert_level alert_level default 'normal', alert_message text, last_reading_time timestamptz,
  last_updated timestamptz default now());
`;

/** Adds the column for energy registers, which tables only have where one is asked for. */
export const ADD_REGISTERS = `
alter table energy_readings add column energy_total_kwh decimal(18,6);
comment on column energy_readings.energy_total_kwh is
  'Energy register: all energy taken since it stood at 0 [kWh]';
`;

/** Comments on tables and columns, for people who browse the database. */
const COMMENTS: Readonly<Record<string, string>> = {
  factories: 'Factories of the simulator; rows with is_active = false do not run',
  'factories.timezone': 'IANA time zone; shifts and days follow it',
  'factories.metadata':
    'Optional keys: latitude, longitude, climate, calendar, networks, energy_register',
  machines: 'Machines of the simulator; rows with is_active = false do not run',
  'machines.rated_power_kw': 'Rated electrical power [kW]',
  'machines.data_interval_seconds': 'Time between two readings [s]',
  'machines.mqtt_topic': 'First three levels of its topics; empty: made from the names',
  energy_readings: 'Energy and power of each machine, one row per interval and energy carrier',
  'energy_readings.time': 'End of the interval',
  'energy_readings.energy_type': 'energy or electricity (electrical), natural_gas, steam',
  'energy_readings.power_kw': 'Mean power over the interval [kW]',
  'energy_readings.energy_kwh': 'Energy of the interval [kWh]',
  'energy_readings.voltage_v': 'Line-to-line voltage [V]',
  'energy_readings.current_a': 'Current per phase [A]',
  'energy_readings.source': 'Who wrote the row, where the writer says so; the default otherwise',
  'energy_readings.metadata': 'Values without a column of their own, such as those of a carrier',
  production_data: 'What each machine made, one row per interval',
  'production_data.time': 'End of the interval',
  'production_data.production_count': 'Units made in the interval, good and bad',
  'production_data.speed_percent': 'Speed as a share of the rated one [%]',
  environmental_data: 'Temperatures, pressures and flows of each machine, one row per interval',
  'environmental_data.time': 'End of the interval',
  'environmental_data.cop': 'Coefficient of performance; null while no chiller stage runs',
  machine_status: 'The latest status of each machine, with its totals',
  'machine_status.energy_total_kwh': 'All energy taken since the first reading [kWh]',
  'machine_status.production_total_units': 'All units made since the first reading',
};

/**
 * What an administrator expects of reading tables: comments, and an index for time windows over
 * all machines. Rows arrive in order of time, so a block range index is enough, and costs an
 * insert almost nothing.
 */
export const EQUIP_TABLES = [
  ...READING_NAMES.map(
    (name) =>
      `create index ${name}_time_idx on ${name} using brin (time) with (autosummarize = on);`,
  ),
  ...Object.entries(COMMENTS).map(
    ([name, text]) => `comment on ${name.includes('.') ? 'column' : 'table'} ${name} is '${text}';`,
  ),
].join('\n');
