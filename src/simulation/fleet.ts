import type { FactoryDescription, Machine, MachineDescription } from '../core/factory.ts';
import { Journal, type Settings } from '../core/journal.ts';
import type { MachineType, Values } from '../core/machine.ts';
import { Random } from '../core/random.ts';
import { copyOf } from '../core/record.ts';
import type { Site } from '../core/site.ts';
import { machineTypes } from '../machines/index.ts';
import { FactorySite } from '../site/index.ts';
import { connected, type Networks, networksOf } from './networks.ts';

/** What holds until a `configure` event says otherwise. */
export const DEFAULT_SETTINGS: Settings = {
  enableAnomalies: true,
  anomalyProbability: 0.1,
  weekendProductionFactor: null,
};

/** What else a fleet depends on. */
export interface FleetOptions {
  /** The same seed gives the same readings, to the byte. */
  readonly seed?: number;
  readonly journal?: Journal;
  /** The machine types that there are; those of `machines/` if not given. */
  readonly types?: readonly MachineType[];
}

/** A factory as it was built: its site, its machines, and what these take from each other. */
interface Plant {
  readonly factory: FactoryDescription;
  readonly site: Site;
  /** In the order of their descriptions. */
  readonly machines: readonly Machine[];
  readonly networks: Networks;
}

/**
 * Factories and their machines, ready to be read by a `createReader`: the function that the project
 * is about. A fleet is plain data, so a part of one is a copy with fewer `machines`.
 */
export interface Fleet {
  readonly seed: number;
  readonly journal: Journal;
  /** The machine types that there are. */
  readonly types: readonly MachineType[];
  readonly factories: readonly FactoryDescription[];
  readonly plants: readonly Plant[];
  /** The machines that are read, in the order of their descriptions. */
  readonly machines: readonly Machine[];
  readonly byId: ReadonlyMap<string, Machine>;
}

/**
 * Builds the machines of factories, in the order of their descriptions.
 *
 * @throws RangeError for a machine type that does not exist, or a time zone that does not.
 */
export function createFleet(
  factories: readonly FactoryDescription[],
  { seed = 42, journal = new Journal(DEFAULT_SETTINGS), types = machineTypes }: FleetOptions = {},
): Fleet {
  return build(factories, { seed, journal, types }, []);
}

/**
 * The fleet of other factories with the same seed, journal and types. A machine that is described
 * as before, on a site like before, is the same object, so readers can keep its cursor.
 *
 * @param fleet - A whole fleet, not a part of one.
 */
export function nextFleet(fleet: Fleet, factories: readonly FactoryDescription[]): Fleet {
  return build(factories, fleet, fleet.plants);
}

/**
 * The part of a fleet that consists of some of its machines. They report what they report in the
 * whole fleet: what they take from others follows from the descriptions, not from who is read.
 */
export function partOf(fleet: Fleet, machines: readonly Machine[]): Fleet {
  return { ...fleet, machines, byId: new Map(machines.map((machine) => [machine.id, machine])) };
}

/** @param before - What a fleet before this one consists of. */
function build(
  factories: readonly FactoryDescription[],
  { seed, journal, types }: Pick<Fleet, 'seed' | 'journal' | 'types'>,
  before: readonly Plant[],
): Fleet {
  const known = knownPlants(before);
  const healthy = new Map<string, Readonly<Values<string>>>();
  const plants = factories.map((factory): Plant => {
    const same = known.get(siteKey(factory));
    const site = same?.site ?? new FactorySite(factory, seed, journal);
    const own = factory.machines.map((description): Machine => {
      const type = types.find(({ type }) => type === description.type);
      if (!type) throw new RangeError(`${description.name}: no machine type ${description.type}`);
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
  return { seed, journal, types, factories, plants, machines, byId };
}

/** A site and what stands on it, by {@link machineKey}. */
interface KnownPlant {
  readonly site: Site;
  readonly machines: ReadonlyMap<string, Machine>;
}

/** Sites with their machines, by what they follow from. */
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

/** A main meter with all machines of its factory that are none. */
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

/** All that a site follows from: what only people read is left out. */
function siteKey({ name, location, machines, ...rest }: FactoryDescription): string {
  return JSON.stringify(rest);
}

/**
 * All that a machine follows from, beside its site: for one that feeds a network or meters others
 * that is the machines that it does so with, too.
 */
function machineKey(
  description: MachineDescription,
  { type }: Machine,
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
  return JSON.stringify([description, ...partners].map(({ description: _about, ...rest }) => rest));
}

/** Machines of one type and the same settings share one record of parameters. */
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
    // Until a reader's upkeep says otherwise no maintenance comes.
    Object.assign(values, { maintenanceFromS: Infinity, maintenanceUntilS: Infinity });
    // A copy has fast properties; the record that grew key by key is a hash table to V8.
    healthy = copyOf(Object.assign(values, type.derived(values as never)));
    known.set(key, healthy);
  }
  return healthy;
}
