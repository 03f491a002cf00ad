import type { Clock } from '../core/clock.ts';
import { isTelling, type Journal, type JournalEntry, type JournalEvent } from '../core/journal.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { CommandError } from './command-error.ts';
import type { DurableLog } from './durable-log.ts';

/** Events that may wait to be appended; only a client that ignores answers sends more. */
const WAITING_MAX = 1000;
/**
 * Events that a journal may hold: about 200 MB of memory, or one event a second for eleven days.
 */
const JOURNAL_MAX = 1_000_000;
/** A command that the journal does not accept within this time is refused [ms of real time]. */
const TAKEN_MAX_MS = 5000;

/**
 * The journal and its horizon. Readers read up to the horizon and events take effect beyond it, so
 * the past that a reader has seen never changes.
 */
export abstract class EventLog {
  readonly journal: Journal;
  readonly #takenMaxMs: number;
  readonly #queue = new SerialQueue();
  #waiting = 0;
  #onTold: (fromMs: number) => void = () => undefined;

  constructor(journal: Journal, takenMaxMs = TAKEN_MAX_MS) {
    this.journal = journal;
    this.#takenMaxMs = takenMaxMs;
  }

  /** The latest instant up to which no more events can happen; it never decreases. */
  abstract closedMs(): number;

  /** The second at which the next event takes effect and can be observed. */
  abstract nextS(): number;

  /**
   * Appends an event that takes effect at the next second.
   *
   * @param untilMs - When to give up, by `performance.now()`.
   */
  protected abstract appendNow(entry: JournalEntry, untilMs: number): Promise<JournalEvent>;

  /** The latest whole second that readers may read. */
  horizonMs(): number {
    return Math.floor(this.closedMs() / 1000) * 1000;
  }

  /**
   * Appends an event that takes effect at the next second, after all events requested earlier.
   *
   * @throws CommandError if too many events are waiting, or the journal is full or cannot be
   *   written; nothing has changed then.
   */
  async append(entry: JournalEntry): Promise<JournalEvent> {
    if (this.#waiting >= WAITING_MAX)
      throw new CommandError('busy', `${WAITING_MAX} commands are waiting; try again later`);
    if (this.journal.events.length + this.#waiting >= JOURNAL_MAX)
      throw new CommandError('unavailable', `the journal is full: ${JOURNAL_MAX} events`);
    const untilMs = performance.now() + this.#takenMaxMs;
    this.#waiting++;
    try {
      return await this.alone(() => this.appendNow(entry, untilMs));
    } finally {
      this.#waiting--;
    }
  }

  /**
   * Calls `follow` when the journal has told something that changes the fleet, with the instant
   * after which the new fleet is to be read: {@link followedMs}.
   */
  onTold(follow: (fromMs: number) => void): void {
    this.#onTold = follow;
  }

  /** Takes an event that is durable into the journal. */
  protected take(event: JournalEvent): void {
    this.journal.append(event);
    if (isTelling(event)) this.#onTold(followedMs(event));
  }

  /** Settles when all events requested so far are in the journal or have failed. */
  async settled(): Promise<void> {
    await this.#queue.settled();
  }

  /**
   * Runs `work` after all work queued before it has settled, even if that work failed. Whatever
   * changes the fleet runs here, or in {@link onTold}: so no change is lost to another.
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }
}

/**
 * The instant after which readers follow a fleet that an event has changed [ms]: just before its
 * second, so that what is delivered in that second is delivered as the event has it.
 */
export function followedMs({ timeS }: JournalEvent): number {
  return 1000 * timeS - 1;
}

/**
 * The event log of a single simulator.
 *
 * An event takes effect at the next whole simulated second that no reader can have read. The
 * horizon stays below that second until the event is durable and in the journal. It is held back
 * only once the durable log is ready to accept the event; otherwise readers would stop while the
 * log is unavailable.
 */
export class LocalEventLog extends EventLog {
  readonly #clock: Clock;
  readonly #log: DurableLog;
  /** The latest instant that a reader was allowed to read. */
  #handedMs = Number.NEGATIVE_INFINITY;
  /** The second of the event that is being written to the journal. */
  #pendingS = Number.POSITIVE_INFINITY;

  constructor(journal: Journal, clock: Clock, log: DurableLog, takenMaxMs?: number) {
    super(journal, takenMaxMs);
    this.#clock = clock;
    this.#log = log;
  }

  override closedMs(): number {
    const openMs = Math.min(Math.floor(this.#clock.nowMs()), this.#pendingS * 1000 - 1);
    this.#handedMs = Math.max(this.#handedMs, openMs);
    return this.#handedMs;
  }

  override nextS(): number {
    const afterS = Math.floor(Math.max(this.#clock.nowMs(), this.#handedMs) / 1000) + 1;
    return Math.max(afterS, this.journal.events.at(-1)?.timeS ?? afterS);
  }

  protected override async appendNow(entry: JournalEntry, untilMs: number): Promise<JournalEvent> {
    const log = this.#log;
    if (log.ready) await this.#taken(untilMs, async (withinMs) => log.ready?.(withinMs));
    const sequence = (this.journal.events.at(-1)?.sequence ?? 0) + 1;
    const event: JournalEvent = { ...entry, sequence, timeS: this.nextS() };
    this.#pendingS = event.timeS;
    try {
      await this.#taken(untilMs, (withinMs) => log.keep(event, withinMs));
      this.take(event);
      return event;
    } finally {
      this.#pendingS = Number.POSITIVE_INFINITY;
    }
  }

  async #taken(untilMs: number, work: (withinMs: number) => Promise<void>): Promise<void> {
    try {
      const restMs = Math.round(untilMs - performance.now());
      if (restMs <= 0) throw new Error('earlier commands took too long');
      await work(restMs);
    } catch (cause) {
      throw new CommandError('unavailable', 'the journal cannot be written now', [], { cause });
    }
  }
}
