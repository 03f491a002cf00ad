import { wireName } from '../core/field.ts';
import { type MachineType, type Parameter, parameterContent } from '../core/machine.ts';
import { machineTypes } from '../machines/index.ts';
import { type Key, key } from '../schema/mapping.ts';
import { choice, number, type Range, range, type ValueType, whole } from '../schema/value-type.ts';

/** Other names of machine types, from registries. */
const TYPE_ALIASES: Readonly<Record<string, string>> = { conveyor: 'motor' };

/** Every name that a machine type may be called by, with the type. */
export const TYPES: ReadonlyMap<string, MachineType> = new Map(
  [...machineTypes.map(({ type }) => [type, type]), ...Object.entries(TYPE_ALIASES)].flatMap(
    ([name, type]) => {
      const machineType = machineTypes.find((each) => each.type === type);
      return machineType ? [[name as string, machineType] as const] : [];
    },
  ),
);

/** The rated power of a machine type, which is a key of the machine itself. */
export function ratedPower({ type, parameters: { ratedPowerKw } }: MachineType): Parameter {
  if (!ratedPowerKw) throw new TypeError(`${type} has no rated power`);
  return ratedPowerKw;
}

/** The parameters that a machine of a type may change, by their names in a file. */
export function parameterKeys(type: MachineType): Record<string, Key<number>> {
  return keysOf(type, (parameter) =>
    key(parameterType(parameter), parameter.about, parameterContent(parameter, parameter.value)),
  );
}

/** The parameters in which the machines of a count may differ: those that are numbers. */
export function spreadKeys(type: MachineType): Record<string, Key<Range>> {
  return keysOf(type, (parameter) =>
    parameter.choices ? undefined : key(range(parameterType(parameter)), parameter.about),
  );
}

function keysOf<T>(
  { parameters }: MachineType,
  keyOf: (parameter: Parameter) => Key<T> | undefined,
): Record<string, Key<T>> {
  const entries = Object.entries(parameters).flatMap(([name, parameter]) => {
    const own = name === 'ratedPowerKw' ? undefined : keyOf(parameter);
    return own ? [[wireName(name), own] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** What is accepted for a parameter, read as the number that a model works with. */
function parameterType({ range, choices, isWhole }: Parameter): ValueType<number> {
  if (!choices) return isWhole ? whole(...range) : number(...range);
  const names = choice(choices);
  return {
    ...names,
    parse: (value) => {
      const name = names.parse(value);
      return name === undefined ? undefined : choices.indexOf(name);
    },
  };
}

/** Two parameters of a type of which the first must be below the second. */
export interface Order {
  readonly low: string;
  readonly high: string;
  readonly mayEqual: boolean;
}

/** The parameters of a type that must be in order, as they declare it. */
export function orderedParameters({ parameters }: MachineType): readonly Order[] {
  return Object.entries(parameters).flatMap(([low, { below, upTo }]) => {
    const high = below ?? upTo;
    return high === undefined ? [] : [{ low, high, mayEqual: below === undefined }];
  });
}
