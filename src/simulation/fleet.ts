import type { FactoryDescription, Machine, MachineDescription } from '../core/factory.ts';
import { Journal, type Settings } from '../core/journal.ts';
import { hasEnergy, type MachineType, type Values, withRegister } from '../core/machine.ts';
import { Random } from '../core/random.ts';
import { copyOf } from '../core/record.ts';
import type { Site } from '../core/site.ts';
import type { Story } from '../core/story.ts';
import { machineTypes } from '../machines/index.ts';
import { FactorySite } from '../site/index.ts';
import { machineStory } from './machine-story.ts';
import { connected, type Networks, networksOf } from './networks.ts';

/** Settings before the first `configure` event. */
export const DEFAULT_SETTINGS: Settings = {
  enableAnomalies: true,
  anomalyProbability: 0.1,
  weekendProductionFactor: null,
};

/** What a fleet depends on besides its factories. */
export interface FleetOptions {
  /** The same seed gives the same readings, byte for byte. */
  readonly seed?: number;
  readonly journal?: Journal;
  /** Available machine types; those of `machines/` by default. */
  readonly types?: readonly MachineType[];
  /** Stories that happen in the factories. */
  readonly stories?: readonly Story[];
  /** When all energy registers stood at 0 [s]; without it, no machine has one. */
  readonly registersFromS?: number;
  /** Whether all machines have an energy register, not only those whose descriptions say so. */
  readonly haveAllRegisters?: boolean;
}

/** A factory as built: its site, its machines and its networks. */
interface Plant {
  readonly factory: FactoryDescription;
  readonly site: Site;
  /** In the order of their descriptions. */
  readonly machines: readonly Machine[];
  readonly networks: Networks;
}

/**
 * Factories and their machines, ready for `createReader`: the function that the project is about.
 * A fleet is plain data, so a part of one is a copy with fewer `machines`.
 */
export interface Fleet {
  readonly seed: number;
  readonly journal: Journal;
  /** Available machine types. */
  readonly types: readonly MachineType[];
  readonly stories: readonly Story[];
  readonly registersFromS: number | undefined;
  readonly haveAllRegisters: boolean;
  readonly factories: readonly FactoryDescription[];
  readonly plants: readonly Plant[];
  /** The machines to read, in the order of their descriptions. */
  readonly machines: readonly Machine[];
  readonly byId: ReadonlyMap<string, Machine>;
}

/**
 * Builds the machines of factories, in the order of their descriptions.
 *
 * @throws RangeError for an unknown machine type or time zone.
 */
export function createFleet(
  factories: readonly FactoryDescription[],
  options: FleetOptions = {},
): Fleet {
  const { seed = 42, journal = new Journal(DEFAULT_SETTINGS) } = options;
  const { types = machineTypes, stories = [] } = options;
  const { registersFromS, haveAllRegisters = false } = options;
  const given = { seed, journal, types, stories, registersFromS, haveAllRegisters };
  return build(factories, given, []);
}

/**
 * Builds the fleet of other factories with the same seed, journal, types and stories. A machine
 * with an unchanged description on an unchanged site stays the same object, so readers can keep its
 * cursor.
 *
 * @param fleet - A whole fleet, not a part of one.
 */
export function nextFleet(fleet: Fleet, factories: readonly FactoryDescription[]): Fleet {
  return build(factories, fleet, fleet.plants);
}

/**
 * The part of a fleet that consists of some of its machines. They report the same as in the whole
 * fleet: what they draw from others follows from the descriptions, not from which machines are
 * read.
 */
export function partOf(fleet: Fleet, machines: readonly Machine[]): Fleet {
  return { ...fleet, machines, byId: new Map(machines.map((machine) => [machine.id, machine])) };
}

/** @param before - Plants of the previous fleet, for reuse. */
function build(
  factories: readonly FactoryDescription[],
  given: Omit<Fleet, 'factories' | 'plants' | 'machines' | 'byId'>,
  before: readonly Plant[],
): Fleet {
  const { seed, journal, types, stories, registersFromS, haveAllRegisters } = given;
  const known = knownPlants(before);
  const healthy = new Map<string, Readonly<Values<string>>>();
  const plants = factories.map((factory): Plant => {
    const same = known.get(siteKey(factory));
    const site = same?.site ?? new FactorySite(factory, seed, journal);
    const own = factory.machines.map((description): Machine => {
      const basic = types.find(({ type }) => type === description.type);
      if (!basic) throw new RangeError(`${description.name}: no machine type ${description.type}`);
      const hasRegister =
        registersFromS !== undefined &&
        ((description.energyRegister ?? factory.energyRegister ?? false) ||
          (haveAllRegisters && hasEnergy(basic)));
      const type = hasRegister ? withRegister(basic) : basic;
      const story = machineStory(description.id, type, factory.id, stories);
      return {
        id: description.id,
        name: description.name,
        factoryId: factory.id,
        type,
        intervalMs: Math.round(1000 * description.intervalS),
        topic: description.topic,
        parameters: healthyParameters(type, description, factory, healthy),
        site,
        random: new Random(seed, description.id),
        scenario: description.faults ?? NO_FAULTS,
        ...(story && { story }),
        ...(hasRegister && {
          registerFromS: Math.max(registersFromS, description.addedS ?? registersFromS),
        }),
      };
    });
    const networks = networksOf(factory, own, site, journal);
    const keys = same && keysOf(factory, own);
    const linked = own.map(
      (machine, i) => same?.machines.get(keys?.[i] as string) ?? connected(machine, networks),
    );
    const machines = linked.map((machine) =>
      machine.type.isMainMeter && !machine.metered ? metering(machine, linked) : machine,
    );
    return { factory, site, machines, networks };
  });
  const machines = plants.flatMap((plant) => plant.machines);
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  return {
    seed,
    journal,
    types,
    stories,
    registersFromS,
    haveAllRegisters,
    factories,
    plants,
    machines,
    byId,
  };
}

/** A site and its machines, by {@link machineKey}. */
interface KnownPlant {
  readonly site: Site;
  readonly machines: ReadonlyMap<string, Machine>;
}

/** Known sites with their machines, by {@link siteKey}. */
function knownPlants(plants: readonly Plant[]): ReadonlyMap<string, KnownPlant> {
  const known = new Map<string, KnownPlant>();
  for (const { factory, site, machines } of plants) {
    const keys = keysOf(factory, machines);
    const byKey = new Map(machines.map((machine, i) => [keys[i] as string, machine]));
    known.set(siteKey(factory), { site, machines: byKey });
  }
  return known;
}

/** The key of each machine of a factory, see {@link machineKey}. */
function keysOf(factory: FactoryDescription, machines: readonly Machine[]): readonly string[] {
  return factory.machines.map((each, i) =>
    machineKey(each, machines[i] as Machine, factory, machines),
  );
}

const NO_FAULTS: Machine['scenario'] = [];

/** A main meter with all other machines of its factory, except main meters. */
function metering(meter: Machine, machines: readonly Machine[]): Machine {
  const metered = machines
    .filter(({ type }) => !type.isMainMeter)
    .map((machine) => {
      const isOnGrid = meter.intervalMs % machine.intervalMs === 0;
      const intervalMs = isOnGrid ? machine.intervalMs : meter.intervalMs;
      return { ...machine, intervalMs, random: machine.random.copy() };
    });
  return { ...meter, metered };
}

/** Everything that determines a site; text meant only for people is left out. */
function siteKey({
  name,
  location,
  machines,
  energyRegister,
  ...rest
}: FactoryDescription): string {
  return JSON.stringify(rest);
}

/**
 * Everything that determines a machine besides its site. For a machine that supplies a network or
 * meters others, this includes the machines involved.
 */
function machineKey(
  description: MachineDescription,
  { type, registerFromS }: Machine,
  { machines, networks }: FactoryDescription,
  built: readonly Machine[],
): string {
  const network = type.supply && networks?.[type.supply.network] && type.supply.network;
  const named = network && networks?.[network]?.consumers;
  const isWith = ({ type: other, name }: Machine) =>
    type.isMainMeter ||
    (network &&
      (other.supply?.network === network ||
        (other.activityShare && (other.uses?.[network] ?? named?.[name]))));
  const isAlone = !type.isMainMeter && !network;
  const partners = isAlone ? [] : machines.filter((_each, i) => isWith(built[i] as Machine));
  const all = [description, ...partners].map(({ description: _about, ...rest }) => rest);
  return JSON.stringify([registerFromS, ...all]);
}

/**
 * Parameters of a healthy machine; machines of one type and the same settings share one record.
 */
function healthyParameters(
  type: MachineType,
  { ratedPowerKw, parameters = {} }: MachineDescription,
  { networks }: FactoryDescription,
  known: Map<string, Readonly<Values<string>>>,
): Readonly<Values<string>> {
  const instead = type.supply && networks?.[type.supply.network] ? type.supply.instead : {};
  const key = JSON.stringify([type.type, ratedPowerKw, instead, parameters]);
  let healthy = known.get(key);
  if (!healthy) {
    const values: Values<string> = {};
    for (const [name, { value }] of Object.entries(type.parameters)) values[name] = value;
    Object.assign(values, instead, parameters, { ratedPowerKw });
    // No maintenance is planned until a reader's wear model sets one.
    Object.assign(values, { maintenanceFromS: Infinity, maintenanceUntilS: Infinity });
    // A copy has fast properties; a record that grew key by key is a hash table to V8.
    healthy = copyOf(Object.assign(values, type.derived(values as never)));
    known.set(key, healthy);
  }
  return healthy;
}
