/** The world around a simulator in a simulated voyage: sinks, a store, and their failures. */
import assert from 'node:assert/strict';
import { type Batch, READING } from '../../src/core/batch.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { JournalEvent } from '../../src/core/journal.ts';
import { Random } from '../../src/core/random.ts';
import type {
  DeliveredSink,
  Gap,
  SinkObserver,
  Watermark,
  Watermarks,
} from '../../src/core/sink.ts';
import { type Message, Messages } from '../../src/outputs/mqtt/messages.ts';
import type { DurableLog } from '../../src/service/durable-log.ts';

/** Random numbers from a seed. */
export class Dice {
  readonly #random: Random;
  #throws = 0;

  constructor(seed: number) {
    this.#random = new Random(seed, 'voyage');
  }

  /** A uniform number in [0, 1). */
  share(): number {
    return this.#random.uniform(0, this.#throws++);
  }

  /** Whether an event of this probability happens. */
  chance(probability: number): boolean {
    return this.share() < probability;
  }

  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.share() * (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)] as T;
  }
}

/** A pending request from the simulator to the world. */
export interface Question {
  readonly asker: object;
  readonly kind: 'write' | 'load' | 'save' | 'ready' | 'keep';
  /** Set if there is no answer until the caller gives up. */
  isHanging: boolean;
  /** Does a share of the request, 0 to 1 (all), and reports success or failure. */
  answer(doneShare: number, isSuccess: boolean): void;
  /** Does a share of the request and reports nothing. */
  hang(doneShare: number): void;
}

/** One process of the simulator, from its start to its end, as the world sees it. */
export class Life {
  readonly questions: Question[] = [];
  readonly waiters: Waiter[] = [];
  /** Grows with every activity of the process, so a voyage sees when it is idle. */
  activity = 0;
  isOver = false;
  /** What must not have happened. */
  readonly failures: unknown[] = [];

  /** Records a failure that the process itself would attribute to the world. */
  check(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failures.push(error);
    }
  }

  /** @param act - Does a share of the request; called once. */
  ask<T>(
    asker: object,
    kind: Question['kind'],
    act: (doneShare: number) => T | Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isOver) {
        reject(new Error('the process has ended'));
        return;
      }
      const question: Question = {
        asker,
        kind,
        isHanging: false,
        answer: (doneShare, isSuccess) => {
          this.activity++;
          this.questions.splice(this.questions.indexOf(question), 1);
          const result = question.isHanging ? undefined : act(doneShare);
          if (isSuccess) resolve(result as T | Promise<T>);
          else reject(new Error(`no ${kind} now`));
        },
        hang: (doneShare) => {
          act(doneShare);
          question.isHanging = true;
        },
      };
      this.activity++;
      this.questions.push(question);
    });
  }

  /** Ends it like `kill -9`: pending requests are done in part or not at all. */
  kill(dice: Dice): void {
    this.isOver = true;
    for (const { answer } of [...this.questions]) answer(dice.pick([0, dice.share(), 1]), false);
  }

  /** Whether everything in the process waits, for time or for the world. */
  get isAtRest(): boolean {
    return this.waiters.every((waiter) => waiter.isDone || waiter.isWaiting(this.questions));
  }
}

/** A clock that knows whether the only part of a process that uses it is waiting. */
export class Waiter implements Clock {
  isDone = false;
  readonly #life: Life;
  readonly #clock: Clock;
  readonly #store: object;
  #waits = 0;

  /** @param store - Its requests are waited for too. */
  constructor(life: Life, clock: Clock, store: object) {
    this.#life = life;
    this.#clock = clock;
    this.#store = store;
    life.waiters.push(this);
  }

  get speed(): number {
    return this.#clock.speed;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  async until(timeMs: number, signal?: AbortSignal): Promise<void> {
    this.#life.activity++;
    this.#waits++;
    await this.#clock.until(timeMs, signal);
    this.#waits--;
    this.#life.activity++;
  }

  isWaiting(questions: readonly Question[]): boolean {
    const isAsking = ({ asker }: Question) => asker === this || asker === this.#store;
    return this.#waits > 0 || questions.some(isAsking);
  }
}

/** A span that a delivery reports as left out. */
export interface ToldGap extends Gap {
  readonly isSpread: boolean;
  readonly share: { readonly index: number; readonly count: number };
}

/** What has arrived at the other side of a sink; it outlives every process. */
export class Receiver {
  readonly name: string;
  readonly batchRows: number;
  /** Whether it stores the watermark together with the rows, like a database. */
  readonly keepsWatermark: boolean;
  readonly gaps: ToldGap[] = [];
  /** By topic and time, see {@link keyOf}. */
  readonly payloads = new Map<string, string>();
  messages = 0;

  constructor({ name, batchRows, keepsWatermark }: Omit<ReceiverPlan, 'form'>) {
    this.name = name;
    this.batchRows = batchRows;
    this.keepsWatermark = keepsWatermark;
  }

  take(messages: readonly Message[]): void {
    for (const message of messages) {
      this.messages++;
      const key = keyOf(message);
      const text = String(message.payload);
      const before = this.payloads.get(key) ?? text;
      assert.equal(text, before, `${this.name}: ${key} came again with other bytes`);
      this.payloads.set(key, text);
    }
  }
}

/** Properties of a receiver. */
export interface ReceiverPlan {
  readonly name: string;
  readonly batchRows: number;
  readonly keepsWatermark: boolean;
}

/**
 * The key of a unique payload: topic and time [ms] of a reading. A removed machine may
 * publish two statuses at one instant.
 */
export function keyOf({ topic, payload, isRetained }: Message): string {
  const from = payload.indexOf(':"') + 2;
  const timeMs = Date.parse(payload.toString('latin1', from, payload.indexOf('"', from)));
  return isRetained ? `${topic} ${timeMs} ${payload}` : `${topic} ${timeMs}`;
}

/**
 * A sink of one process. It checks the promises of delivery: each topic in order, each time
 * once, and after a failure the same batch again.
 */
export class VoyageSink implements DeliveredSink {
  readonly name: string;
  readonly batchRows: number;
  readonly keepsWatermark: boolean;
  isConnected = true;
  connectionCount = 1;
  bytesWritten = 0;
  /** Set if its peer no longer acknowledges anything. */
  isStarving = false;
  readonly #life: Life;
  readonly #waiter: Waiter;
  readonly #receiver: Receiver;
  readonly #watermarks: Watermarks;
  readonly #encoder = new Messages();
  readonly #reachedMs = new Map<string, number>();
  #refused: readonly string[] | undefined;
  #observer: SinkObserver | undefined;

  constructor(life: Life, waiter: Waiter, receiver: Receiver, watermarks: Watermarks) {
    this.name = receiver.name;
    this.batchRows = receiver.batchRows;
    this.keepsWatermark = receiver.keepsWatermark;
    this.#life = life;
    this.#waiter = waiter;
    this.#receiver = receiver;
    this.#watermarks = watermarks;
  }

  observe(observer: SinkObserver): void {
    this.#observer = observer;
  }

  async write(batch: Batch): Promise<void> {
    if (!this.isConnected) this.connectionCount++;
    this.isConnected = true;
    const { untilMs } = batch;
    const messages = [...this.#encoder.of(batch)];
    let reached: ReadonlyMap<string, number> = new Map();
    this.#life.check(() => {
      this.#checkRepeat(messages.filter(({ isRetained }) => !isRetained).map(keyOf));
      reached = this.#inOrder(batch);
    });
    await this.#life.ask(this.#waiter, 'write', (doneShare) => {
      this.#receiver.take(messages.slice(0, Math.floor(doneShare * messages.length)));
      if (doneShare === 1 && this.keepsWatermark)
        void this.#watermarks.save(this.name, { timeMs: untilMs, liveFromMs: untilMs });
    });
    this.#refused = undefined;
    for (const [topic, timeMs] of reached) this.#reachedMs.set(topic, timeMs);
  }

  /** Acknowledges something, unless its peer is silent. */
  progress(): void {
    if (!this.isStarving) this.#observer?.progress();
  }

  /** Loses its connection. */
  lose(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.#observer?.lost(new Error('the connection was lost'));
  }

  /** Whether a request is its own. */
  hasAsked({ asker }: Question): boolean {
    return asker === this.#waiter;
  }

  /** Allows the next rows to be repeats: part of an instant in which a gap begins. */
  forget(): void {
    this.#reachedMs.clear();
  }

  /** Gives up the hanging write. */
  reset(): void {
    this.isConnected = false;
    this.isStarving = false;
    const question = this.#life.questions.find(({ asker }) => asker === this.#waiter);
    question?.answer(0, false);
  }

  async close(): Promise<void> {}

  #checkRepeat(keys: readonly string[]): void {
    if (this.#refused)
      assert.deepEqual(keys, this.#refused, `${this.name}: another batch after one that failed`);
    this.#refused = keys;
  }

  #inOrder({ length, machines, timesMs, flags }: Batch): ReadonlyMap<string, number> {
    const reached = new Map<string, number>();
    for (const [row, { topic }] of machines.slice(0, length).entries()) {
      if (((flags[row] as number) & READING) === 0) continue;
      const timeMs = timesMs[row] as number;
      const beforeMs = reached.get(topic) ?? this.#reachedMs.get(topic) ?? -Infinity;
      const what = `${this.name}: ${topic} ${timeMs} came after ${beforeMs}`;
      assert.ok(timeMs > beforeMs, what);
      reached.set(topic, timeMs);
    }
    return reached;
  }
}

/** Watermarks in a store that answers when the voyage says so. */
export class VoyageWatermarks implements Watermarks {
  readonly #life: Life;
  readonly #receiver: Receiver;
  readonly #kept: Watermarks;

  /** @param kept - The watermarks that outlive the process; settles at once. */
  constructor(life: Life, receiver: Receiver, kept: Watermarks) {
    this.#life = life;
    this.#receiver = receiver;
    this.#kept = kept;
  }

  load(name: string): Promise<Watermark | undefined> {
    return this.#life.ask(this.#receiver, 'load', () => this.#kept.load(name));
  }

  async save(name: string, watermark: Watermark): Promise<void> {
    await this.#life.ask(this.#receiver, 'save', (doneShare) => {
      if (doneShare === 1) void this.#kept.save(name, watermark);
    });
  }
}

/**
 * The journal's store. An event that it stored although it reported a failure is removed
 * before it stores another one, and before the process ends.
 */
export class VoyageJournal implements DurableLog {
  readonly #life: Life;
  readonly #kept: JournalEvent[];
  #doubtful: JournalEvent | undefined;

  /** @param kept - The events that outlive the process. */
  constructor(life: Life, kept: JournalEvent[]) {
    this.#life = life;
    this.#kept = kept;
  }

  ready(): Promise<void> {
    return this.#life.ask(this, 'ready', () => undefined);
  }

  async keep(event: JournalEvent): Promise<void> {
    let isKept = false;
    const asked = this.#life.ask(this, 'keep', (doneShare) => {
      this.takeBack();
      isKept = doneShare === 1;
      if (isKept) this.#kept.push(event);
    });
    await asked.catch((error) => {
      if (isKept && !this.#life.isOver) this.#doubtful = event;
      throw error;
    });
  }

  /** Removes an event that was refused but stored. */
  takeBack(): void {
    if (this.#doubtful) assert.equal(this.#kept.pop(), this.#doubtful);
    this.#doubtful = undefined;
  }
}
