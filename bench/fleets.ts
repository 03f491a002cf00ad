/** The fleets of the benchmarks: many machines of one type, or of all types. */

import type { FactoryDescription } from '../src/core/factory.ts';
import type { Parameter } from '../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../src/factory/default-factory.ts';
import { machineTypes } from '../src/machines/index.ts';

/** Start of the window that is read: a Wednesday morning on a workday. */
export const START_MS = Date.UTC(2026, 0, 14, 10);

/** The default factory with `each` machines of every given type, at their own intervals. */
export function factoryOf(
  types: readonly string[],
  each: number,
  intervalS?: number,
): FactoryDescription {
  const chosen = machineTypes.filter(({ type }) => types.includes(type));
  const machines = Array.from({ length: each }, (_, i) =>
    chosen.map((type) => ({
      id: `${type.type}-${i}`.padEnd(36, '0'),
      name: `${type.type}-${i}`,
      type: type.type,
      ratedPowerKw: (type.parameters['ratedPowerKw'] as Parameter).value,
      intervalS: intervalS ?? type.intervalS,
      topic: `factory/demo/${type.type}-${i}`,
    })),
  );
  return { ...DEFAULT_FACTORY, machines: machines.flat() };
}
