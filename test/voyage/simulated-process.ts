/** One process of the simulator in a simulated voyage, from its start to its end. */
import assert from 'node:assert/strict';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { Journal, type JournalEvent, type Settings } from '../../src/core/journal.ts';
import type { Watermarks } from '../../src/core/sink.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { pacing } from '../../src/delivery/pace.ts';
import { Shares } from '../../src/delivery/shares.ts';
import { sharedWatermarks } from '../../src/delivery/watermarks.ts';
import type { InstantClock } from '../../src/service/clock.ts';
import { MonitoredLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { Observer } from '../../src/service/observer.ts';
import { Simulator } from '../../src/service/simulator.ts';
import { type Chapter, type Leg, legsOf, SPREAD_MAX_MS } from './simulated-past.ts';
import {
  type Dice,
  Life,
  type Question,
  type Receiver,
  type ToldGap,
  VoyageJournal,
  VoyageSink,
  VoyageWatermarks,
  Waiter,
} from './simulated-world.ts';

/** Replaces the 30 s after which delivery gives up [ms]. */
const STALL_MS = 30;
/** Turns without activity after which everything waits: delivery rests for one between batches. */
const CALM_TURNS = 4;
/** A process that is active for more turns than this never comes to rest. */
const TURNS_MAX = 20_000;
const LOG = { info() {}, warn() {} };

/** The form of delivery to a receiver; the next process may use another one. */
export interface Form {
  readonly isSpread: boolean;
  /** Number of deliveries that divide the machines. */
  readonly shares: number;
}

/** The state that outlives a process, and its configuration. */
export interface Estate {
  readonly seed: number;
  readonly clock: InstantClock;
  readonly leaps: () => number;
  readonly watermarks: Watermarks;
  readonly events: JournalEvent[];
  readonly chapters: readonly Chapter[];
  readonly settings: Settings;
  readonly startMs: number;
  readonly catchUpMs: number;
  readonly receivers: readonly { readonly receiver: Receiver; readonly form: Form }[];
}

/** A delivery, and its share of the machines. */
export interface Line {
  readonly receiver: Receiver;
  readonly share: ToldGap['share'];
  readonly sink: VoyageSink;
  readonly delivery: Delivery;
}

/** The whole simulator, in a world that answers when the voyage says so. */
export class SimulatedProcess {
  readonly life = new Life();
  readonly eventLog: LocalEventLog;
  readonly simulator: Simulator;
  readonly lines: readonly Line[];
  readonly #journalLog: VoyageJournal;
  readonly #kept: readonly JournalEvent[];
  readonly #end = new AbortController();
  readonly #running: Promise<void>[] = [];

  /** Starts with the state of earlier processes. */
  static async start(estate: Estate): Promise<SimulatedProcess> {
    const resumeMs = new Map<string, number>();
    for (const { receiver, form } of estate.receivers)
      for (let index = 0; index < form.shares; index++) {
        const saved = await watermarksOf(estate.watermarks, form)[index]?.load(receiver.name);
        resumeMs.set(`${receiver.name} ${index}`, saved?.timeMs ?? estate.startMs);
      }
    return new SimulatedProcess(estate, resumeMs);
  }

  private constructor(estate: Estate, resumeMs: ReadonlyMap<string, number>) {
    const { clock, events, chapters, settings, leaps, catchUpMs } = estate;
    const { life } = this;
    this.#kept = events;
    const journal = new Journal(settings, events);
    clock.setSpeed(events.findLast((event) => event.kind === 'speed')?.speed ?? 1);
    this.#journalLog = new VoyageJournal(life, events);
    const journalLog = new MonitoredLog(this.#journalLog, LOG);
    this.eventLog = new LocalEventLog(journal, clock, journalLog);
    const legs = legsOf(chapters, journal, estate.seed);
    const { fleet } = legs.at(-1) as Leg;
    this.lines = estate.receivers.flatMap(({ receiver, form }) => {
      const kept = new VoyageWatermarks(life, receiver, estate.watermarks);
      const watermarks = watermarksOf(kept, form);
      return Array.from({ length: form.shares }, (_, index) => {
        const fromMs = resumeMs.get(`${receiver.name} ${index}`) as number;
        const own = watermarks[index] as Watermarks;
        return this.#line(estate, receiver, form, index, own, legs, fromMs);
      });
    });
    const watching = new Waiter(life, clock, this.#journalLog);
    const observer = new Observer(fleet, this.eventLog, watching, 60, { leaps, catchUpMs });
    this.#run(watching, observer.run(this.#end.signal));
    this.simulator = new Simulator({
      fleet,
      clock,
      eventLog: this.eventLog,
      observer,
      deliveries: this.lines.map(({ delivery, share }) => ({
        get figures() {
          return delivery.figures;
        },
        get deliveredMs() {
          return delivery.deliveredMs;
        },
        follow: (next, fromMs) =>
          delivery.follow(new Shares(next, share.count).of(share.index), fromMs),
      })),
    });
  }

  /** Throws the error of any failed part of the process. */
  check(): void {
    const [failure] = this.life.failures;
    if (failure !== undefined) throw failure;
  }

  /** Runs until everything waits, for time or for the world. */
  async rest(): Promise<void> {
    const { life } = this;
    let seen = -1;
    for (let turns = 0, calm = 0; calm < CALM_TURNS; turns++) {
      assert.ok(turns < TURNS_MAX, 'it never comes to rest');
      await turn();
      this.check();
      for (const { sink } of this.lines) sink.progress();
      calm = seen === life.activity && life.isAtRest ? calm + 1 : 0;
      seen = life.activity;
    }
  }

  /** Waits until a sink whose write hangs has been reset. */
  async stall(question: Question): Promise<void> {
    const sink = this.lines.find(({ sink }) => sink.hasAsked(question))?.sink as VoyageSink;
    sink.isStarving = true;
    while (this.life.questions.includes(question)) {
      await pause(1);
      for (const { sink } of this.lines) sink.progress();
    }
  }

  /** Ends it like `kill -9`. */
  async kill(dice: Dice): Promise<void> {
    this.#journalLog.takeBack();
    this.life.kill(dice);
    this.#end.abort();
    await Promise.all(this.#running);
    this.check();
    this.#checkJournal();
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    let isOver = false;
    this.#end.abort();
    const stopping = this.lines.map(({ delivery }) => delivery.stop());
    void Promise.all([...stopping, ...this.#running]).then(() => {
      isOver = true;
    });
    while (!isOver) {
      for (const question of [...this.life.questions])
        question.answer(question.isHanging ? 0 : 1, !question.isHanging);
      await turn();
    }
    this.#journalLog.takeBack();
    this.life.isOver = true;
    this.check();
    this.#checkJournal();
  }

  /** Checks that acknowledged events are on record; one more, without a response, may be too. */
  #checkJournal(): void {
    const { events } = this.eventLog.journal;
    assert.deepEqual(this.#kept.slice(0, events.length), events, 'the journal on record');
    assert.ok(this.#kept.length <= events.length + 1, 'unexpected events on record');
  }

  #line(
    estate: Estate,
    receiver: Receiver,
    form: Form,
    index: number,
    own: Watermarks,
    legs: readonly Leg[],
    resumeMs: number,
  ): Line {
    const { clock, watermarks, startMs, catchUpMs, leaps } = estate;
    const { eventLog } = this;
    const { isSpread } = form;
    const share = { index, count: form.shares };
    const ownShare = ({ fleet }: Leg) => new Shares(fleet, share.count).of(index);
    // It continues with the fleet at its watermark, like a restarted reader process.
    const fromMs = resumeMs - (isSpread ? SPREAD_MAX_MS : 0);
    const first = Math.max(
      0,
      legs.findLastIndex((leg) => leg.fromMs <= fromMs),
    );
    const waiter = new Waiter(this.life, clock, receiver);
    const sink = new VoyageSink(this.life, waiter, receiver, watermarks);
    const paced = pacing({ isPaced: true }, { isSpread, catchUpRate: 0 }, () =>
      eventLog.closedMs(),
    );
    const delivery = new Delivery({
      fleet: ownShare(legs[first] as Leg),
      sink,
      clock: waiter,
      ...paced,
      watermarks: own,
      log: LOG,
      onGap: (gap) => {
        assert.ok(
          gap.toMs <= paced.horizonMs() - catchUpMs,
          'a gap that CATCH_UP does not ask for',
        );
        sink.forget();
        receiver.gaps.push({ ...gap, share, isSpread });
      },
      leaps,
      catchUpMs,
      beginMs: startMs,
      stallMs: STALL_MS,
      saveEveryMs: 0,
      retryMs: 0,
      sliceMs: Number.POSITIVE_INFINITY,
    });
    for (const leg of legs.slice(first + 1)) delivery.follow(ownShare(leg), leg.fromMs);
    this.#run(waiter, delivery.run(this.#end.signal));
    return { receiver, share, sink, delivery };
  }

  #run(waiter: Waiter, work: Promise<void>): void {
    const running = work
      .catch((error) => void this.life.failures.push(error))
      .finally(() => {
        waiter.isDone = true;
      });
    this.#running.push(running);
  }
}

/** The watermarks of each delivery to one receiver. */
function watermarksOf(watermarks: Watermarks, { shares }: Form): readonly Watermarks[] {
  return shares > 1 ? sharedWatermarks(watermarks, shares) : [watermarks];
}
