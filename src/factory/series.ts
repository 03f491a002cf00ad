import type { MachineDescription } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { Random } from '../core/random.ts';
import { type Diagnostics, type Path, shown } from '../schema/diagnostics.ts';
import { anyMapping, key } from '../schema/mapping.ts';
import { number, type Range, range } from '../schema/value-type.ts';
import { orderedParameters, TYPES } from './machine-types.ts';
import { machineId, NAME, slug, TOPIC } from './names.ts';

/** In what the machines of a count differ. */
export const SPREAD_KEYS = {
  ratedPowerKw: key(range(number(0.1, 10_000)), 'Lowest and highest rated power [kW].'),
  parameters: key(anyMapping({ type: 'object' }), 'The lowest and the highest value of each.'),
};

/** A parameter takes one of so many values between its limits, so that machines share records. */
const PARAMETER_STEPS = 32;

/** In what the machines of a count differ: limits by the name that a model knows. */
export type Spread = Readonly<Record<string, Range>>;

/** The limits of the machines of a count as a file gives them. */
interface GivenSpread {
  readonly ratedPowerKw?: Range;
  readonly parameters?: Readonly<Record<string, Range>>;
}

/** The place of a machine that is one of a count. */
interface Place {
  readonly factoryId: string;
  readonly topicLevel: string;
}

/**
 * The limits between which the machines of a count differ.
 *
 * @param given - As a file has them; none where it has no spread.
 * @param machine - What all of them have in common.
 */
export function spreadOf(
  given: GivenSpread | undefined,
  machine: MachineDescription,
  hasCount: boolean,
  path: Path,
  diagnostics: Diagnostics,
): Spread {
  const type = TYPES.get(machine.type);
  if (given === undefined || !type) return {};
  const within = [...path, 'spread'];
  if (!hasCount) diagnostics.errorAtKey(within, 'goes with count: one machine differs from none');
  const { ratedPowerKw, parameters = {} } = given;
  const spread: Spread = { ...(ratedPowerKw && { ratedPowerKw }), ...parameters };
  for (const name of Object.keys(parameters))
    if (Object.hasOwn(machine.parameters ?? {}, name))
      diagnostics.errorAtKey(
        [...within, 'parameters', wireName(name)],
        'is given in parameters as well; give it once',
      );
  judgePower(ratedPowerKw, type.typicalRatedPowerKw, type.type, within, diagnostics);
  judgeOrder(spread, machine, within, diagnostics);
  return spread;
}

function judgePower(
  power: Range | undefined,
  [least, most]: Range,
  type: string,
  path: Path,
  diagnostics: Diagnostics,
): void {
  if (!power || (power[0] >= least && power[1] <= most)) return;
  diagnostics.warning(
    [...path, 'rated_power_kw'],
    `${power.join(' to ')} kW is unusual in part; ` +
      `machines of type ${type} mostly have ${least} to ${most} kW`,
  );
}

/** Whatever is drawn, what must be below another parameter must be. */
function judgeOrder(
  spread: Spread,
  { type: typeName, parameters = {} }: MachineDescription,
  path: Path,
  diagnostics: Diagnostics,
): void {
  const type = TYPES.get(typeName);
  if (!type) return;
  const one = (name: string) => parameters[name] ?? type.parameters[name]?.value ?? Number.NaN;
  for (const { low, high, mayEqual } of orderedParameters(type)) {
    const culprit = spread[low] ? low : high;
    if (!spread[culprit]) continue;
    const below = spread[low]?.[1] ?? one(low);
    const above = spread[high]?.[0] ?? one(high);
    if (below < above || (mayEqual && below === above)) continue;
    const relation = mayEqual ? 'above' : 'not below';
    diagnostics.error(
      [...path, 'parameters', wireName(culprit)],
      `${wireName(low)} may come to ${below}, ${relation} ${wireName(high)} of ${above}`,
    );
  }
}

/**
 * The machines of a count, numbered from 1. Each is what it is by its number and its factory's id
 * alone, however many there are.
 */
export function numbered(
  machine: MachineDescription,
  count: number,
  spread: Spread,
  { factoryId, topicLevel }: Place,
  path: Path,
  diagnostics: Diagnostics,
): readonly MachineDescription[] {
  const longest = `${machine.name}-${count}`;
  if (NAME.parse(longest) === undefined || TOPIC.parse(`${machine.topic}-${count}`) === undefined) {
    if (topicLevel !== '' && slug(machine.name) !== '')
      diagnostics.error([...path, 'name'], `${shown(longest)} is too long with its number`);
    return [];
  }
  return Array.from({ length: count }, (_, i) => {
    const name = `${machine.name}-${i + 1}`;
    const id = machineId(factoryId, name);
    return {
      ...machine,
      ...drawn(id, machine, spread),
      id,
      name,
      topic: `${machine.topic}-${i + 1}`,
    };
  });
}

/** What a machine of a count has of its own. */
function drawn(
  id: string,
  { type, parameters }: MachineDescription,
  { ratedPowerKw, ...others }: Spread,
): Partial<MachineDescription> {
  const shareOf = (name: string) => new Random(0, `${id}/${name}`).uniform(0, 0);
  const own = Object.entries(others).map(([name, [low, high]]) => {
    const isWhole = TYPES.get(type)?.parameters[name]?.isWhole;
    const steps = isWhole ? high - low : PARAMETER_STEPS;
    const step = Math.floor((steps + 1) * shareOf(name));
    return [name, steps === 0 ? low : low + ((high - low) * step) / steps];
  });
  return {
    ...(ratedPowerKw && { ratedPowerKw: nameplateKw(ratedPowerKw, shareOf('ratedPowerKw')) }),
    ...(own.length > 0 && { parameters: { ...parameters, ...Object.fromEntries(own) } }),
  };
}

/** A rated power between two limits, with the two digits of a nameplate [kW]. */
function nameplateKw([low, high]: Range, share: number): number {
  const kw = low + (high - low) * share;
  const perKw = kw >= 100 ? 0.1 : kw >= 10 ? 1 : 10;
  return Math.min(high, Math.max(low, Math.round(kw * perKw) / perKw));
}
