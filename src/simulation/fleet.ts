import type { FactoryDescription, Machine, MachineDescription } from '../core/factory.ts';
import { Journal, type Settings } from '../core/journal.ts';
import { hasEnergy, type MachineType, type Values, withRegister } from '../core/machine.ts';
import { Random } from '../core/random.ts';
import { copyOf } from '../core/record.ts';
import type { Site } from '../core/site.ts';
import type { ChangeEvent, StopEvent, Story } from '../core/story.ts';
import { machineTypes } from '../machines/index.ts';
import { FactorySite } from '../site/index.ts';
import { FactoryChanges, presenceOf } from './factory-changes.ts';
import { keyOf, ofClass, StoryEvents, type Told, troublesOf } from './machine-story.ts';
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
  /** Its machines, and those that changes add. */
  readonly described: readonly MachineDescription[];
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
 * Builds the fleet of other factories, or with other stories, with the same seed, journal and
 * types. A machine with an unchanged description on an unchanged site, to which the same happens,
 * stays the same object, so readers can keep its cursor.
 *
 * @param fleet - A whole fleet, not a part of one.
 */
export function nextFleet(
  fleet: Fleet,
  factories: readonly FactoryDescription[],
  stories = fleet.stories,
): Fleet {
  return build(factories, { ...fleet, stories }, fleet.plants);
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
  given: Given,
  before: readonly Plant[],
): Fleet {
  const known = knownPlants(before);
  const healthy = new Map<string, Readonly<Values<string>>>();
  const plants = factories.map((factory) => {
    const events = new StoryEvents(factory.id, given.stories);
    const same = known.get(siteKey(factory));
    const changes =
      events.changes.length === 0
        ? undefined
        : new FactoryChanges(factory, events.changes, given.types, (changed) => {
            const context = { ...given, events, healthy, changes: undefined };
            const { machines } = plantOf(
              changed,
              context,
              knownPlants([plant]).get(siteKey(changed)),
            );
            return new Map(machines.map((machine) => [machine.id, machine]));
          });
    const plant: Plant = plantOf(factory, { ...given, events, healthy, changes }, same);
    return plant;
  });
  const machines = plants.flatMap((plant) => plant.machines);
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  return { ...given, factories, plants, machines, byId };
}

/** What a fleet depends on besides its factories. */
type Given = Omit<Fleet, 'factories' | 'plants' | 'machines' | 'byId'>;

/** What the machines of a factory are built with. */
interface PlantContext extends Given {
  readonly events: StoryEvents;
  /** Parameters of healthy machines, which machines of the same settings share. */
  readonly healthy: Map<string, Readonly<Values<string>>>;
  /** Undefined for a factory that never changes, or that is described as changed. */
  readonly changes: FactoryChanges | undefined;
}

/** @param same - A plant with the same site, whose machines are used again. */
function plantOf(
  factory: FactoryDescription,
  context: PlantContext,
  same: KnownPlant | undefined,
): Plant {
  const { seed, journal, changes } = context;
  const site = same?.site ?? new FactorySite(factory, seed, journal);
  const described = [...factory.machines, ...(changes?.added ?? [])];
  const own = described.map((description) => machineOf(description, factory, site, context));
  const networks = networksOf(factory, own.slice(0, factory.machines.length), site, journal);
  const keys = same && keysOf(factory, described, own);
  const linked = own.map(
    (machine, i) =>
      same?.machines.get(keys?.[i] as string) ??
      withEpochs(connected(machine, networks), factory, context),
  );
  const machines = linked.map((machine) =>
    machine.type.isMainMeter && !machine.metered ? metering(machine, linked) : machine,
  );
  return { factory, described, site, machines, networks };
}

function machineOf(
  description: MachineDescription,
  factory: FactoryDescription,
  site: Site,
  context: PlantContext,
): Machine {
  const { types, seed, journal, registersFromS, events, healthy, changes } = context;
  const basic = types.find(({ type }) => type === description.type);
  if (!basic) throw new RangeError(`${description.name}: no machine type ${description.type}`);
  const hasRegister = hasEnergyRegister(description, factory, basic, context);
  const type = hasRegister ? withRegister(basic) : basic;
  const own = events.of(description.id);
  const stops = ofClass<StopEvent>(own, 'stop');
  const touching = changes ? touchingChanges(own, basic, factory, events) : [];
  const isOwn = factory.machines.includes(description);
  const presence = presenceOf(description, isOwn, touching, stops);
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
    ...((own.length > 0 || touching.length > 0) && {
      story: {
        key: `${journal.mendCount(description.id)},${keyOf([...new Set([...own, ...touching])])}`,
        ...troublesOf(description.id, own, journal),
        ...(presence && { presence }),
      },
    }),
    ...(hasRegister &&
      registersFromS !== undefined && {
        registerFromS: Math.max(registersFromS, description.addedS ?? registersFromS),
      }),
  };
}

/**
 * The changes that touch a machine: its own, those of the whole factory, and all of them for one
 * that supplies others, whose demand on it they change.
 */
function touchingChanges(
  own: readonly Told[],
  type: MachineType,
  { networks }: FactoryDescription,
  { changes }: StoryEvents,
): readonly Told<ChangeEvent>[] {
  const isSupplier = type.supply !== undefined && networks?.[type.supply.network] !== undefined;
  return isSupplier ? changes : ofClass<ChangeEvent>(own, 'change');
}

/** Adds what a machine is under the changes that touch it. */
function withEpochs(
  machine: Machine,
  factory: FactoryDescription,
  { changes, events }: PlantContext,
): Machine {
  if (!changes || !machine.story) return machine;
  const touching = touchingChanges(events.of(machine.id), machine.type, factory, events);
  if (touching.length === 0) return machine;
  return { ...machine, story: { ...machine.story, epochs: changes.epochsOf(machine, touching) } };
}

/** Whether a machine has an energy register, by its description and what holds for the fleet. */
export function hasEnergyRegister(
  description: MachineDescription,
  factory: FactoryDescription,
  type: MachineType,
  { registersFromS, haveAllRegisters }: Pick<Fleet, 'registersFromS' | 'haveAllRegisters'>,
): boolean {
  if (registersFromS === undefined) return false;
  if (description.energyRegister ?? factory.energyRegister) return true;
  return haveAllRegisters && hasEnergy(type);
}

/** A site and its machines, by {@link machineKey}. */
interface KnownPlant {
  readonly site: Site;
  readonly machines: ReadonlyMap<string, Machine>;
}

/** Known sites with their machines, by {@link siteKey}. */
function knownPlants(plants: readonly Plant[]): ReadonlyMap<string, KnownPlant> {
  const known = new Map<string, KnownPlant>();
  for (const { factory, described, site, machines } of plants) {
    const keys = keysOf(factory, described, machines);
    const byKey = new Map(machines.map((machine, i) => [keys[i] as string, machine]));
    known.set(siteKey(factory), { site, machines: byKey });
  }
  return known;
}

/** The key of each machine of a factory, see {@link machineKey}. */
function keysOf(
  { networks }: FactoryDescription,
  described: readonly MachineDescription[],
  machines: readonly Machine[],
): readonly string[] {
  return described.map((each, i) =>
    machineKey(each, machines[i] as Machine, networks, described, machines),
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
  { type, registerFromS, story }: Machine,
  networks: FactoryDescription['networks'],
  machines: readonly MachineDescription[],
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
  const told = isAlone ? [] : built.filter(isWith).map(({ story: other }) => other?.key ?? '');
  return JSON.stringify([
    registerFromS,
    [story?.key ?? '', ...told],
    ...[description, ...partners].map(({ description: _about, ...rest }) => rest),
  ]);
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
