import type { JournalEntry, JournalEvent } from '../../core/journal.ts';
import type { Database, Queries } from '../database.ts';
import { insertEvent, loadEvents } from '../journal-rows.ts';
import type { ClockRecord } from '../tables.ts';
import { wakeAll } from './wakes.ts';

/** No process keeps the others waiting for longer, not even one that is suspended. */
const LOCK_MAX = '3s';

/** Where the past of a cluster ends, and all that follows for who reads up to there. */
export interface SharedHorizon {
  /** Nothing can happen up to and including this simulated second any more. */
  readonly closedS: number;
  /** Every event on record after the one that was known. */
  readonly events: readonly JournalEvent[];
  /** One more with each change of the registry. */
  readonly registryVersion: number;
  /** The registry holds after this second, which no reader had passed when it was changed. */
  readonly registryFromS: number;
  readonly clock: ClockRecord;
  /** Real time, by the database's clock [ms]. */
  readonly realMs: number;
}

/** An event that was put on record. */
export interface Appended {
  /** The events that were not known, and the new one behind them. */
  readonly events: readonly JournalEvent[];
  readonly event: JournalEvent;
  /** The clock, where the event has changed it. */
  readonly clock: ClockRecord | undefined;
}

/** A change of the registry as all processes of a cluster see it. */
export interface RegistryChange {
  readonly version: number;
  /** The last second before it. */
  readonly fromS: number;
}

/**
 * Where the past of a cluster ends: one row, by which any number of processes agree without
 * knowing of each other. A second is closed before anybody reads it, an event gets a second that is
 * not closed, and both lock the row. There is one clock, the database's.
 */
export class HorizonTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Begins the horizon of a new cluster: what lies before now is closed. */
  async begin(): Promise<void> {
    await this.#database.query(
      `insert into simulator.horizon (closed_s) values (floor(simulator.simulated_ms() / 1000))
       on conflict do nothing`,
    );
  }

  /** The version of the registry; 0 before the horizon has begun. */
  async registryVersion(): Promise<number> {
    const [row] = await this.#database.query<{ version: number }>(
      'select registry_version as version from simulator.horizon',
    );
    return row?.version ?? 0;
  }

  /** Closes all seconds that have passed, and reads what there is up to them. */
  async close(known: JournalEvent | undefined): Promise<SharedHorizon> {
    await this.#database.query('select simulator.close_horizon()');
    const [row] = await this.#database.query<HorizonRow>(
      `select closed_s, registry_version, registry_from_s, simulated_ms, real_ms, speed,
         1000 * extract(epoch from clock_timestamp())::float8 as now_ms,
         coalesce((select max(sequence) from simulator.events), 0) as last_sequence
       from simulator.horizon cross join simulator.clock`,
    );
    const found = row as HorizonRow;
    // An event of a closed second was there before the second was closed, so it is found now.
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
   * Puts an event on record, at a second that no reader of any process has read. One of kind
   * `speed` changes the clock with it.
   *
   * @param known - The last event that is known here.
   * @throws StoreError where it is not kept or, where `isUncertain` says so, may be.
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
   * Puts on record that the registry has changed, from a second on that no reader has read. The
   * same change, told again by another process, changes nothing.
   *
   * @param digest - Of the registry as it is now.
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

  /** Keeps others from closing and appending until the transaction ends; the next second. */
  async #lock(queries: Queries): Promise<number> {
    await queries.query(`set local idle_in_transaction_session_timeout = '${LOCK_MAX}'`);
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

/** Changes the speed of the clock from now on; simulated time does not jump. */
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
