import type { FactoryDescription } from '../core/factory.ts';
import type { Log } from '../runtime/log.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { sleep } from '../runtime/sleep.ts';
import { type Fleet, nextFleet } from '../simulation/fleet.ts';
import type { Database } from '../store/database.ts';
import {
  type Counts,
  checkConfirmed,
  countFactory,
  countMachine,
  createFactory,
  createMachine,
  deactivateFactory,
  deactivateMachine,
  type FactoryRow,
  type Input,
  type MachineRow,
  purgeFactory,
  purgeMachine,
  updateFactory,
  updateMachine,
} from '../store/registry-changes.ts';
import { StoreError } from '../store/store-error.ts';
import { CommandError } from './command-error.ts';
import type { Selection } from './directory.ts';
import type { RegistrySource } from './registry-source.ts';
import type { Simulator } from './simulator.ts';

/** The database is asked so often whether somebody else has changed a row [ms of real time]. */
const POLL_MS = 20_000;
/** Sinks that are well have what a machine said last within this [ms of real time]. */
const DELIVERED_MAX_MS = 5000;
const DELIVERED_POLL_MS = 50;

/** What is done to the rows of one table. */
interface RowChanges {
  create(database: Database, input: Input): Promise<FactoryRow | MachineRow>;
  update(database: Database, id: string, input: Input): Promise<FactoryRow | MachineRow>;
  deactivate(database: Database, id: string): Promise<FactoryRow | MachineRow>;
  count(database: Database, id: string): Promise<Counts>;
  purge(database: Database, id: string, confirmed: number): Promise<Counts>;
  selection(id: string): Selection;
}

const CHANGES = {
  factories: {
    create: createFactory,
    update: updateFactory,
    deactivate: deactivateFactory,
    count: countFactory,
    purge: purgeFactory,
    selection: (id) => ({ factoryIds: [id] }),
  },
  machines: {
    create: createMachine,
    update: updateMachine,
    deactivate: deactivateMachine,
    count: countMachine,
    purge: purgeMachine,
    selection: (id) => ({ machineIds: [id] }),
  },
} as const satisfies Record<string, RowChanges>;

/** A table of the registry. */
export type RegistryTable = keyof typeof CHANGES;

/** How a registry is kept up with. */
export interface RegistryOptions {
  /** Whether a machine that comes in runs at once. */
  readonly isAutoStart: boolean;
  /** {@link POLL_MS}, if not given. */
  readonly pollMs?: number | undefined;
  /** Goes on with another fleet; {@link Simulator.change}, if not given. */
  readonly handOver?: (fleet: Fleet) => Promise<void>;
}

/**
 * The registry while the factory runs: what a client changes in it holds at once, what others
 * change in the database within {@link POLL_MS}. One change is carried out after the other.
 */
export class Registry {
  readonly #simulator: Simulator;
  readonly #source: RegistrySource;
  readonly #log: Log;
  readonly #options: RegistryOptions;
  /** Every change sees what the one before has done. */
  readonly #changes = new SerialQueue();

  constructor(simulator: Simulator, source: RegistrySource, log: Log, options: RegistryOptions) {
    this.#simulator = simulator;
    this.#source = source;
    this.#log = log;
    this.#options = options;
  }

  /**
   * Puts a row into a table; what it describes runs from the next second on.
   *
   * @throws ConfigError for values that are not accepted, RegistryConflict for a row that does not
   *   go with others or refers to one that is not there, StoreError where the database is away.
   */
  create(table: RegistryTable, input: Input): Promise<FactoryRow | MachineRow> {
    return this.#changes.run(async () => {
      const row = await CHANGES[table].create(this.#source.database, input);
      await this.#refresh();
      return row;
    });
  }

  /** Changes some columns of a row. @throws Likewise. */
  update(table: RegistryTable, id: string, input: Input): Promise<FactoryRow | MachineRow> {
    return this.#changes.run(async () => {
      const row = await CHANGES[table].update(this.#source.database, id, input);
      await this.#refresh();
      return row;
    });
  }

  /** Stops machines and takes their row out of operation; it stays. @throws Likewise. */
  remove(table: RegistryTable, id: string): Promise<FactoryRow | MachineRow> {
    return this.#changes.run(() => this.#remove(table, id));
  }

  /** How many rows would go with a row. @throws Likewise. */
  count(table: RegistryTable, id: string): Promise<Counts> {
    return CHANGES[table].count(this.#source.database, id);
  }

  /**
   * Takes a row out of operation and deletes it, with all that hangs on it.
   *
   * @param confirmed - How many rows these are, as {@link Registry.count} said.
   * @throws Likewise; CommandError where a sink has not got all that its machines said.
   */
  purge(table: RegistryTable, id: string, confirmed: number): Promise<Counts> {
    return this.#changes.run(async () => {
      const { database } = this.#source;
      const { count, purge } = CHANGES[table];
      checkConfirmed(await count(database, id), confirmed);
      await this.#remove(table, id);
      await this.#delivered();
      return purge(database, id, confirmed);
    });
  }

  /** Takes over what others change in the database, until it is told to end. */
  async run(signal: AbortSignal): Promise<void> {
    const { pollMs = POLL_MS } = this.#options;
    let isAway = false;
    while (!signal.aborted) {
      await sleep(pollMs, signal);
      if (signal.aborted) return;
      try {
        await this.#changes.run(async () => {
          if (await this.#source.isOutdated()) await this.#refresh();
        });
        if (isAway) this.#log.info({}, 'the registry is read again');
        isAway = false;
      } catch (error) {
        if (!(error instanceof StoreError || error instanceof CommandError)) throw error;
        const fields = { reason: error.message };
        if (!isAway && !signal.aborted)
          this.#log.warn(fields, 'the registry cannot be read; what was read holds');
        isAway = true;
      }
    }
  }

  async #remove(table: RegistryTable, id: string): Promise<FactoryRow | MachineRow> {
    const { deactivate, selection } = CHANGES[table];
    const running = this.#simulator.fleet[table].some((each) => each.id === id.toLowerCase());
    if (running) await this.#simulator.setRunning(false, selection(id));
    const row = await deactivate(this.#source.database, id);
    await this.#refresh();
    return row;
  }

  async #refresh(): Promise<void> {
    try {
      await this.#take(await this.#source.read());
    } catch (error) {
      this.#source.forget();
      throw error;
    }
  }

  async #take(factories: readonly FactoryDescription[]): Promise<void> {
    const { fleet, timeline } = this.#simulator;
    const next = nextFleet(fleet, factories);
    await timeline.settled();
    const standing = next.machines.filter(
      ({ id }) => !fleet.byId.has(id) && !timeline.journal.isRunning(id, timeline.nextS()),
    );
    if (this.#options.isAutoStart && standing.length > 0)
      await timeline.append({ kind: 'start', machineIds: standing.map(({ id }) => id) });
    const { handOver } = this.#options;
    if (handOver) await handOver(next);
    else this.#simulator.change(next);
  }

  /** What is deleted must not be on its way to a sink, which could not store it any more. */
  async #delivered(): Promise<void> {
    const untilMs = performance.now() + DELIVERED_MAX_MS;
    while (!this.#simulator.isChangeDelivered) {
      if (performance.now() > untilMs)
        throw new CommandError(
          'conflict',
          'it is out of operation, but a sink has not got all of its readings; purge it later',
        );
      await sleep(DELIVERED_POLL_MS);
    }
  }
}
