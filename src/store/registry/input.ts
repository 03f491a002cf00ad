import {
  ConfigError,
  clipped,
  type Diagnostic,
  FAULTS_MAX,
  knownNames,
} from '../../core/errors.ts';
import { FACTORY_KEYS, MACHINE_KEYS } from '../../factory/keys.ts';
import { type Key, type Keys, mapping } from '../../factory/mapping.ts';
import { NAME, TOPIC } from '../../factory/names.ts';
import { FLAG, type Kind, notAccepted, number, text, whole } from '../../schema/kinds.ts';
import { ZONE } from '../../schema/zone.ts';
import type { Parameter } from '../database.ts';

/** Columns as a client gives them; those that are missing stay as they are. */
export type Input = Readonly<Record<string, unknown>>;

/** A value, or null for none. */
function nullable<T>(kind: Kind<T>): Kind<T | null> {
  return {
    ...kind,
    accepts: `${kind.accepts}, or null`,
    schema: { ...kind.schema, type: [kind.schema.type ?? [], 'null'].flat() },
    read: (value) => (value === null ? null : kind.read(value)),
  };
}

function column<T>(kind: Kind<T>, about: string): Key<T> {
  return { kind, about };
}

/** What `decimal(10,2)` holds, to the hundredth. */
function decimal(max: number): Kind<number> {
  const kind = number(0, max);
  return {
    ...kind,
    read: (value) => {
      const read = kind.read(value);
      return read === undefined ? undefined : Math.round(100 * read) / 100;
    },
  };
}

const METADATA = column(mapping({ type: 'object' }), 'More about it; a key set to null goes.');
const IS_ACTIVE = column(FLAG, 'Whether it runs.');

/** The columns of a factory that a client may give. */
export const FACTORY_INPUT = {
  id: FACTORY_KEYS.id,
  name: column(NAME, FACTORY_KEYS.name.about),
  location: column(nullable(NAME), FACTORY_KEYS.location.about),
  timezone: column(ZONE, FACTORY_KEYS.timezone.about),
  is_active: IS_ACTIVE,
  metadata: METADATA,
} satisfies Keys;

/** The columns of a machine that a client may give. */
export const MACHINE_INPUT = {
  id: MACHINE_KEYS.id,
  factory_id: column(FACTORY_KEYS.id.kind, 'The factory that it stands in.'),
  name: column(NAME, MACHINE_KEYS.name.about),
  description: column(nullable(text(2000)), 'For people.'),
  type: MACHINE_KEYS.type,
  rated_power_kw: column(decimal(10_000), 'Rated electrical power [kW].'),
  rated_voltage_v: column(nullable(decimal(100_000)), 'Rated voltage [V].'),
  rated_current_a: column(nullable(decimal(100_000)), 'Rated current [A].'),
  rated_frequency_hz: column(nullable(decimal(400)), 'Rated frequency [Hz].'),
  data_interval_seconds: column(whole(1, 3600), 'Seconds between two readings.'),
  mqtt_topic: column(TOPIC, 'First three levels of its topics.'),
  is_active: IS_ACTIVE,
  is_critical: column(FLAG, 'For people.'),
  metadata: METADATA,
} satisfies Keys;

/**
 * Checks the columns that a client gave, one by one.
 *
 * @param required - Columns that must be among them.
 * @throws ConfigError with every fault.
 */
export function readInput(
  input: Input,
  columns: Keys,
  required: readonly string[],
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  const faults: Diagnostic[] = [];
  for (const [path, value] of Object.entries(input)) {
    const kind = Object.hasOwn(columns, path) ? columns[path]?.kind : undefined;
    if (!kind) {
      if (faults.length === FAULTS_MAX) break;
      const message = `is not known; ${knownNames(path, Object.keys(columns))}`;
      faults.push({ path: clipped(path), message });
      continue;
    }
    values[path] = kind.read(value);
    if (values[path] === undefined) faults.push({ path, message: notAccepted(value, kind) });
  }
  for (const path of required)
    if (!Object.hasOwn(input, path))
      faults.push({ path, message: `is missing; ${columns[path]?.kind.accepts}` });
  if (faults.length > 0) throw new ConfigError(faults);
  return values;
}

/** Old metadata with the new keys; those that are null go, others that an EnMS keeps stay. */
export function mergedMetadata(old: Input, changes: Input): Record<string, unknown> {
  const merged = { ...old, ...changes };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

/** Columns and their values as statements take them. */
export function assignments(row: Input): {
  names: string[];
  places: string[];
  values: Parameter[];
} {
  const names = Object.keys(row);
  return {
    names,
    places: names.map((name, i) => (name === 'metadata' ? `$${i + 1}::jsonb` : `$${i + 1}`)),
    values: names.map((name) =>
      name === 'metadata' ? JSON.stringify(row[name]) : (row[name] as Parameter),
    ),
  };
}
