import type { Configuration } from '../config/configuration.ts';
import { withIntervals } from '../config/load.ts';
import type { FactoryDescription } from '../core/factory.ts';
import type { Log } from '../runtime/log.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Database } from '../store/database.ts';
import { createRow, deactivateRow, updateRow } from '../store/registry/change.ts';
import type { RegistryTable } from '../store/registry/columns.ts';
import type { Input } from '../store/registry/input.ts';
import { type Counts, checkConfirmed, countRows, purgeRow } from '../store/registry/purge.ts';
import { type RegistryReading, readRegistry, registryDigest } from '../store/registry/read.ts';
import type { FactoryRow, MachineRow } from '../store/registry/rows.ts';
import { StoreError } from '../store/store-error.ts';
import { machineBeginnings } from '../store/tables.ts';
import { CommandError } from './command-error.ts';
import type { Simulator } from './simulator.ts';

/** Interval at which the database is checked for external changes [ms of real time]. */
const POLL_MS = 20_000;
/** Time within which working sinks receive a machine's last reading [ms of real time]. */
const DELIVERED_MAX_MS = 5000;
const DELIVERED_POLL_MS = 50;

/** Options of {@link Registry}. */
export interface RegistryOptions {
  /** Whether a new machine starts at once. */
  readonly isAutoStart: boolean;
  /** {@link POLL_MS}, if not given. */
  readonly pollMs?: number | undefined;
  /** Switches to other factories; {@link Simulator.change}, if not given. */
  readonly handOver?: (factories: readonly FactoryDescription[]) => Promise<void>;
}

/**
 * The registry while the factory runs. Changes by clients take effect at once, external changes in
 * the database within {@link POLL_MS}. Changes are carried out one after another.
 */
export class Registry {
  readonly #simulator: Simulator;
  readonly #source: RegistrySource;
  readonly #log: Log;
  readonly #options: RegistryOptions;
  /** Each change sees the result of the previous one. */
  readonly #changes = new SerialQueue();

  constructor(simulator: Simulator, source: RegistrySource, log: Log, options: RegistryOptions) {
    this.#simulator = simulator;
    this.#source = source;
    this.#log = log;
    this.#options = options;
  }

  /**
   * Inserts a row; its factory or machine runs from the next second on.
   *
   * @throws ConfigError for values that are not accepted, RegistryConflict for a row that
   *   conflicts with others or refers to a missing one, StoreError if the database is away.
   */
  create(table: RegistryTable, input: Input): Promise<FactoryRow | MachineRow> {
    return this.#changes.run(async () => {
      const row = await createRow(this.#source.database, table, input, this.#source.catalogue);
      await this.#refresh();
      return row;
    });
  }

  /** Changes some columns of a row. @throws As {@link Registry.create}. */
  update(table: RegistryTable, id: string, input: Input): Promise<FactoryRow | MachineRow> {
    return this.#changes.run(async () => {
      const row = await updateRow(this.#source.database, table, id, input, this.#source.catalogue);
      await this.#refresh();
      return row;
    });
  }

  /** Stops machines and marks their row inactive. @throws As {@link Registry.create}. */
  remove(table: RegistryTable, id: string): Promise<FactoryRow | MachineRow> {
    return this.#changes.run(() => this.#remove(table, id));
  }

  /**
   * Counts the rows that would be deleted together with a row. @throws As {@link Registry.create}.
   */
  count(table: RegistryTable, id: string): Promise<Counts> {
    return countRows(this.#source.database, table, id);
  }

  /**
   * Takes a row out of operation and deletes it with all its dependent rows.
   *
   * @param confirmed - The number of these rows, as returned by {@link Registry.count}.
   * @throws As {@link Registry.create}; CommandError if a sink does not have all readings yet.
   */
  purge(table: RegistryTable, id: string, confirmed: number): Promise<Counts> {
    return this.#changes.run(async () => {
      const { database } = this.#source;
      checkConfirmed(await countRows(database, table, id), confirmed);
      await this.#remove(table, id);
      await this.#delivered();
      return purgeRow(database, table, id, confirmed);
    });
  }

  /** Applies external changes in the database until `signal` is aborted. */
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
        if (isAway) this.#log.info({}, 'the registry can be read again');
        isAway = false;
      } catch (error) {
        if (!(error instanceof StoreError || error instanceof CommandError)) throw error;
        const fields = { reason: error.message };
        if (!isAway && !signal.aborted)
          this.#log.warn(
            fields,
            'the registry cannot be read; the last known state stays in effect',
          );
        isAway = true;
      }
    }
  }

  async #remove(table: RegistryTable, id: string): Promise<FactoryRow | MachineRow> {
    const running = this.#simulator.fleet[table].some((each) => each.id === id.toLowerCase());
    const selection = table === 'factories' ? { factoryIds: [id] } : { machineIds: [id] };
    if (running) await this.#simulator.setRunning(false, selection);
    const row = await deactivateRow(this.#source.database, table, id);
    await this.#refresh();
    return row;
  }

  async #refresh(): Promise<void> {
    try {
      const { eventLog } = this.#simulator;
      await this.#take(await this.#source.read(() => eventLog.nextS()));
    } catch (error) {
      this.#source.forget();
      throw error;
    }
  }

  async #take(factories: readonly FactoryDescription[]): Promise<void> {
    const { fleet, eventLog } = this.#simulator;
    await eventLog.settled();
    const standing = factories
      .flatMap(({ machines }) => machines)
      .filter(({ id }) => !fleet.byId.has(id) && !eventLog.journal.isRunning(id, eventLog.nextS()));
    if (this.#options.isAutoStart && standing.length > 0)
      await eventLog.append({ kind: 'start', machineIds: standing.map(({ id }) => id) });
    const { handOver } = this.#options;
    if (handOver) await handOver(factories);
    else await eventLog.alone(async () => this.#simulator.change(factories));
  }

  /** Waits until no reading of a deleted row is in flight: a sink could no longer store it. */
  async #delivered(): Promise<void> {
    const untilMs = performance.now() + DELIVERED_MAX_MS;
    while (!this.#simulator.isChangeDelivered) {
      if (performance.now() > untilMs)
        throw new CommandError(
          'conflict',
          'it is out of operation, but a sink does not have all its readings yet; purge it later',
        );
      await sleep(DELIVERED_POLL_MS);
    }
  }
}

type RegistryConfiguration = Pick<Configuration, 'calendar' | 'catalogue' | 'intervalsS'>;

/**
 * The registry of a database as the simulator runs it. A problem with a row is logged once, and
 * again only if it changes.
 */
export class RegistrySource {
  readonly database: Database;
  readonly #configuration: RegistryConfiguration;
  readonly #log: Log;
  #digest: string | undefined;
  #factories: readonly FactoryDescription[] = [];
  #said: ReadonlySet<string> = new Set();

  constructor(database: Database, configuration: RegistryConfiguration, log: Log) {
    this.database = database;
    this.#configuration = configuration;
    this.#log = log;
  }

  /** The known machine types. */
  get catalogue(): Configuration['catalogue'] {
    return this.#configuration.catalogue;
  }

  /**
   * The factories that run.
   *
   * @param nowS - Simulated time, at which machines are added that the store does not know [s].
   * @throws StoreError if the database is away.
   */
  async read(nowS: () => number): Promise<readonly FactoryDescription[]> {
    const { calendar, catalogue, intervalsS } = this.#configuration;
    const reading = await readRegistry(this.database, catalogue, calendar, this.#factories);
    this.#report(reading);
    this.#digest = reading.digest;
    this.#factories = reading.factories;
    const ids = reading.factories.flatMap(({ machines }) => machines.map(({ id }) => id));
    const addedS = await machineBeginnings(this.database, ids, Math.floor(nowS()));
    return reading.factories.map((factory) =>
      withBeginnings(withIntervals(factory, intervalsS), addedS),
    );
  }

  /** Whether a row has changed since the last read. @throws StoreError if the database is away. */
  async isOutdated(): Promise<boolean> {
    return (await registryDigest(this.database)) !== this.#digest;
  }

  /** Digest of the last read, see {@link registryDigest}; undefined before, and after `forget`. */
  get digest(): string | undefined {
    return this.#digest;
  }

  /** Forces the next read, because the last one could not be applied. */
  forget(): void {
    this.#digest = undefined;
  }

  #report({ rejections, remarks }: RegistryReading): void {
    const said = new Set<string>();
    const say = (fields: object, line: string) => {
      if (!this.#said.has(line)) this.#log.warn(fields, line);
      said.add(line);
    };
    for (const { table, id, name, reason } of rejections)
      say({ table, id }, `${table}: ${name} does not run: ${reason}`);
    for (const remark of remarks) say({}, remark);
    this.#said = said;
  }
}

/** A factory with the instants at which its machines were added, as far as they were. */
function withBeginnings(
  factory: FactoryDescription,
  addedS: ReadonlyMap<string, number>,
): FactoryDescription {
  const machines = factory.machines.map((machine) => {
    const own = addedS.get(machine.id);
    return own === undefined ? machine : { ...machine, addedS: own };
  });
  return { ...factory, machines };
}
