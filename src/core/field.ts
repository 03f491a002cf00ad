/** How a field's number is represented on the wire. */
export type FieldKind = 'number' | 'count' | 'mode' | 'text';

/**
 * The error of an instrument: a bound around the true value, relative (`share`) or absolute
 * (`offset`, in the field's unit). The error itself is bounded, symmetric and white.
 */
export interface SensorNoise {
  readonly share?: number;
  readonly offset?: number;
}

/** What a machine type declares about a field. */
export interface FieldSpec {
  readonly kind: FieldKind;
  /** Digits kept after the decimal point. */
  readonly decimals: number;
  readonly noise?: SensorNoise;
  /** For a field of kind `text`: converts its number to the text. */
  readonly text?: (code: number) => string;
  /** The key that the wire name is derived from, if it differs from the key in the state. */
  readonly as?: string;
}

/** A quantity that a machine reports: one column of a reading. */
export interface Field extends FieldSpec {
  /**
   * Key in the machine's state, camelCase with the unit last: `powerKw`. Two fields share a key if
   * two channels report the quantity.
   */
  readonly key: string;
  /** Name on the wire and in tables: `power_kw`. */
  readonly name: string;
  /** Unit as people write it, `''` if there is none. */
  readonly unit: string;
  /** Position in a reading's row of values. */
  readonly column: number;
}

/** Fields that a machine reports together, in one message under one topic. */
export interface Channel {
  /** Last level of the topic: `energy`, `production`, `environmental`. */
  readonly name: string;
  readonly fields: readonly Field[];
}

/** Operating modes, as named on the wire; a reading holds the index. */
export const OPERATING_MODES = ['idle', 'running', 'maintenance', 'fault', 'offline'] as const;
/** Indexes into {@link OPERATING_MODES}. */
export const IDLE = 0;
export const RUNNING = 1;
export const MAINTENANCE = 2;
export const OFFLINE = 4;

/** A number with the given digits after the decimal point; NaN becomes `null`. */
export function decimal(decimals: number, noise?: SensorNoise): FieldSpec {
  return noise ? { kind: 'number', decimals, noise } : { kind: 'number', decimals };
}

/**
 * A field whose wire name is derived from another key. A state has only one `pressureBar`, but
 * steam and gas may each have a `pressure_bar` in their own channels.
 */
export function named(as: string, spec: FieldSpec): FieldSpec {
  return { ...spec, as };
}

/** Whole units completed in the interval. */
const COUNT: FieldSpec = { kind: 'count', decimals: 0 };

/** An index into {@link OPERATING_MODES}. */
const MODE: FieldSpec = { kind: 'mode', decimals: 0 };

/** A text that is stored as a whole number; `text` must be pure. */
export function text(text: (code: number) => string): FieldSpec {
  return { kind: 'text', decimals: 0, text };
}

/** The electrical fields of every machine; the engine fills them in (core/row.ts). */
export const ELECTRICITY = {
  powerKw: decimal(3),
  energyKwh: decimal(6),
  voltageV: decimal(2),
  currentA: decimal(2),
  powerFactor: decimal(4),
  frequencyHz: decimal(3),
} as const satisfies Record<string, FieldSpec>;

/** The production fields of every machine type. */
export const PRODUCTION = {
  productionCount: COUNT,
  productionCountGood: COUNT,
  productionCountBad: COUNT,
  throughputUnitsPerHour: decimal(2),
  operatingMode: MODE,
  speedPercent: decimal(2),
} as const satisfies Record<string, FieldSpec>;

/**
 * Digits of the decimal columns that an EnMS stores fields in, by wire name: what is told of a
 * field must fit.
 */
const DIGITS: Readonly<Record<string, number>> = {
  power_kw: 10,
  energy_kwh: 12,
  voltage_v: 10,
  current_a: 10,
  power_factor: 5,
  frequency_hz: 6,
  throughput_units_per_hour: 10,
  speed_percent: 5,
  outdoor_temp_c: 5,
  indoor_temp_c: 5,
  machine_temp_c: 5,
  outdoor_humidity_percent: 5,
  indoor_humidity_percent: 5,
  pressure_bar: 10,
  flow_rate_m3h: 10,
  supply_air_temp_c: 5,
  return_air_temp_c: 5,
  chilled_water_supply_temp_c: 5,
  chilled_water_return_temp_c: 5,
  cop: 5,
  vibration_mm_s: 8,
};

/** Digits that a number of this name may have, those after the point included. */
export function digitsOf(name: string): number {
  return DIGITS[name] ?? DIGITS_MAX;
}

/** Digits of a double that are certain. */
const DIGITS_MAX = 15;

/** The wire name of a camelCase key: `flowRateM3h` → `flow_rate_m3h`. */
export function wireName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The unit given by the suffix of a key: `chilledWaterSupplyTempC` and `temperatureC` → `°C`. */
export function unitOf(key: string): string {
  return UNITS.find(([suffix]) => key.endsWith(suffix))?.[1] ?? '';
}

/** Longer suffixes precede the suffixes they end in. */
const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['KwhM3', 'kWh/m³'],
  ['KwhPerK', 'kWh/K'],
  ['PerK', '1/K'],
  ['PerS', '1/s'],
  ['KwPerM3Min', 'kW/(m³/min)'],
  ['Kwh', 'kWh'],
  ['Kw', 'kW'],
  ['KjKg', 'kJ/kg'],
  ['KgH', 'kg/h'],
  ['Kg', 'kg'],
  ['M3Min', 'm³/min'],
  ['M3h', 'm³/h'],
  ['M3', 'm³'],
  ['LMin', 'L/min'],
  ['MMin', 'm/min'],
  ['MmS', 'mm/s'],
  ['Bar', 'bar'],
  ['C', '°C'],
  ['Percent', '%'],
  ['UnitsPerHour', '1/h'],
  ['Hz', 'Hz'],
  ['V', 'V'],
  ['A', 'A'],
  ['Weeks', 'weeks'],
  ['Hours', 'h'],
  ['S', 's'],
  ['K', 'K'],
];
