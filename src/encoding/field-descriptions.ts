import type { FlatField } from './reading.ts';

/** What the fields of flat records mean, by name. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  power_kw: 'Mean electrical power of the interval',
  energy_kwh: 'Electrical energy of the interval',
  energy_total_kwh: 'Energy of all carriers since the register stood at 0',
  voltage_v: 'Line voltage, mean of the phases',
  current_a: 'Current a phase',
  power_factor: 'Active over apparent power',
  frequency_hz: 'Frequency of the supply',
  production_count: 'Units made in the interval',
  production_count_good: 'Good units made in the interval',
  production_count_bad: 'Rejected units made in the interval',
  throughput_units_per_hour: 'Units made, as a rate',
  operating_mode: 'idle, running, maintenance, fault or offline',
  speed_percent: 'Speed or load, relative to full',
  recipe_id: 'Recipe being made',
  batch_id: 'Batch being made',
  outdoor_temp_c: 'Outdoor temperature',
  indoor_temp_c: 'Temperature of the hall',
  machine_temp_c: 'Temperature of the machine',
  outdoor_humidity_percent: 'Outdoor relative humidity',
  indoor_humidity_percent: 'Relative humidity of the hall',
  pressure_bar: 'Pressure of the medium',
  flow_rate_m3h: 'Flow of the medium',
  supply_air_temp_c: 'Temperature of the supply air',
  return_air_temp_c: 'Temperature of the return air',
  chilled_water_supply_temp_c: 'Temperature of the chilled water, supply',
  chilled_water_return_temp_c: 'Temperature of the chilled water, return',
  cop: 'Coefficient of performance; null while no stage runs',
  vibration_mm_s: 'Vibration velocity, r.m.s.',
  natural_gas_flow_rate_m3h: 'Flow of natural gas',
  natural_gas_consumption_m3: 'Natural gas of the interval',
  natural_gas_pressure_bar: 'Pressure of the natural gas',
  natural_gas_temperature_c: 'Temperature of the natural gas',
  natural_gas_calorific_value_kwh_m3: 'Energy in the natural gas',
  steam_flow_rate_kg_h: 'Flow of steam delivered',
  steam_consumption_kg: 'Steam delivered in the interval',
  steam_pressure_bar: 'Pressure of the steam',
  steam_temperature_c: 'Temperature of the steam',
  steam_enthalpy_kj_kg: 'Heat in the steam',
};

/** What a field of a flat record means; any other field is described by its name. */
export function fieldDescription({ name }: Pick<FlatField, 'name'>): string {
  const words = name.replaceAll('_', ' ');
  return DESCRIPTIONS[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}
