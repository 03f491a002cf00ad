import type { ClientBase } from 'pg';
import { Batch } from '../../core/batch.ts';
import type { Machine } from '../../core/factory.ts';

/**
 * Machines whose row was deleted while readings of them were in flight. The foreign key of the
 * reading tables rejects their rows, but the rest of the batch must still be written.
 */
export class AbsentMachines {
  readonly #machines = new WeakSet<Machine>();
  #hasAny = false;

  /** Finds the machines of a batch that have no row. */
  async find(client: ClientBase, batch: Batch): Promise<void> {
    const machines = new Set(batch.machines.slice(0, batch.length));
    const { rows } = await client.query<{ id: string }>(
      'select id::text from machines where id::text = any($1::text[])',
      [Array.from(machines, ({ id }) => id.toLowerCase())],
    );
    const known = new Set(rows.map(({ id }) => id));
    for (const machine of machines) {
      if (known.has(machine.id.toLowerCase())) continue;
      this.#machines.add(machine);
      this.#hasAny = true;
    }
  }

  /** Whether a machine had no row. */
  has(machine: Machine): boolean {
    return this.#machines.has(machine);
  }

  /** A batch without the rows of such machines; the batch itself if it has none. */
  without(batch: Batch): Batch {
    const isAbsent = (row: number) => this.#machines.has(batch.machines[row] as Machine);
    if (!this.#hasAny || !batch.machines.slice(0, batch.length).some((_, row) => isAbsent(row)))
      return batch;
    const rest = new Batch(batch.length);
    for (let row = 0; row < batch.length; row++) if (!isAbsent(row)) rest.append(batch, row);
    rest.untilMs = batch.untilMs;
    return rest;
  }
}
