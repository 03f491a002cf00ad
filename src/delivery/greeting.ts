import { type Batch, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';

/**
 * Says every machine's status again to a sink that may have forgotten it: a broker that was
 * restarted, say. Machines that run say it with their next reading, the others at once; seeking
 * anew would do the same, but takes a millisecond a machine.
 */
export class Greeting {
  readonly #unsaid = new Set<Machine>();

  /** Begins, and gives the statuses of the machines that stand at an instant. */
  *begin(fleet: Fleet, timeMs: number): Generator<Batch> {
    const standing: Machine[] = [];
    this.#unsaid.clear();
    for (const machine of fleet.machines) {
      if (fleet.journal.isRunning(machine.id, timeMs / 1000)) this.#unsaid.add(machine);
      else standing.push(machine);
    }
    if (standing.length === 0) return;
    const reader = createReader(fleet, { machines: standing });
    reader.seek(timeMs, true);
    yield* batches(reader, timeMs);
  }

  /** Adds a status to the first reading of each machine that has not said it yet. */
  join(batch: Batch): void {
    if (this.#unsaid.size === 0) return;
    for (let row = 0; row < batch.length; row++)
      if (this.#unsaid.delete(batch.machines[row] as Machine))
        batch.flags[row] = (batch.flags[row] as number) | STATUS;
  }
}
