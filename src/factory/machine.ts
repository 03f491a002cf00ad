import { DURATION_S, SEVERITY } from '../core/anomaly.ts';
import { FLEET_MACHINES_MAX, type MachineDescription, type PlannedFault } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { hasEnergy, type MachineType } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import {
  anyMapping,
  asMapping,
  type CompositeType,
  type Content,
  defaulted,
  entry,
  key,
  list,
  mapped,
  mapping,
  required,
  unread,
} from '../schema/composite-type.ts';
import { type Place, shown } from '../schema/diagnostics.ts';
import { duration, INTERVAL_S, instantText, WHOLE_INSTANT_MS } from '../schema/times.ts';
import { choice, FLAG, number, range, text, type ValueType, whole } from '../schema/value-type.ts';
import {
  type Catalogue,
  judgePower,
  orderedParameters,
  parameterKeys,
  parametersContent,
  ratedPower,
  spreadKeys,
  typeNamed,
  typeNames,
} from './machine-types.ts';
import { ID, machineId, NAME, slug, TOPIC } from './names.ts';
import { checkSpread, numbered, SPREAD_KEYS } from './series.ts';

/** A machine's planned faults are searched for every segment of its time. */
const FAULTS_MAX = 1000;

const COUNT = whole(1, FLEET_MACHINES_MAX);

/** An instant that is a whole second [s since the epoch]. */
const START_S: ValueType<number> = {
  ...WHOLE_INSTANT_MS,
  parse: (value) => {
    const startMs = WHOLE_INSTANT_MS.parse(value);
    return startMs === undefined ? undefined : startMs / 1000;
  },
  write: (startS) => instantText(1000 * startS),
};

/** A planned fault of a machine. */
export const FAULT_KEYS = {
  type: required(NAME, 'A fault of the machine’s type.'),
  startS: required(START_S, 'Start: an instant, or a date (midnight UTC).', {
    name: 'start',
  }),
  durationS: defaulted(
    duration(DURATION_S.min, DURATION_S.max),
    DURATION_S.default,
    'Duration in seconds, or like 90m, 24h or 7d.',
    { name: 'duration' },
  ),
  severity: defaulted(
    number(SEVERITY.min, SEVERITY.max),
    SEVERITY.default,
    'Severity of the fault.',
  ),
};

/** A machine, whatever types there are. */
const MACHINE_KEYS = {
  id: key(ID, 'Unique id. By default derived from the name and the factory.'),
  name: required(NAME, 'Unique name within the factory.'),
  type: required(NAME, 'Machine type. A conveyor is a motor.'),
  description: key(text(2000), 'For people.'),
  ratedPowerKw: key(number(0.1, 10_000), 'Rated electrical power [kW]. Default: that of the type.'),
  intervalS: key(INTERVAL_S, 'Seconds between two readings. Default: that of the type.', {
    name: 'interval',
  }),
  topic: key(
    TOPIC,
    'First three levels of the machine’s topics. Default: factory/<factory>/<name>.',
  ),
  parameters: key(
    anyMapping({ type: 'object' }),
    'Parameters that differ from the defaults of the type.',
  ),
  faults: key(
    list(0, FAULTS_MAX, unread({ $ref: '#/definitions/fault' })),
    'Planned faults of the machine.',
  ),
  energyRegister: key(
    FLAG,
    'Whether it has an energy register, energy_total_kwh. Default: as its factory.',
  ),
  count: key(
    COUNT,
    'Number of machines like this one. Their names and topics are numbered from 1.',
  ),
  spread: key(
    anyMapping({ $ref: '#/definitions/spread' }),
    'Ranges in which the machines of a count differ. Requires count.',
  ),
};

const TYPE = new Memo((catalogue: Catalogue) => choice([...typeNames(catalogue).keys()]));
const KEYS = new Memo((catalogue: Catalogue) => ({
  ...MACHINE_KEYS,
  type: required(TYPE.of(catalogue), MACHINE_KEYS.type.about),
}));

/** A machine of one of the types that there are. */
export function machineKeys(catalogue: Catalogue): typeof MACHINE_KEYS {
  return KEYS.of(catalogue);
}

/** The mapping of a machine of a given type, with the limits of the type. */
const MACHINE_OF = new Memo((type: MachineType) => {
  const power = number(...ratedPower(type).range);
  const spread = mapping({
    ratedPowerKw: key(range(power), SPREAD_KEYS.ratedPowerKw.about),
    parameters: key(mapping(spreadKeys(type)), SPREAD_KEYS.parameters.about),
  });
  return entry({
    ...MACHINE_KEYS,
    ratedPowerKw: key(power, MACHINE_KEYS.ratedPowerKw.about),
    parameters: key(parametersOf(type), MACHINE_KEYS.parameters.about),
    faults: key(list(0, FAULTS_MAX, faultOf(type)), MACHINE_KEYS.faults.about),
    spread: key(spread, MACHINE_KEYS.spread.about),
  });
});

/** A machine of a file, whose limits depend on its type and its factory. */
export const MACHINE_ENTRY: ValueType<unknown> = unread({ $ref: '#/definitions/machine' });

/** A machine as a file has it: reading it gives it back. */
export function machineContent(description: MachineDescription, catalogue: Catalogue): Content {
  const machine = { parameters: {}, faults: [], ...description };
  const type = typeNamed(machine.type, catalogue);
  return type ? MACHINE_OF.of(type).write(machine as never) : entry(MACHINE_KEYS).write(machine);
}

/** What a machine inherits from its factory. */
export interface FactoryContext {
  readonly factoryId: string;
  /** Whether the factory's id is unique, so that the ids derived from it are too. */
  readonly hasOwnId: boolean;
  /** Second topic level of machines that set no topic. */
  readonly topicLevel: string;
  /** The machine types that there are. */
  readonly catalogue: Catalogue;
}

/**
 * Reads an entry of a factory file: one machine, or as many as its count says. Returns none if
 * there is an error.
 *
 * @param areAllMade - Whether to create all machines of a count, or only the first.
 */
export function readMachines(
  content: unknown,
  place: Place,
  context: FactoryContext,
  areAllMade: boolean,
): readonly MachineDescription[] {
  const entry = readEntry(content, place, context);
  if (!entry) return [];
  const { machine, type, given } = entry;
  const hasKey = (name: string) => Object.hasOwn(content as object, name);
  if (given.spread) checkSpread(given.spread, machine, type, place.at('spread'), hasKey('count'));
  if (!hasKey('count')) return [machine];
  if (hasKey('id'))
    place.at('id').errorAtKey('cannot be combined with count; the ids are derived from the name');
  const count = areAllMade ? (given.count ?? 0) : Math.min(given.count ?? 0, 1);
  return numbered(machine, type, count, given.spread ?? {}, context, place);
}

/** Reads one machine and ignores its count. Undefined if an error leaves nothing usable. */
export function readMachine(
  content: unknown,
  place: Place,
  context: FactoryContext,
): MachineDescription | undefined {
  return readEntry(content, place, context)?.machine;
}

function readEntry(
  content: unknown,
  place: Place,
  { factoryId, topicLevel, catalogue }: FactoryContext,
) {
  // All other limits depend on the type.
  const type = typeNamed(TYPE.of(catalogue).parse(asMapping(content)?.['type']) ?? '', catalogue);
  if (!type) {
    entry(machineKeys(catalogue)).read(content, place);
    return undefined;
  }
  const given = MACHINE_OF.of(type).read(content, place);
  if (!given) return undefined;
  const { name, description, ratedPowerKw, energyRegister } = given;
  if (energyRegister && !hasEnergy(type))
    place.at('energy_register').error(`needs energy_kwh, which a ${type.type} does not report`);
  const topic = given.topic ?? `factory/${topicLevel}/${slug(name)}`;
  if (TOPIC.parse(topic) === undefined && topicLevel !== '')
    place.at('name').error(`${shown(name)} cannot be turned into a topic level; set a topic`);
  if (ratedPowerKw !== undefined) judgePower([ratedPowerKw, ratedPowerKw], type, place);
  const machine: MachineDescription = {
    id: given.id ?? machineId(factoryId, name),
    name,
    type: type.type,
    ratedPowerKw: ratedPowerKw ?? ratedPower(type).value,
    intervalS: given.intervalS ?? type.intervalS,
    topic,
    parameters: given.parameters ?? {},
    faults: given.faults ?? [],
    ...(energyRegister === undefined ? {} : { energyRegister }),
    ...(description === undefined ? {} : { description }),
  };
  return { machine, type, given };
}

/** The parameters that a machine of a type may change. */
function parametersOf(type: MachineType): CompositeType<Readonly<Record<string, number>>> {
  const parameters = mapped(mapping(parameterKeys(type)), (values, place) => {
    checkOrder(values, type, place);
    return values;
  });
  return {
    ...parameters,
    read(value, place) {
      const content = asMapping(value);
      if (!content || !Object.hasOwn(content, 'rated_power_kw'))
        return parameters.read(value, place);
      const { rated_power_kw: _, ...others } = content;
      place.at('rated_power_kw').errorAtKey('belongs to the machine itself, next to parameters');
      return parameters.read(others, place);
    },
    write: (values) => parametersContent({ type: type.type, parameters: values }, [type]),
  };
}

/**
 * Reports parameters that are not in the order which their type declares.
 *
 * @param base - Parameters that the machine has besides; without, the defaults of its type.
 */
export function checkOrder(
  values: Readonly<Record<string, number>>,
  type: MachineType,
  place: Place,
  base: Readonly<Partial<Record<string, number>>> = {},
): void {
  for (const { low, high, mayEqual } of orderedParameters(type)) {
    const below = values[low] ?? base[low] ?? type.parameters[low]?.value ?? Number.NaN;
    const above = values[high] ?? base[high] ?? type.parameters[high]?.value ?? Number.NaN;
    const culprit = values[high] === undefined ? low : high;
    if (below < above || (mayEqual && below === above) || values[culprit] === undefined) continue;
    const relation = mayEqual ? 'is above' : 'is not below';
    place
      .at(wireName(culprit))
      .error(`${wireName(low)} ${below} ${relation} ${wireName(high)} ${above}`);
  }
}

/** A planned fault of a machine of a type. */
function faultOf(type: MachineType): CompositeType<PlannedFault> {
  const keys = { ...FAULT_KEYS, type: required(choice(type.faultTypes), FAULT_KEYS.type.about) };
  const fault = entry(keys);
  if (type.faultTypes.length > 0) return fault;
  return {
    ...fault,
    read: (_, place) =>
      place.error(`is not accepted; a machine of type ${type.type} has no faults`),
  };
}
