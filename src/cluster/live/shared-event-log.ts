import { isDeepStrictEqual } from 'node:util';
import type { FactoryDescription } from '../../core/factory.ts';
import type { Journal, JournalEntry, JournalEvent } from '../../core/journal.ts';
import type { Problem } from '../../core/problem.ts';
import { BackOff } from '../../runtime/back-off.ts';
import type { Log } from '../../runtime/log.ts';
import { sleep } from '../../runtime/sleep.ts';
import { CommandError } from '../../service/command-error.ts';
import { EventLog } from '../../service/event-log.ts';
import type { HorizonTable, SharedHorizon } from '../../store/cluster/horizon-table.ts';
import { StoreError } from '../../store/store-error.ts';
import { SharedClock } from './shared-clock.ts';

/**
 * Limits of the interval between two queries of the horizon [ms of real time]; in between, one
 * second.
 */
const TICK_MIN_MS = 100;
const TICK_MAX_MS = 1000;
/** How long to keep asking whether an event was stored when the answer was lost [ms]. */
const DOUBT_MAX_MS = 10_000;

/** How a process follows changes of the registry. */
export interface RegistryFollower {
  /** Reads the registry again. A factory file has none, so the factories stay the same. */
  read(): Promise<readonly FactoryDescription[]>;
  /**
   * Continues with other factories, and with what the journal tells by now, after an instant that
   * no reader has passed.
   */
  change(factories: readonly FactoryDescription[], fromMs: number): void;
}

/**
 * The past that all processes of a cluster agree on. Readers may read what the database has
 * closed. Each tick extends it, together with the events up to there, and first applies any change
 * of the registry on the way.
 */
export class SharedEventLog extends EventLog {
  readonly clock: SharedClock;
  readonly #table: HorizonTable;
  readonly #log: Log;
  #closedMs = Number.NEGATIVE_INFINITY;
  #registryVersion: number;
  #wake = new AbortController();
  #isAway = false;
  #problem: Problem | undefined;

  constructor(journal: Journal, table: HorizonTable, begun: SharedHorizon, log: Log) {
    super(journal);
    this.clock = new SharedClock(begun, log);
    this.#table = table;
    this.#log = log;
    this.#registryVersion = begun.registryVersion;
    this.#advanceTo(begun.closedS);
  }

  override closedMs(): number {
    return this.#closedMs;
  }

  override nextS(): number {
    const afterS = this.#closedMs / 1000 + 1;
    return Math.max(afterS, this.journal.events.at(-1)?.timeS ?? afterS);
  }

  /** Whether the last query of the database succeeded. */
  get isCurrent(): boolean {
    return !this.#isAway;
  }

  /** Why simulated time stands still and no event is accepted. Undefined while all is well. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Queries now instead of at the next tick. */
  wake(): void {
    this.#wake.abort();
  }

  /** Follows the horizon until the signal. */
  async run(signal: AbortSignal, follower: RegistryFollower): Promise<void> {
    const backOff = new BackOff();
    signal.addEventListener('abort', () => this.wake());
    while (!signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.alone(() => this.#tick(follower));
        if (this.#isAway) this.#log.info({}, 'simulated time continues');
        this.#isAway = false;
        this.#problem = undefined;
        backOff.works();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (signal.aborted) return;
        if (!this.#isAway)
          this.#log.warn(
            { reason: error.message },
            'simulated time stands still until it can be shared',
          );
        this.#isAway = true;
        const sinceMs = this.#problem?.sinceMs ?? Date.now();
        const reason = `simulated time stands still until it can be shared: ${error.message}`;
        this.#problem = { part: 'journal', reason, sinceMs };
        await sleep(backOff.nextMs(), signal);
        continue;
      }
      const restMs = this.clock.realMsUntil(this.#closedMs + 1000);
      const tickMs = Math.min(Math.max(restMs, TICK_MIN_MS), TICK_MAX_MS);
      await sleep(Math.ceil(tickMs), this.#wake.signal);
    }
  }

  /**
   * Announces a changed registry to all processes, and applies it here.
   *
   * @param digest - The digest of the registry that has these factories.
   * @throws StoreError if the database is unreachable.
   */
  changeRegistry(
    digest: string,
    factories: readonly FactoryDescription[],
    follower: RegistryFollower,
  ): Promise<void> {
    return this.alone(async () => {
      const { version, fromS } = await this.#table.changeRegistry(digest);
      if (version === this.#registryVersion) return;
      // Another process may have announced it first, and this one may have read on since.
      follower.change(factories, 1000 * Math.max(fromS, this.#closedMs / 1000));
      this.#registryVersion = version;
    });
  }

  protected override async appendNow(entry: JournalEntry): Promise<JournalEvent> {
    const untilMs = performance.now() + DOUBT_MAX_MS;
    const backOff = new BackOff();
    let isInDoubt = false;
    for (;;) {
      try {
        const kept = isInDoubt && (await this.#find(entry));
        return kept || (await this.#append(entry));
      } catch (cause) {
        if (!(cause instanceof StoreError)) throw cause;
        isInDoubt ||= cause.isUncertain;
        if (isInDoubt && performance.now() < untilMs) {
          await sleep(backOff.nextMs());
          continue;
        }
        const message = isInDoubt
          ? 'the database became unreachable: the journal will show whether this happened'
          : 'the journal cannot be written now';
        throw new CommandError('unavailable', message, [], { cause });
      }
    }
  }

  async #append(entry: JournalEntry): Promise<JournalEvent> {
    const known = this.journal.events.at(-1);
    const { events, event, clock } = await this.#table.append(known, entry);
    this.#appendEvents(events);
    if (clock) this.clock.sync({ clock, realMs: clock.realMs });
    return event;
  }

  /** Finds out whether an event of unknown fate was stored: among those not known here. */
  async #find(entry: JournalEntry): Promise<JournalEvent | undefined> {
    const { events } = await this.#table.close(this.journal.events.at(-1));
    this.#appendEvents(events);
    return events.find((event) => {
      const { sequence: _sequence, timeS: _timeS, ...other } = event;
      return isSame(other, entry);
    });
  }

  async #tick(follower: RegistryFollower): Promise<void> {
    const askedMs = performance.now();
    const horizon = await this.#table.close(this.journal.events.at(-1));
    this.clock.sync({ ...horizon, askedMs, heardMs: performance.now() });
    this.#appendEvents(horizon.events);
    if (horizon.registryVersion !== this.#registryVersion) {
      this.#advanceTo(Math.min(horizon.closedS, horizon.registryFromS));
      const factories = await follower.read();
      follower.change(factories, 1000 * Math.max(horizon.registryFromS, this.#closedMs / 1000));
      this.#registryVersion = horizon.registryVersion;
    }
    this.#advanceTo(horizon.closedS);
  }

  #appendEvents(events: readonly JournalEvent[]): void {
    for (const event of events) this.take(event);
  }

  #advanceTo(closedS: number): void {
    this.#closedMs = Math.max(this.#closedMs, 1000 * closedS);
    this.clock.advanceTo(this.#closedMs);
  }
}

/** Whether two objects are equal as JSON, whatever the order of their keys: jsonb sorts them. */
function isSame(a: object, b: object): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
}
