import type { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet, type Fleet } from '../../src/simulation/fleet.ts';

export const START_MS = Date.UTC(2026, 0, 14, 10);
export const HOUR_MS = 3_600_000;

/** The machines of the default factory. */
export function demoFleet(journal?: Journal): Fleet {
  const known = new Set(machineTypes.map(({ type }) => type));
  const machines = DEFAULT_FACTORY.machines.filter(({ type }) => known.has(type));
  return createFleet([{ ...DEFAULT_FACTORY, machines }], journal ? { journal } : {});
}

/** Data messages of a fleet per hour, as documented: one per channel and interval. */
export function dataMessagesPerHour({ machines }: Fleet): number {
  return machines.reduce(
    (sum, { type, intervalMs }) => sum + (type.channels.length * HOUR_MS) / intervalMs,
    0,
  );
}
