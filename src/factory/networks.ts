import type { MachineDescription, NetworkDescription } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import type { NetworkName } from '../core/site.ts';
import { machineTypes } from '../machines/index.ts';
import { type Diagnostics, type Path, shown } from '../schema/diagnostics.ts';
import {
  anyMapping,
  type Content,
  type Key,
  type Keys,
  key,
  mapping,
  readValue,
} from '../schema/mapping.ts';
import { number, whole } from '../schema/value-type.ts';

/** More than any network carries, in any of the units. */
const AMOUNT = number(0, 1e6);
const PRIORITY = whole(1, 100);

/** Each network with the unit that its keys end in, and what the unit is. */
const UNITS: Readonly<Record<NetworkName, readonly [suffix: string, about: string]>> = {
  compressedAir: ['m3_min', 'm³/min of air at 7 bar'],
  chilledWater: ['kw', 'kW of cooling'],
  steam: ['kg_h', 'kg/h of steam'],
};

const NAMES = Object.keys(UNITS) as NetworkName[];

/** The amounts of a network, each with what it is. */
const AMOUNTS = {
  base: 'Taken at any time',
  process: 'Taken at full production by what is no machine of the file',
  heatingPerK: 'Taken for each kelvin that it is colder outside than 15 °C',
  leak: 'Lost at any time',
} as const;

type Amount = keyof typeof AMOUNTS;

/** What a file calls an amount: `leak_m3_min`, `heating_kg_h_per_k`. */
function amountKey(name: NetworkName, amount: Amount): string {
  const [suffix] = UNITS[name];
  return amount === 'heatingPerK' ? `heating_${suffix}_per_k` : `${amount}_${suffix}`;
}

/** The keys of each network, by its name in a file. */
export const NETWORK_KEYS: ReadonlyMap<string, Keys> = new Map(
  NAMES.map((name) => [wireName(name), keysOf(name)]),
);

/** The networks that a factory may have, by their names in a file. */
export const NETWORKS_KEYS: Readonly<Record<string, Key<Content>>> = Object.fromEntries(
  NAMES.map((name) => {
    const reference = { $ref: `#/definitions/${wireName(name)}_network` };
    return [wireName(name), key(mapping(keysOf(name), reference), `In ${UNITS[name][1]}.`)];
  }),
);

function keysOf(name: NetworkName): Keys {
  const [, unit] = UNITS[name];
  const amounts = (Object.keys(AMOUNTS) as Amount[]).map((amount) => [
    amountKey(name, amount),
    key(AMOUNT, `${AMOUNTS[amount]} [${unit}]; else what is usual.`),
  ]);
  return {
    ...Object.fromEntries(amounts),
    consumers: key(
      anyMapping({ type: 'object', additionalProperties: AMOUNT.schema }),
      `What machines take at full activity, by name [${unit}]; else what is usual.`,
    ),
    priorities: key(
      anyMapping({ type: 'object', additionalProperties: PRIORITY.schema }),
      'Suppliers by name: 1, the default, before 2; those of one number take turns weekly.',
    ),
  };
}

/**
 * The networks of a factory.
 *
 * @param given - As a file has them.
 * @param machines - Its machines, which the networks name; empty where they are not known yet.
 */
export function networksOf(
  given: Readonly<Record<string, Content | undefined>>,
  path: Path,
  machines: readonly MachineDescription[],
  diagnostics: Diagnostics,
): Partial<Record<NetworkName, NetworkDescription>> {
  const networks: Partial<Record<NetworkName, NetworkDescription>> = {};
  for (const name of NAMES) {
    const own = given[wireName(name)];
    if (own === undefined) continue;
    const within = [...path, wireName(name)];
    networks[name] = networkOf(name, own, within, machines, diagnostics);
    if (machines.length > 0 && !machines.some((each) => feeds(each, name)))
      diagnostics.errorAtKey(within, `has no machine that feeds it; give it ${suppliersOf(name)}`);
  }
  return networks;
}

function networkOf(
  name: NetworkName,
  given: Content,
  path: Path,
  machines: readonly MachineDescription[],
  diagnostics: Diagnostics,
): NetworkDescription {
  const description: Record<string, unknown> = {};
  for (const amount of Object.keys(AMOUNTS) as Amount[]) {
    const value = given[amountKey(name, amount)];
    if (value !== undefined) description[amount] = value;
  }
  const named = (key: 'consumers' | 'priorities', is: (machine: MachineDescription) => boolean) => {
    const entries = given[key] as Content | undefined;
    if (!entries) return;
    const fitting = machines.filter(is).map((each) => each.name);
    for (const [machine, value] of Object.entries(entries)) {
      const place = [...path, key, machine];
      if (machines.length > 0 && !fitting.includes(machine))
        diagnostics.errorAtKey(
          place,
          `${shown(machine)} is not accepted; ${fitting.join(', ') || 'the factory has none'}`,
        );
      else readValue(value, key === 'consumers' ? AMOUNT : PRIORITY, place, diagnostics);
    }
    description[key] = entries;
  };
  named('consumers', ({ type }) => typeOf(type)?.activityShare !== undefined);
  named('priorities', (machine) => feeds(machine, name));
  return description as NetworkDescription;
}

/** Networks as a file would hold them. */
export function networksContent(
  networks: Partial<Record<NetworkName, NetworkDescription>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const network = networks[name];
      if (!network) return [];
      const entries = Object.entries(network).map(([key, value]) => [
        key in AMOUNTS ? amountKey(name, key as Amount) : key,
        value,
      ]);
      return [[wireName(name), Object.fromEntries(entries)]];
    }),
  );
}

function typeOf(type: string) {
  return machineTypes.find((each) => each.type === type);
}

function feeds({ type }: MachineDescription, name: NetworkName): boolean {
  return typeOf(type)?.supply?.network === name;
}

function suppliersOf(name: NetworkName): string {
  const types = machineTypes.filter(({ supply }) => supply?.network === name);
  return types.map(({ type }) => `a machine of type ${type}`).join(' or ');
}
