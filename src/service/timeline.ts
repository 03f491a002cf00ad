import type { Clock } from '../core/clock.ts';
import type { Journal, JournalEntry, JournalEvent } from '../core/journal.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { CommandError } from './command-error.ts';
import type { DurableLog } from './durable-log.ts';

/** Events that may wait for their turn: more come only from a client that does not listen. */
const WAITING_MAX = 1000;
/** Events that a journal may hold: some 200 MB of memory, an event a second for eleven days. */
const JOURNAL_MAX = 1_000_000;
/** A command that the journal has not taken within this is refused [ms of real time]. */
const TAKEN_MAX_MS = 5000;

/**
 * Where the past ends, as readers and commands see it. Readers go as far as the horizon, events
 * happen beyond it, so no reader ever finds the past changed.
 */
export abstract class Chronology {
  readonly journal: Journal;
  readonly #takenMaxMs: number;
  readonly #queue = new SerialQueue();
  #waiting = 0;

  constructor(journal: Journal, takenMaxMs = TAKEN_MAX_MS) {
    this.journal = journal;
    this.#takenMaxMs = takenMaxMs;
  }

  /** The latest instant up to which nothing can happen any more; it never goes back. */
  abstract closedMs(): number;

  /** The second at which the next event will hold, and from which its effect can be told. */
  abstract nextS(): number;

  /**
   * Makes something happen at the next second, and puts it into the journal.
   *
   * @param untilMs - When to give up, by `performance.now()`.
   */
  protected abstract appendNow(entry: JournalEntry, untilMs: number): Promise<JournalEvent>;

  /** The latest whole second that readers may read. */
  horizonMs(): number {
    return Math.floor(this.closedMs() / 1000) * 1000;
  }

  /**
   * Makes something happen at the next second, after the events that were asked for before.
   *
   * @throws CommandError where too many events wait, or the journal is full or cannot be written;
   *   then nothing has happened.
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

  /** Settles when the events asked for so far are in the journal or have failed. */
  async settled(): Promise<void> {
    await this.#queue.settled();
  }

  /** Has some work see what all before it has done, whatever became of that. */
  protected alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }
}

/**
 * The past of a simulator that is alone.
 *
 * An event is given the next whole simulated second after everything that any reader may have
 * read. The horizon stays below it until the event is durable and in the journal: not before the
 * log says that it would take the event at once, since readers would stand still for one that is
 * away.
 */
export class Timeline extends Chronology {
  readonly #clock: Clock;
  readonly #log: DurableLog;
  /** The latest instant that a reader was allowed to read. */
  #handedMs = Number.NEGATIVE_INFINITY;
  /** The second of the event that is on its way into the journal. */
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
      this.journal.append(event);
      return event;
    } finally {
      this.#pendingS = Number.POSITIVE_INFINITY;
    }
  }

  async #taken(untilMs: number, work: (withinMs: number) => Promise<void>): Promise<void> {
    try {
      const restMs = Math.round(untilMs - performance.now());
      if (restMs <= 0) throw new Error('the commands before it took too long');
      await work(restMs);
    } catch (cause) {
      throw new CommandError('unavailable', 'the journal cannot be written now', [], { cause });
    }
  }
}
