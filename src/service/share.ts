import { Random } from '../core/random.ts';
import type { Fleet } from '../simulation/fleet.ts';

/** One of so many equal parts of a fleet, counted from 0. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

const SHARE = 1;

/** Whether a machine is in a share: always in the same one of so many, whatever its fleet. */
export function isInShare(machineId: string, { index, count }: Share): boolean {
  return Math.floor(count * new Random(0, machineId).uniform(SHARE, 0)) === index;
}

/**
 * A fleet of which only a share is read. The other machines are there, for what the share takes
 * from them: the load of a network, the sum of a main meter.
 */
export function shareOf(fleet: Fleet, share: Share): Fleet {
  const machines = fleet.machines.filter(({ id }) => isInShare(id, share));
  return {
    ...fleet,
    machines,
    reader: (options) => fleet.reader({ machines, ...options }),
    with: (factories) => shareOf(fleet.with(factories), share),
  };
}
