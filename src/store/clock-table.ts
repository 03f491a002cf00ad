import type { Queries } from './database.ts';

/** Which simulated instant belongs to which real one, and how fast simulated time runs. */
export interface ClockRecord {
  readonly simulatedMs: number;
  readonly realMs: number;
  /** Simulated seconds a real second. */
  readonly speed: number;
}

/** The clock on record, so that simulated time has passed while the process was away. */
export class ClockTable {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** None on an empty store. */
  async load(): Promise<ClockRecord | undefined> {
    const [row] = await this.#queries.query<ClockRecord>(
      `select simulated_ms as "simulatedMs", real_ms as "realMs", speed from simulator.clock`,
    );
    return row;
  }

  async save({ simulatedMs, realMs, speed }: ClockRecord): Promise<void> {
    await this.#queries.query(
      `insert into simulator.clock (simulated_ms, real_ms, speed) values ($1, $2, $3)
       on conflict (is_only) do update set simulated_ms = excluded.simulated_ms,
         real_ms = excluded.real_ms, speed = excluded.speed, updated_at = now()`,
      [simulatedMs, realMs, speed],
    );
  }
}
