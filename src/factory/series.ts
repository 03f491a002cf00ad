import type { MachineDescription } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import { Random } from '../core/random.ts';
import { number, type Range, range, shown } from '../schema/kinds.ts';
import type { Path } from './document.ts';
import { SPREAD_KEYS, spreadKeys, TYPES } from './keys.ts';
import { type Findings, readMapping } from './mapping.ts';
import { machineId, NAME, slug, TOPIC } from './names.ts';
import { orderedParameters } from './orders.ts';

/** A parameter takes one of so many values between its limits, so that machines share records. */
const PARAMETER_STEPS = 32;

/** In what the machines of a count differ: limits by the name that a model knows. */
export type Spread = Readonly<Record<string, Range>>;

/** The place of a machine that is one of a count. */
interface Place {
  readonly factoryId: string;
  readonly topicLevel: string;
}

/**
 * Reads the limits between which the machines of a count differ.
 *
 * @param machine - What all of them have in common.
 */
export function readSpread(
  content: Readonly<Record<string, unknown>> | undefined,
  machine: MachineDescription,
  hasCount: boolean,
  path: Path,
  findings: Findings,
): Spread {
  const type = TYPES.get(machine.type);
  if (content === undefined || !type) return {};
  const within = [...path, 'spread'];
  if (!hasCount) findings.keyFault(within, 'goes with count: one machine differs from none');
  const rated = type.parameters['ratedPowerKw']?.range ?? [0, 0];
  const powerKeys = {
    ...SPREAD_KEYS,
    rated_power_kw: { ...SPREAD_KEYS.rated_power_kw, kind: range(number(...rated)) },
  };
  const given = readMapping(content, powerKeys, within, findings);
  const { rated_power_kw: ratedPowerKw } = given;
  const spread: Record<string, Range> = ratedPowerKw ? { ratedPowerKw } : {};
  const names = readMapping(
    given.parameters ?? {},
    spreadKeys(type),
    [...within, 'parameters'],
    findings,
  );
  for (const name of Object.keys(type.parameters)) {
    const limits = names[wireName(name)];
    if (limits) spread[name] = limits;
    if (limits && Object.hasOwn(machine.parameters ?? {}, name))
      findings.keyFault(
        [...within, 'parameters', wireName(name)],
        'is given in parameters as well; give it once',
      );
  }
  judgePower(ratedPowerKw, type.typicalRatedPowerKw, type.type, within, findings);
  judgeOrder(spread, machine, within, findings);
  return spread;
}

function judgePower(
  power: Range | undefined,
  [least, most]: Range,
  type: string,
  path: Path,
  findings: Findings,
): void {
  if (!power || (power[0] >= least && power[1] <= most)) return;
  findings.remark(
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
  findings: Findings,
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
    findings.fault(
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
  findings: Findings,
): readonly MachineDescription[] {
  const longest = `${machine.name}-${count}`;
  if (NAME.read(longest) === undefined || TOPIC.read(`${machine.topic}-${count}`) === undefined) {
    if (topicLevel !== '' && slug(machine.name) !== '')
      findings.fault([...path, 'name'], `${shown(longest)} is too long with its number`);
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
