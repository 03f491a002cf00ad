/** How a field's number is told to the outside. */
export type FieldKind = 'number' | 'count' | 'mode' | 'text';

/**
 * The error of an instrument: a bound around the true value, relative (`share`) or absolute
 * (`offset`, in the field's unit). The error itself is bounded, symmetric and white.
 */
export interface SensorNoise {
  readonly share?: number;
  readonly offset?: number;
}

/** What a machine file says of one field. */
export interface FieldSpec {
  readonly kind: FieldKind;
  /** Digits kept after the decimal point. */
  readonly decimals: number;
  readonly noise?: SensorNoise;
  /** The text of a field of kind `text`, from the number that stands for it. */
  readonly text?: (code: number) => string;
  /** The key that its wire name is made of, where that differs from the one in the state. */
  readonly as?: string;
}

/** One quantity that a machine reports: a column of a reading. */
export interface Field extends FieldSpec {
  /** Key in the machine's state, camelCase with its unit last: `powerKw`; twice if told twice. */
  readonly key: string;
  /** Name on the wire and in tables: `power_kw`. */
  readonly name: string;
  /** Unit as a person writes it, `''` where there is none. */
  readonly unit: string;
  /** Position in a reading's row of values. */
  readonly column: number;
}

/** The fields that a machine reports together, in one message, under one topic. */
export interface Channel {
  /** Last level of the topic: `energy`, `production`, `environmental`. */
  readonly name: string;
  readonly fields: readonly Field[];
}

/** What a machine is doing, as the wire names it; a reading holds the index. */
export const OPERATING_MODES = ['idle', 'running', 'maintenance', 'fault', 'offline'] as const;
/** Indexes into {@link OPERATING_MODES}. */
export const IDLE = 0;
export const RUNNING = 1;
export const MAINTENANCE = 2;
export const OFFLINE = 4;

/** A number with so many digits after the point; NaN is told as `null`. */
export function decimal(decimals: number, noise?: SensorNoise): FieldSpec {
  return noise ? { kind: 'number', decimals, noise } : { kind: 'number', decimals };
}

/**
 * A field that bears the name of another key on the wire: a state has one `pressureBar`, but steam
 * and gas may each have a `pressure_bar` in their own channels.
 */
export function named(as: string, spec: FieldSpec): FieldSpec {
  return { ...spec, as };
}

/** A whole number of units completed in the interval. */
const COUNT: FieldSpec = { kind: 'count', decimals: 0 };

/** An index into {@link OPERATING_MODES}. */
const MODE: FieldSpec = { kind: 'mode', decimals: 0 };

/** A text that a whole number stands for; `text` must be pure. */
export function text(text: (code: number) => string): FieldSpec {
  return { kind: 'text', decimals: 0, text };
}

/** The electrical fields of every machine; the engine's meter fills them (core/meter.ts). */
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

/** The name on the wire of a camelCase key: `flowRateM3h` → `flow_rate_m3h`. */
export function wireName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The unit that a key ends in: `chilledWaterSupplyTempC` → `°C`, `temperatureC` likewise. */
export function unitOf(key: string): string {
  return UNITS.find(([suffix]) => key.endsWith(suffix))?.[1] ?? '';
}

/** Longer suffixes before those they end in. */
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
