import { createHash } from 'node:crypto';
import type { Machine } from '../core/factory.ts';
import { type Fleet, partOf } from '../simulation/fleet.ts';

/**
 * The share of a machine, counted from 0: the first 32 bits of its id's SHA-256, modulo the number
 * of shares. It depends on nothing else, so a machine keeps its share whatever comes or goes.
 */
export function shareOf(machineId: string, count: number): number {
  const digest = createHash('sha256').update(machineId.toLowerCase()).digest();
  return digest.readUInt32BE(0) % count;
}

/** A fleet divided into shares: among reader processes, or as the shards of a cluster. */
export class Shares {
  readonly #fleet: Fleet;
  readonly #machines: readonly Machine[][];

  constructor(fleet: Fleet, count: number) {
    this.#fleet = fleet;
    this.#machines = Array.from({ length: count }, () => []);
    for (const machine of fleet.machines)
      (this.#machines[shareOf(machine.id, count)] as Machine[]).push(machine);
  }

  /** Number of machines in a share. */
  sizeOf(index: number): number {
    return this.#machines[index]?.length ?? 0;
  }

  /** One share as a fleet of its own. */
  of(index: number): Fleet {
    return partOf(this.#fleet, this.#machines[index] ?? []);
  }
}
