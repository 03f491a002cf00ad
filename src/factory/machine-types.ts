import type { MachineDescription } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { type MachineType, type Parameter, parameterContent } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import { type Key, key } from '../schema/composite-type.ts';
import type { Place } from '../schema/diagnostics.ts';
import {
  number,
  position,
  type Range,
  range,
  type ValueType,
  whole,
} from '../schema/value-type.ts';

/** Other names of machine types, used in registries. */
const TYPE_ALIASES: Readonly<Record<string, string>> = { conveyor: 'motor' };

/** The machine types that there are. */
export type Catalogue = readonly MachineType[];

const NAMES = new Memo((catalogue: Catalogue): ReadonlyMap<string, MachineType> => {
  const names = new Map(catalogue.map((type) => [type.type, type]));
  for (const [alias, name] of Object.entries(TYPE_ALIASES)) {
    const type = names.get(name);
    if (type) names.set(alias, type);
  }
  return names;
});

/** Every name of a machine type, with the type. */
export function typeNames(catalogue: Catalogue): ReadonlyMap<string, MachineType> {
  return NAMES.of(catalogue);
}

/** The machine type of a name, if there is one. */
export function typeNamed(name: string, catalogue: Catalogue): MachineType | undefined {
  return NAMES.of(catalogue).get(name);
}

/** The rated power of a machine type, which is a key of the machine itself. */
export function ratedPower({ type, parameters: { ratedPowerKw } }: MachineType): Parameter {
  if (!ratedPowerKw) throw new TypeError(`${type} has no rated power`);
  return ratedPowerKw;
}

/** Warns about a rated power, or a range of them, that is unusual for machines of a type. */
export function judgePower([low, high]: Range, type: MachineType, place: Place): void {
  const [least, most] = type.typicalRatedPowerKw;
  if (low >= least && high <= most) return;
  const what = low === high ? `${low} kW is unusual` : `${low} to ${high} kW is partly unusual`;
  place
    .at('rated_power_kw')
    .warning(`${what}; machines of type ${type.type} usually have ${least} to ${most} kW`);
}

/** The parameters that a machine of a type may change. */
export function parameterKeys(type: MachineType): Readonly<Record<string, Key<number>>> {
  return keysOf(type, (parameter) =>
    key(parameterType(parameter), parameter.about, {
      usual: parameterContent(parameter, parameter.value),
    }),
  );
}

/** The parameters in which the machines of a count may differ: the numeric ones. */
export function spreadKeys(type: MachineType): Readonly<Record<string, Key<Range>>> {
  return keysOf(type, (parameter) =>
    parameter.choices ? undefined : key(range(parameterType(parameter)), parameter.about),
  );
}

function keysOf<T>(
  { parameters: { ratedPowerKw: _, ...parameters } }: MachineType,
  keyOf: (parameter: Parameter) => Key<T> | undefined,
): Readonly<Record<string, Key<T>>> {
  const entries = Object.entries(parameters).flatMap(([name, parameter]) => {
    const own = keyOf(parameter);
    return own ? [[name, own] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** The type of a parameter's value, parsed to the number that the model uses. */
function parameterType({ range, choices, isWhole }: Parameter): ValueType<number> {
  if (choices) return position(choices);
  return isWhole ? whole(...range) : number(...range);
}

/** A machine's own parameters, as the content of a file. */
export function parametersContent(
  { type, parameters = {} }: Pick<MachineDescription, 'type' | 'parameters'>,
  catalogue: Catalogue,
): Readonly<Record<string, string | number>> {
  const known = typeNamed(type, catalogue)?.parameters ?? {};
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value = Number.NaN]) => {
      const parameter = known[key];
      return [wireName(key), parameter ? parameterContent(parameter, value) : value];
    }),
  );
}

/** Two parameters of a type, the first of which must be below the second. */
export interface Order {
  readonly low: string;
  readonly high: string;
  readonly mayEqual: boolean;
}

/** The pairs of parameters that a type declares to be in order. */
export function orderedParameters({ parameters }: MachineType): readonly Order[] {
  return Object.entries(parameters).flatMap(([low, { below, upTo }]) => {
    const high = below ?? upTo;
    return high === undefined ? [] : [{ low, high, mayEqual: below === undefined }];
  });
}
