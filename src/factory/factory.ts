import {
  type CalendarDescription,
  type FactoryDescription,
  FLEET_MACHINES_MAX,
  type MachineDescription,
} from '../core/factory.ts';
import {
  asMapping,
  type Content,
  defaulted,
  entry,
  key,
  list,
  mapping,
  required,
} from '../schema/composite-type.ts';
import { type Place, shown } from '../schema/diagnostics.ts';
import { choice, FLAG, number, whole } from '../schema/value-type.ts';
import { likelyPosition, ZONE } from '../schema/zone.ts';
import { factoryCalendar, WORKING_TIME_KEYS } from './calendar.ts';
import { DEFAULT_CLIMATE, DEFAULT_FACTORY } from './default-factory.ts';
import { type FactoryContext, MACHINE_ENTRY, machineContent, readMachines } from './machine.ts';
import type { Catalogue } from './machine-types.ts';
import { factoryId, ID, NAME, slug, TOPIC_LEVEL } from './names.ts';
import { checkNetworks, NETWORKS_KEYS } from './networks.ts';
import type { UniquenessChecker } from './uniqueness-checker.ts';

/** Each factory has its own weather and calendar. */
export const FACTORIES_MAX = 10_000;

/** The number of factories that an entry of a file stands for. */
export const FACTORY_COUNT = whole(1, FACTORIES_MAX);

/** The temperatures of a factory's seasons. */
export const CLIMATE_KEYS = {
  baseTempC: defaulted(
    number(-40, 40),
    DEFAULT_CLIMATE.baseTempC,
    'Mean outdoor temperature midway between the seasons [°C].',
  ),
  summerOffsetK: defaulted(
    number(0, 40),
    DEFAULT_CLIMATE.summerOffsetK,
    'How much warmer the three warm months are [K].',
  ),
  winterOffsetK: defaulted(
    number(-60, 0),
    DEFAULT_CLIMATE.winterOffsetK,
    'How much colder the three cold months are, as a negative number [K].',
  ),
};

/** A factory. */
export const FACTORY_KEYS = {
  id: key(ID, 'Unique id. By default derived from the name.'),
  name: required(NAME, 'Unique name of the factory.'),
  topic: key(
    TOPIC_LEVEL,
    'Second level of the machines’ topics. By default derived from the name.',
  ),
  timeZone: defaulted(
    ZONE,
    DEFAULT_FACTORY.timeZone,
    'Time zone of shifts, weekends and seasons.',
    { name: 'timezone' },
  ),
  location: key(NAME, 'Where the factory is. For information only.'),
  latitude: key(number(-90, 90), 'Degrees north. By default estimated from the time zone.'),
  longitude: key(number(-180, 180), 'Degrees east. By default estimated from the time zone.'),
  nominalVoltageV: defaulted(
    number(100, 1000),
    DEFAULT_FACTORY.nominalVoltageV,
    'Line-to-line voltage [V].',
    { name: 'voltage' },
  ),
  nominalFrequencyHz: defaulted(
    choice<number>([50, 60]),
    DEFAULT_FACTORY.nominalFrequencyHz,
    'Grid frequency [Hz].',
    { name: 'frequency' },
  ),
  climate: key(
    mapping(CLIMATE_KEYS, { $ref: '#/definitions/climate' }),
    'Temperatures of the seasons.',
  ),
  ...WORKING_TIME_KEYS,
  networks: key(
    mapping(NETWORKS_KEYS, { $ref: '#/definitions/networks' }),
    'Networks through which the machines supply each other.',
  ),
  energyRegister: key(
    FLAG,
    'Whether its machines have energy registers, energy_total_kwh. Default: false.',
  ),
  count: key(
    FACTORY_COUNT,
    'Number of factories like this one. Their names and topics are numbered from 1.',
  ),
  machines: required(list(1, FLEET_MACHINES_MAX, MACHINE_ENTRY), 'Machines of the factory.'),
};

const FACTORY = entry(FACTORY_KEYS);

/**
 * A factory as the content of a file, without omitting defaults. Reading it returns the same
 * factory.
 */
export function factoryContent(factory: FactoryDescription, catalogue: Catalogue): Content {
  const machines = factory.machines.map((each) => machineContent(each, catalogue));
  const { id, name, location, ...others } = FACTORY.write({ ...factory, machines } as never);
  return { id, name, ...(location === undefined ? {} : { location }), ...others };
}

/**
 * Reads one factory of a file. Missing and invalid values are replaced, so that everything is
 * checked; the result is valid only if no errors were found.
 */
export function readFactory(
  content: unknown,
  place: Place,
  fallback: CalendarDescription,
  unique: UniquenessChecker,
  catalogue: Catalogue,
): FactoryDescription {
  const given = FACTORY.readGiven(content, place) ?? {};
  const { name = '', location, timeZone = DEFAULT_FACTORY.timeZone, networks } = given;
  const { energyRegister } = given;
  const id = given.id ?? factoryId(name);
  const topicLevel = given.topic ?? slug(name);
  if (given.name !== undefined && topicLevel === '')
    place.at('name').error(`${shown(name)} cannot be turned into a topic level; set a topic`);
  if (given.id !== undefined && given.count !== undefined)
    place.at('id').errorAtKey('cannot be combined with count; the ids are derived from the name');
  const hasOwnId =
    given.name !== undefined &&
    unique.take('name', 'factories', name, place.at('name')) &&
    unique.take('id', 'factories', id, place.at(given.id ? 'id' : 'name'));
  const context = { factoryId: id, hasOwnId, topicLevel, catalogue };
  const likely = likelyPosition(timeZone);
  const machines = readAllMachines(given.machines ?? [], place.at('machines'), context, unique);
  if (networks) checkNetworks(networks, place.at('networks'), machines, catalogue);
  return {
    id,
    name,
    timeZone,
    latitude: given.latitude ?? likely.latitude,
    longitude: given.longitude ?? likely.longitude,
    nominalVoltageV: given.nominalVoltageV ?? DEFAULT_FACTORY.nominalVoltageV,
    nominalFrequencyHz: given.nominalFrequencyHz ?? DEFAULT_FACTORY.nominalFrequencyHz,
    climate: given.climate ?? DEFAULT_CLIMATE,
    calendar: factoryCalendar(given, place, fallback),
    machines,
    ...(networks && { networks: networks as NonNullable<FactoryDescription['networks']> }),
    ...(energyRegister === undefined ? {} : { energyRegister }),
    ...(location === undefined ? {} : { location }),
  };
}

function readAllMachines(
  contents: readonly unknown[],
  places: Place,
  context: FactoryContext,
  unique: UniquenessChecker,
): readonly MachineDescription[] {
  const { errors } = places.diagnostics;
  const machines: MachineDescription[] = [];
  for (const [i, content] of contents.entries()) {
    const place = places.at(i);
    const errorsBefore = errors.length;
    for (const machine of readMachines(content, place, context, !unique.isFull)) {
      takeMachine(machine, content, place, context, unique);
      machines.push(machine);
      // An error in one factory of a count occurs in all of them.
      if (errors.length > errorsBefore) break;
    }
  }
  return machines;
}

/** Counts a factory's machines from the counts of its entries, before any machine is created. */
export function countMachines(content: unknown, place: Place, unique: UniquenessChecker): void {
  const { machines } = asMapping(content) ?? {};
  if (!Array.isArray(machines)) return;
  const counts = machines.map(countOf);
  const count = countOf(content) * counts.reduce((sum, each) => sum + each, 0);
  // A count that is too large by itself is reported where it is written.
  const isLargest = counts.some((each) => each > FLEET_MACHINES_MAX);
  unique.takeMachines(count, isLargest ? undefined : place.at('machines'));
}

/** The number of factories or machines that an entry stands for. */
function countOf(content: unknown): number {
  const count = asMapping(content)?.['count'];
  return typeof count === 'number' && count > 1 ? count : 1;
}

/**
 * Checks a machine for uniqueness. If its name is taken, so are the id and the topic derived from
 * it.
 */
function takeMachine(
  machine: MachineDescription,
  content: unknown,
  place: Place,
  { factoryId, hasOwnId, topicLevel }: FactoryContext,
  unique: UniquenessChecker,
): void {
  const given = asMapping(content) ?? {};
  const hasKey = (key: string) => Object.hasOwn(given, key);
  const scope = `machines of ${hasOwnId ? factoryId : place.path.slice(0, 2).join('.')}`;
  const isNew = unique.take('name', scope, machine.name, place.at('name'));
  const isOwnTopic = hasKey('topic') && !hasKey('count');
  if (hasKey('id') || (isNew && hasOwnId))
    unique.take('id', 'machines', machine.id, place.at(hasKey('id') ? 'id' : 'name'));
  if (isOwnTopic ? machine.topic === given['topic'] : isNew && topicLevel !== '')
    unique.take('topic', 'machines', machine.topic, place.at(hasKey('topic') ? 'topic' : 'name'));
}
