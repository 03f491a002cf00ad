import { createHash } from 'node:crypto';
import type { Machine } from '../../core/factory.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import { Reader } from '../../simulation/reader.ts';

/**
 * The shard of a machine: the first 32 bits of its id's SHA-256, by the number of shards. It
 * depends on nothing else, so a machine stays in its shard whatever comes or goes beside it.
 */
export function shardOf(machineId: string, shards: number): number {
  const digest = createHash('sha256').update(machineId.toLowerCase()).digest();
  return digest.readUInt32BE(0) % shards;
}

/** A fleet by its shards. */
export class Partition {
  readonly #fleet: Fleet;
  readonly #machines: readonly Machine[][];

  constructor(fleet: Fleet, shards: number) {
    this.#fleet = fleet;
    this.#machines = Array.from({ length: shards }, () => []);
    for (const machine of fleet.machines)
      (this.#machines[shardOf(machine.id, shards)] as Machine[]).push(machine);
  }

  /** How many machines a shard has. */
  machinesOf(shard: number): number {
    return this.#machines[shard]?.length ?? 0;
  }

  /**
   * The fleet of a shard: its machines say what they say in the whole fleet, since what they take
   * from each other follows from the descriptions and not from who is read.
   */
  of(shard: number): Fleet {
    const machines = this.#machines[shard] ?? [];
    const shards = this.#machines.length;
    const fleet: Fleet = {
      ...this.#fleet,
      machines,
      byId: new Map(machines.map((machine) => [machine.id, machine])),
      reader: (options) => new Reader(fleet, options),
      with: (factories) => new Partition(this.#fleet.with(factories), shards).of(shard),
    };
    return fleet;
  }
}
