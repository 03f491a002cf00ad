import { anyMapping, type Keys, key, required } from '../schema/composite-type.ts';
import { FLAG, number, text, type ValueType, whole } from '../schema/value-type.ts';
import { ZONE } from '../schema/zone.ts';
import { FACTORY_KEYS } from './factory.ts';
import { machineKeys } from './machine.ts';
import type { Catalogue } from './machine-types.ts';
import { ID, NAME, TOPIC } from './names.ts';

/** A value, or null. */
function nullable<T>(type: ValueType<T>): ValueType<T | null> {
  return {
    ...type,
    expected: `${type.expected}, or null`,
    schema: { ...type.schema, type: [type.schema.type ?? [], 'null'].flat() },
    parse: (value) => (value === null ? null : type.parse(value)),
  };
}

/** A number that `decimal(10,2)` can hold, rounded to hundredths. */
function decimal(max: number): ValueType<number> {
  const type = number(0, max);
  const rounded = (value: number | undefined) => value && Math.round(100 * value) / 100;
  return { ...type, parse: (value) => rounded(type.parse(value)) };
}

const IS_ACTIVE = key(FLAG, 'Whether the factory or machine runs.');
const METADATA = key(
  anyMapping({ type: 'object' }),
  'Further properties. Set a key to null to remove it.',
);

/** The columns of a factory in a registry, as clients write them. */
export const FACTORY_COLUMNS = {
  id: FACTORY_KEYS.id,
  name: FACTORY_KEYS.name,
  location: key(nullable(NAME), FACTORY_KEYS.location.about),
  timezone: key(ZONE, FACTORY_KEYS.timeZone.about),
  is_active: IS_ACTIVE,
  metadata: METADATA,
};

/** The columns of a machine in a registry, as clients write them. */
export function machineColumns(catalogue: Catalogue) {
  const { id, name, type } = machineKeys(catalogue);
  return {
    id,
    factory_id: required(ID, 'Factory of the machine.'),
    name,
    description: key(nullable(text(2000)), 'For people.'),
    type,
    rated_power_kw: key(decimal(10_000), 'Rated electrical power [kW].'),
    rated_voltage_v: key(nullable(decimal(100_000)), 'Rated voltage [V].'),
    rated_current_a: key(nullable(decimal(100_000)), 'Rated current [A].'),
    rated_frequency_hz: key(nullable(decimal(400)), 'Rated frequency [Hz].'),
    data_interval_seconds: key(whole(1, 3600), 'Seconds between two readings.'),
    mqtt_topic: key(TOPIC, 'First three levels of the machine’s topics.'),
    is_active: IS_ACTIVE,
    is_critical: key(FLAG, 'For people.'),
    metadata: METADATA,
  };
}

/** The columns of a row that may change, all optional. The id may not change. */
export function changeable({ id: _fixed, ...columns }: Keys): Keys {
  return Object.fromEntries(
    Object.entries(columns).map(([name, { type, about }]) => [name, key(type, about)]),
  );
}
