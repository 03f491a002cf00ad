import type { MachineDescription } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';
import { Random } from '../core/random.ts';
import { anyMapping, key } from '../schema/composite-type.ts';
import { type Place, shown } from '../schema/diagnostics.ts';
import { number, type Range, range } from '../schema/value-type.ts';
import { judgePower, orderedParameters } from './machine-types.ts';
import { machineId, NAME, slug, TOPIC } from './names.ts';

/** How the machines of a count differ. */
export const SPREAD_KEYS = {
  ratedPowerKw: key(range(number(0.1, 10_000)), 'Lowest and highest rated power [kW].'),
  parameters: key(anyMapping({ type: 'object' }), 'Lowest and highest value of each parameter.'),
};

/** The number of distinct values of a spread parameter. Few values let machines share records. */
const PARAMETER_STEPS = 32;

/** How the machines of a count differ: ranges, with parameters by their names in the model. */
export interface Spread {
  readonly ratedPowerKw?: Range;
  readonly parameters?: Readonly<Record<string, Range>>;
}

/**
 * Checks the ranges in which the machines of a count differ.
 *
 * @param machine - The values that all of them share.
 */
export function checkSpread(
  { ratedPowerKw, parameters = {} }: Spread,
  machine: MachineDescription,
  type: MachineType,
  place: Place,
  hasCount: boolean,
): void {
  if (!hasCount) place.errorAtKey('requires count: a single machine has nothing to differ from');
  const common: MachineDescription['parameters'] = machine.parameters ?? {};
  const places = place.at('parameters');
  for (const name of Object.keys(parameters))
    if (Object.hasOwn(common, name))
      places.at(wireName(name)).errorAtKey('is also set in parameters; set it only once');
  if (ratedPowerKw) judgePower(ratedPowerKw, type, place);
  // Parameters that must be in order must be so for every possible draw.
  const one = (name: string) => common[name] ?? type.parameters[name]?.value ?? Number.NaN;
  for (const { low, high, mayEqual } of orderedParameters(type)) {
    const culprit = parameters[low] ? low : high;
    if (!parameters[culprit]) continue;
    const below = parameters[low]?.[1] ?? one(low);
    const above = parameters[high]?.[0] ?? one(high);
    if (below < above || (mayEqual && below === above)) continue;
    const relation = `${mayEqual ? 'above' : 'not below'} ${wireName(high)} of ${above}`;
    places.at(wireName(culprit)).error(`${wireName(low)} may reach ${below}, ${relation}`);
  }
}

/**
 * The machines of a count, numbered from 1. Each depends only on its number and its factory's id,
 * not on the count.
 */
export function numbered(
  machine: MachineDescription,
  type: MachineType,
  count: number,
  spread: Spread,
  { factoryId, topicLevel }: { readonly factoryId: string; readonly topicLevel: string },
  place: Place,
): readonly MachineDescription[] {
  const longest = `${machine.name}-${count}`;
  if (NAME.parse(longest) === undefined || TOPIC.parse(`${machine.topic}-${count}`) === undefined) {
    if (topicLevel !== '' && slug(machine.name) !== '')
      place.at('name').error(`${shown(longest)} is too long, including its number`);
    return [];
  }
  return Array.from({ length: count }, (_, i) => {
    const name = `${machine.name}-${i + 1}`;
    const id = machineId(factoryId, name);
    return {
      ...machine,
      ...drawn(id, machine, type, spread),
      id,
      name,
      topic: `${machine.topic}-${i + 1}`,
    };
  });
}

/** The values that a machine of a count does not share. */
function drawn(
  id: string,
  machine: MachineDescription,
  type: MachineType,
  { ratedPowerKw, parameters = {} }: Spread,
): Partial<MachineDescription> {
  const shareOf = (name: string) => new Random(0, `${id}/${name}`).uniform(0, 0);
  const own = Object.entries(parameters).map(([name, [low, high]]) => {
    const steps = type.parameters[name]?.isWhole ? high - low : PARAMETER_STEPS;
    const step = Math.floor((steps + 1) * shareOf(name));
    return [name, steps === 0 ? low : low + ((high - low) * step) / steps];
  });
  return {
    ...(ratedPowerKw && { ratedPowerKw: nameplateKw(ratedPowerKw, shareOf('ratedPowerKw')) }),
    ...(own.length > 0 && { parameters: { ...machine.parameters, ...Object.fromEntries(own) } }),
  };
}

/** A rated power within a range, with the two significant digits of a nameplate [kW]. */
function nameplateKw([low, high]: Range, share: number): number {
  const kw = low + (high - low) * share;
  const perKw = kw >= 100 ? 0.1 : kw >= 10 ? 1 : 10;
  return Math.min(high, Math.max(low, Math.round(kw * perKw) / perKw));
}
