import type { JournalEntry, JournalEvent } from '../../core/journal.ts';
import type { Database, Queries } from '../database.ts';
import { insertEvent, loadEvents } from '../journal-rows.ts';
import type { ClockRecord } from '../tables.ts';
import { wakeAll } from './wakes.ts';

/** How long a process, even a suspended one, may keep the others waiting [ms]. */
const LOCK_MAX_MS = 3000;

/** The horizon of a cluster, where its past ends, with everything a reader needs up to there. */
export interface SharedHorizon {
  /** The last simulated second that is final: nothing can happen in it any more. */
  readonly closedS: number;
  /** Every event on record after the last known one. */
  readonly events: readonly JournalEvent[];
  /** Increases with each change of the registry. */
  readonly registryVersion: number;
  /** The registry applies after this second, which no reader had passed when it changed. */
  readonly registryFromS: number;
  readonly clock: ClockRecord;
  /** Real time, by the database's clock [ms]. */
  readonly realMs: number;
}

/** An event that was stored. */
export interface Appended {
  /** The events that were unknown here, with the new one last. */
  readonly events: readonly JournalEvent[];
  readonly event: JournalEvent;
  /** The clock, if the event changed it. */
  readonly clock: ClockRecord | undefined;
}

/** A change of the registry, as all processes of a cluster see it. */
export interface RegistryChange {
  readonly version: number;
  /** The last second before the change. */
  readonly fromS: number;
}

/**
 * The horizon of a cluster: one row through which any number of processes agree without knowing
 * each other. A second is closed before it is read, and an event gets a second that is not closed
 * yet; both lock the row. There is one clock, the database's.
 */
export class HorizonTable {
  readonly #database: Database;
  readonly #lockMaxMs: number;

  /** @param lockMaxMs - How long this process may keep the others waiting. */
  constructor(database: Database, lockMaxMs = LOCK_MAX_MS) {
    this.#database = database;
    this.#lockMaxMs = lockMaxMs;
  }

  /** Creates the horizon of a new cluster. Everything before now is closed. */
  async begin(): Promise<void> {
    await this.#database.query(
      `insert into simulator.horizon (closed_s) values (floor(simulator.simulated_ms() / 1000))
       on conflict do nothing`,
    );
  }

  /** The version of the registry; 0 before the horizon exists. */
  async registryVersion(): Promise<number> {
    const [row] = await this.#database.query<{ version: number }>(
      'select registry_version as version from simulator.horizon',
    );
    return row?.version ?? 0;
  }

  /** Closes all seconds that have passed, and reads the horizon. */
  async close(known: JournalEvent | undefined): Promise<SharedHorizon> {
    await this.#database.query('select simulator.close_horizon()');
    const [row] = await this.#database.query<HorizonRow>(
      `select closed_s, registry_version, registry_from_s, simulated_ms, real_ms, speed,
         1000 * extract(epoch from clock_timestamp())::float8 as now_ms,
         coalesce((select max(sequence) from simulator.events), 0) as last_sequence
       from simulator.horizon cross join simulator.clock`,
    );
    const found = row as HorizonRow;
    // An event of a closed second was stored before the second was closed, so it is found now.
    const events =
      found.last_sequence > (known?.sequence ?? 0)
        ? await loadEvents(this.#database, this.#database.location, known)
        : [];
    return {
      closedS: found.closed_s,
      events,
      registryVersion: found.registry_version,
      registryFromS: found.registry_from_s,
      clock: { simulatedMs: found.simulated_ms, realMs: found.real_ms, speed: found.speed },
      realMs: found.now_ms,
    };
  }

  /**
   * Stores an event at a second that no process has read. A `speed` event also changes the clock.
   *
   * @param known - The last event that this process knows.
   * @throws StoreError if the event is not stored or, if `isUncertain`, may not be.
   */
  append(known: JournalEvent | undefined, entry: JournalEntry): Promise<Appended> {
    return this.#database.transaction(async (queries) => {
      const nextS = await this.#lock(queries);
      const events = await loadEvents(queries, this.#database.location, known);
      const before = events.at(-1) ?? known;
      const event: JournalEvent = {
        ...entry,
        sequence: (before?.sequence ?? 0) + 1,
        timeS: Math.max(nextS, before?.timeS ?? nextS),
      };
      await insertEvent(queries, event);
      const clock = event.kind === 'speed' ? await setSpeed(queries, event.speed) : undefined;
      await wakeAll(queries);
      return { events: [...events, event], event, clock };
    });
  }

  /**
   * Records that the registry has changed, effective from a second that no process has read.
   * Reporting the same change again, from any process, has no effect.
   *
   * @param digest - The digest of the current registry.
   */
  changeRegistry(digest: string): Promise<RegistryChange> {
    return this.#database.transaction(async (queries) => {
      const nextS = await this.#lock(queries);
      await queries.query(
        `update simulator.horizon set registry_version = registry_version + 1,
           registry_digest = $1,
           registry_from_s = greatest($2, (select max(time_s) from simulator.events))
         where registry_digest is distinct from $1`,
        [digest, nextS],
      );
      await wakeAll(queries);
      const [row] = await queries.query<RegistryChange>(
        `select registry_version as version, registry_from_s as "fromS" from simulator.horizon`,
      );
      return row as RegistryChange;
    });
  }

  /** Blocks closing and appending until the transaction ends. @returns The next second. */
  async #lock(queries: Queries): Promise<number> {
    await queries.query(`set local idle_in_transaction_session_timeout = ${this.#lockMaxMs}`);
    await queries.query('select from simulator.horizon for update');
    const [row] = await queries.query<{ next_s: number }>(
      `select 1 + greatest(closed_s, floor(simulator.simulated_ms() / 1000)) as next_s
       from simulator.horizon`,
    );
    return (row as { next_s: number }).next_s;
  }
}

interface HorizonRow {
  readonly closed_s: number;
  readonly registry_version: number;
  readonly registry_from_s: number;
  readonly simulated_ms: number;
  readonly real_ms: number;
  readonly speed: number;
  readonly now_ms: number;
  readonly last_sequence: number;
}

/** Changes the speed of the clock from now on. Simulated time does not jump. */
async function setSpeed(queries: Queries, speed: number): Promise<ClockRecord> {
  const [record] = await queries.query<ClockRecord>(
    `update simulator.clock set simulated_ms = simulated_ms + (now_ms - real_ms) * speed,
       real_ms = now_ms, speed = $1::float8, updated_at = now()
     from (select 1000 * extract(epoch from clock_timestamp())::float8 as now_ms) as present
     returning simulated_ms as "simulatedMs", real_ms as "realMs", speed`,
    [speed],
  );
  return record as ClockRecord;
}
