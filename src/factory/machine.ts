import type { MachineDescription, PlannedFault } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import type { MachineType, Parameter } from '../core/machine.ts';
import { choice, number, shown } from '../schema/kinds.ts';
import type { Path } from './document.ts';
import { FAULT_KEYS, MACHINE_KEYS, parameterKeys, TYPES } from './keys.ts';
import { type Findings, mapping, readMapping } from './mapping.ts';
import { machineId, slug, TOPIC } from './names.ts';
import { orderedParameters } from './orders.ts';
import { numbered, readSpread } from './series.ts';

/** What a machine takes from its factory. */
export interface Place {
  readonly factoryId: string;
  /** Whether no other factory has that id; the ids made of it are then its machines' own. */
  readonly hasOwnId: boolean;
  /** Second level of the topics of machines that give none. */
  readonly topicLevel: string;
}

/**
 * Reads an entry of a factory file: a machine, as many as its count says, or none at a fault.
 *
 * @param areAllMade - Whether all of a count are made; else the first.
 */
export function readMachines(
  content: unknown,
  path: Path,
  place: Place,
  areAllMade: boolean,
  findings: Findings,
): readonly MachineDescription[] {
  const machine = readMachine(content, path, place, findings);
  const { id, count, spread } = mapping({}).read(content) ?? {};
  if (!machine) return [];
  const limits = mapping({}).read(spread);
  const differ = readSpread(limits, machine, count !== undefined, path, findings);
  if (count === undefined) return [machine];
  if (id !== undefined)
    findings.keyFault([...path, 'id'], 'is of one machine; those of a count follow from the name');
  const number = MACHINE_KEYS.count.kind.read(count) ?? 0;
  return numbered(
    machine,
    areAllMade ? number : Math.min(number, 1),
    differ,
    place,
    path,
    findings,
  );
}

/** Reads one machine, whatever its count; undefined where a fault leaves nothing to go on with. */
export function readMachine(
  content: unknown,
  path: Path,
  place: Place,
  findings: Findings,
): MachineDescription | undefined {
  const type = typeOf(content);
  const values = readMapping(content, type ? keysOf(type) : MACHINE_KEYS, path, findings);
  const { name, description } = values;
  if (!type || name === undefined) return undefined;
  const topic = values.topic ?? `factory/${place.topicLevel}/${slug(name)}`;
  if (TOPIC.read(topic) === undefined && place.topicLevel !== '')
    findings.fault([...path, 'name'], `${shown(name)} makes no level of a topic; give a topic`);
  return {
    id: values.id ?? machineId(place.factoryId, name),
    name,
    type: type.type,
    ratedPowerKw: readRatedPowerKw(values.rated_power_kw, type, path, findings),
    intervalS: values.interval ?? type.intervalS,
    topic,
    parameters: readParameters(values.parameters ?? {}, type, [...path, 'parameters'], findings),
    faults: (values.faults ?? []).flatMap(
      (each, i) => readFault(each, type, [...path, 'faults', i], findings) ?? [],
    ),
    ...(description === undefined ? {} : { description }),
  };
}

/** The type that a machine's limits depend on, before anything else of it is read. */
function typeOf(content: unknown): MachineType | undefined {
  const { type } = mapping({}).read(content) ?? {};
  return TYPES.get(MACHINE_KEYS.type.kind.read(type) ?? '');
}

/** The keys of a machine of a type. */
function keysOf(type: MachineType): typeof MACHINE_KEYS {
  const { rated_power_kw: power } = MACHINE_KEYS;
  const kind = number(...ratedPower(type).range);
  return { ...MACHINE_KEYS, rated_power_kw: { ...power, kind } };
}

function ratedPower({ type, parameters: { ratedPowerKw } }: MachineType): Parameter {
  if (!ratedPowerKw) throw new TypeError(`${type} has no rated power`);
  return ratedPowerKw;
}

function readRatedPowerKw(
  given: number | undefined,
  type: MachineType,
  path: Path,
  findings: Findings,
): number {
  const [least, most] = type.typicalRatedPowerKw;
  if (given !== undefined && (given < least || given > most))
    findings.remark(
      [...path, 'rated_power_kw'],
      `${given} kW is unusual; machines of type ${type.type} mostly have ${least} to ${most} kW`,
    );
  return given ?? ratedPower(type).value;
}

function readParameters(
  content: Readonly<Record<string, unknown>>,
  type: MachineType,
  path: Path,
  findings: Findings,
): Record<string, number> {
  if (Object.hasOwn(content, 'rated_power_kw')) {
    const { rated_power_kw: _, ...others } = content;
    const where = 'is a key of the machine itself, beside parameters';
    findings.keyFault([...path, 'rated_power_kw'], where);
    return readParameters(others, type, path, findings);
  }
  const given = readMapping(content, parameterKeys(type), path, findings);
  const values: Record<string, number> = {};
  for (const name of Object.keys(type.parameters)) {
    const value = given[wireName(name)];
    if (value !== undefined) values[name] = value;
  }
  for (const { low, high, mayEqual } of orderedParameters(type)) {
    const below = values[low] ?? type.parameters[low]?.value ?? Number.NaN;
    const above = values[high] ?? type.parameters[high]?.value ?? Number.NaN;
    const culprit = values[high] === undefined ? low : high;
    if (below < above || (mayEqual && below === above) || values[culprit] === undefined) continue;
    const relation = mayEqual ? 'is above' : 'is not below';
    findings.fault(
      [...path, wireName(culprit)],
      `${wireName(low)} ${below} ${relation} ${wireName(high)} ${above}`,
    );
  }
  return values;
}

function readFault(
  content: unknown,
  type: MachineType,
  path: Path,
  findings: Findings,
): PlannedFault | undefined {
  if (type.faultTypes.length === 0) {
    findings.fault(path, `is not accepted; a machine of type ${type.type} has no faults`);
    return undefined;
  }
  const kind = choice(type.faultTypes);
  const keys = { ...FAULT_KEYS, type: { ...FAULT_KEYS.type, kind } };
  const { type: name, start, duration, severity } = readMapping(content, keys, path, findings);
  if (name === undefined || start === undefined) return undefined;
  return {
    type: name,
    startS: start / 1000,
    durationS: duration ?? (FAULT_KEYS.duration.default as number),
    severity: severity ?? (FAULT_KEYS.severity.default as number),
  };
}
