import type { MachineDescription } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';
import type { NetworkName } from '../core/site.ts';
import {
  anyMapping,
  type GivenValues,
  type Key,
  key,
  mapping,
  readValue,
} from '../schema/composite-type.ts';
import { type Place, shown } from '../schema/diagnostics.ts';
import { number, whole } from '../schema/value-type.ts';
import { type Catalogue, typeNamed } from './machine-types.ts';

/** More than any network carries, in any of the units. */
const AMOUNT = number(0, 1e6);
const PRIORITY = whole(1, 100);

/** Each network with the unit at the end of its keys, and a description of the unit. */
const UNITS: Readonly<Record<NetworkName, readonly [suffix: string, about: string]>> = {
  compressedAir: ['m3_min', 'm³/min of air at 7 bar'],
  chilledWater: ['kw', 'kW of cooling'],
  steam: ['kg_h', 'kg/h of steam'],
};

const NAMES = Object.keys(UNITS) as NetworkName[];

/** The keys of a network. Amounts end in its unit: `leak_m3_min`, `heating_kg_h_per_k`. */
function networkKeys(network: NetworkName) {
  const [suffix, unit] = UNITS[network];
  const amount = (about: string, name: string) =>
    key(AMOUNT, `${about} [${unit}]. Default: a typical value.`, { name });
  return {
    base: amount('Constant demand', `base_${suffix}`),
    process: amount(
      'Demand at full production of consumers that are not in the file',
      `process_${suffix}`,
    ),
    heatingPerK: amount(
      'Heating demand for each kelvin below 15 °C outside',
      `heating_${suffix}_per_k`,
    ),
    leak: amount('Constant losses', `leak_${suffix}`),
    consumers: key(
      anyMapping({ type: 'object', additionalProperties: AMOUNT.schema }),
      `Demand of machines at full activity, by name [${unit}]. Default: typical values.`,
    ),
    priorities: key(
      anyMapping({ type: 'object', additionalProperties: PRIORITY.schema }),
      'Priorities of suppliers by name: 1, the default, runs before 2. Equal ones rotate weekly.',
    ),
  };
}

type NetworkKeys = ReturnType<typeof networkKeys>;

/** The keys of each network. */
export const NETWORK_KEYS = Object.fromEntries(
  NAMES.map((name) => [name, networkKeys(name)]),
) as Readonly<Record<NetworkName, NetworkKeys>>;

/** The networks that a factory may have. */
export const NETWORKS_KEYS = Object.fromEntries(
  NAMES.map((name) => {
    const schema = { $ref: `#/definitions/${wireName(name)}_network` };
    return [name, key(mapping(NETWORK_KEYS[name], schema), `Network in ${UNITS[name][1]}.`)];
  }),
) as Readonly<Record<NetworkName, Key<GivenValues<NetworkKeys>>>>;

/**
 * Checks the machines that the networks of a factory refer to.
 *
 * @param machines - The factory's machines; empty if they are not known yet.
 */
export function checkNetworks(
  networks: GivenValues<typeof NETWORKS_KEYS>,
  place: Place,
  machines: readonly MachineDescription[],
  catalogue: Catalogue,
): void {
  const typeOf = ({ type }: MachineDescription) => typeNamed(type, catalogue);
  for (const name of NAMES) {
    const network = networks[name];
    if (!network) continue;
    const within = place.at(wireName(name));
    const named = (
      key: 'consumers' | 'priorities',
      type: typeof AMOUNT,
      is: (machine: MachineDescription) => boolean,
    ) => {
      const fitting = machines.filter(is).map((each) => each.name);
      for (const [machine, value] of Object.entries(network[key] ?? {})) {
        const at = within.at(key).at(machine);
        if (machines.length > 0 && !fitting.includes(machine)) {
          const accepted = fitting.join(', ') || 'the factory has none';
          at.errorAtKey(`${shown(machine)} is not accepted; ${accepted}`);
        } else readValue(value, type, at);
      }
    };
    named('consumers', AMOUNT, (machine) => typeOf(machine)?.activityShare !== undefined);
    named('priorities', PRIORITY, (machine) => feeds(typeOf(machine), name));
    if (machines.length > 0 && !machines.some((each) => feeds(typeOf(each), name)))
      within.errorAtKey(`has no machine that feeds it; add ${suppliersOf(name, catalogue)}`);
  }
}

function feeds(type: MachineType | undefined, name: NetworkName): boolean {
  return type?.supply?.network === name;
}

function suppliersOf(name: NetworkName, catalogue: Catalogue): string {
  const types = catalogue.filter((type) => feeds(type, name));
  return types.map(({ type }) => `a machine of type ${type}`).join(' or ');
}
