import { machineTypes } from '../machines/index.ts';
import { DEFAULT_FACTORY } from './default-factory.ts';

/** The factory that a number of machines stands for, as messages and topics call it. */
const NAME = 'Large fleet';
const TOPIC_LEVEL = 'fleet';

/**
 * A factory file's content for so many machines: the basic types in equal shares, the first of
 * them one more where that leaves a rest, with all typical rated powers.
 */
export function largeFleetContent(machines: number): unknown {
  const types = DEFAULT_FACTORY.machines.map(({ type }) => type);
  const entries = types.flatMap((type, i) => {
    const count = Math.floor((machines + types.length - 1 - i) / types.length);
    const typical = machineTypes.find((each) => each.type === type)?.typicalRatedPowerKw;
    return count > 0 ? [{ name: type, type, count, spread: { rated_power_kw: typical } }] : [];
  });
  return { factories: [{ name: NAME, topic: TOPIC_LEVEL, machines: entries }] };
}
