import type {
  CalendarDescription,
  ClimateDescription,
  FactoryDescription,
  MachineDescription,
} from '../core/factory.ts';
import { FLEET_MACHINES_MAX } from '../core/factory.ts';
import { shown } from '../schema/kinds.ts';
import { likelyPosition } from '../schema/zone.ts';
import { readCalendar } from './calendar.ts';
import { DEFAULT_CLIMATE, DEFAULT_FACTORY } from './default-factory.ts';
import type { Path } from './document.ts';
import { CLIMATE_KEYS, FACTORY_KEYS } from './keys.ts';
import { type Place, readMachines } from './machine.ts';
import { type Findings, mapping, readMapping } from './mapping.ts';
import { factoryId, slug } from './names.ts';
import { readNetworks } from './networks.ts';
import type { Registry } from './registry.ts';

/**
 * Reads one factory of a file. What is missing or at fault is filled in, so that everything is
 * looked at; the result is good where nothing was found.
 */
export function readFactory(
  content: unknown,
  path: Path,
  fallback: CalendarDescription,
  registry: Registry,
  findings: Findings,
): FactoryDescription {
  const values = readMapping(content, FACTORY_KEYS, path, findings);
  const { name = '', location, timezone = DEFAULT_FACTORY.timeZone } = values;
  const id = values.id ?? factoryId(name);
  const topicLevel = values.topic ?? slug(name);
  if (values.name !== undefined && topicLevel === '')
    findings.fault([...path, 'name'], `${shown(name)} gives no level of a topic; give a topic`);
  if (values.id !== undefined && values.count !== undefined)
    findings.keyFault([...path, 'id'], 'is of one factory; those of a count follow from the name');
  const hasOwnId =
    values.name !== undefined &&
    registry.take('name', 'factories', name, [...path, 'name']) &&
    registry.take('id', 'factories', id, [...path, values.id ? 'id' : 'name']);
  const place: Place = { factoryId: id, hasOwnId, topicLevel };
  const likely = likelyPosition(timezone);
  const machines = readAllMachines(values.machines ?? [], path, place, registry, findings);
  return {
    id,
    name,
    timeZone: timezone,
    latitude: values.latitude ?? likely.latitude,
    longitude: values.longitude ?? likely.longitude,
    nominalVoltageV: values.voltage ?? DEFAULT_FACTORY.nominalVoltageV,
    nominalFrequencyHz: values.frequency ?? DEFAULT_FACTORY.nominalFrequencyHz,
    climate: readClimate(values.climate ?? {}, [...path, 'climate'], findings),
    calendar: readCalendar(values, path, fallback, findings),
    machines,
    ...(values.networks
      ? { networks: readNetworks(values.networks, [...path, 'networks'], machines, findings) }
      : {}),
    ...(location === undefined ? {} : { location }),
  };
}

function readClimate(content: unknown, path: Path, findings: Findings): ClimateDescription {
  const values = readMapping(content, CLIMATE_KEYS, path, findings);
  return {
    baseTempC: values.base_temp_c ?? DEFAULT_CLIMATE.baseTempC,
    summerOffsetK: values.summer_offset_k ?? DEFAULT_CLIMATE.summerOffsetK,
    winterOffsetK: values.winter_offset_k ?? DEFAULT_CLIMATE.winterOffsetK,
  };
}

function readAllMachines(
  contents: readonly unknown[],
  factoryPath: Path,
  place: Place,
  registry: Registry,
  findings: Findings,
): readonly MachineDescription[] {
  const path = [...factoryPath, 'machines'];
  const machines: MachineDescription[] = [];
  for (const [i, content] of contents.entries()) {
    const machinePath = [...path, i];
    const faultsBefore = findings.faults.length;
    for (const machine of readMachines(content, machinePath, place, !registry.isFull, findings)) {
      takeMachine(machine, content, machinePath, place, registry);
      machines.push(machine);
      // What is wrong with one of a count is wrong with all of them.
      if (findings.faults.length > faultsBefore) break;
    }
  }
  return machines;
}

/** Has a factory's machines counted, by its counts alone, before any of them is made. */
export function countMachines(content: unknown, path: Path, registry: Registry): void {
  const { machines } = mapping({}).read(content) ?? {};
  if (!Array.isArray(machines)) return;
  const counts = machines.map(countOf);
  const count = countOf(content) * counts.reduce((sum, each) => sum + each, 0);
  // A count that alone is too large is found where it stands.
  const isLargest = counts.some((each) => each > FLEET_MACHINES_MAX);
  registry.takeMachines(count, isLargest ? undefined : [...path, 'machines']);
}

/** Factories or machines that an entry stands for. */
function countOf(content: unknown): number {
  const count = mapping({}).read(content)?.['count'];
  return typeof count === 'number' && count > 1 ? count : 1;
}

/** A machine whose name is taken would also have the id and the topic that are made of it. */
function takeMachine(
  machine: MachineDescription,
  content: unknown,
  path: Path,
  { factoryId, hasOwnId, topicLevel }: Place,
  registry: Registry,
): void {
  const given = mapping({}).read(content) ?? {};
  const { topic } = given;
  const stands = (key: string) => [...path, Object.hasOwn(given, key) ? key : 'name'];
  const scope = `machines of ${hasOwnId ? factoryId : path.slice(0, 2).join('.')}`;
  const isNew = registry.take('name', scope, machine.name, [...path, 'name']);
  const isOwnTopic = Object.hasOwn(given, 'topic') && !Object.hasOwn(given, 'count');
  if (Object.hasOwn(given, 'id') || (isNew && hasOwnId))
    registry.take('id', 'machines', machine.id, stands('id'));
  if (isOwnTopic ? machine.topic === topic : isNew && topicLevel !== '')
    registry.take('topic', 'machines', machine.topic, stands('topic'));
}
