import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Gap, Watermark, Watermarks } from '../core/sink.ts';
import type { RunningDelivery } from '../delivery/figures.ts';
import { type DeliveryFigures, together } from '../delivery/figures.ts';
import { sharedWatermarks } from '../delivery/watermarks.ts';
import { BackOff } from '../runtime/back-off.ts';
import { settledWithin } from '../runtime/deadline.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Fleet } from '../simulation/fleet.ts';
import type { ReaderNews, ReaderOrder, ReaderWord, SinkFigures } from './reader-process.ts';
import type { Timeline } from './timeline.ts';

/** Readers are told how far they may read so often [ms]. */
const TICK_MS = 50;
/** What readers have in flight when all ends may take so long; then they are killed [ms]. */
const STOP_MAX_MS = 4000;
/** A reader that has lived for so long may fail again at once [ms]. */
const PROVEN_MS = 60_000;

/** What reader processes work with. */
export interface ReaderProcessesOptions
  extends Pick<
    ReaderOrder,
    'outputs' | 'isSpread' | 'statusIntervalS' | 'catchUpMs' | 'catchUpRate'
  > {
  readonly count: number;
  /** The sinks of all outputs. */
  readonly sinkNames: readonly string[];
  readonly fleet: Fleet;
  readonly timeline: Timeline;
  readonly clock: { readonly speed: number };
  /** Up to where readers may read, now. */
  readonly horizonMs: () => number;
  readonly watermarks: Watermarks;
  readonly log: Log;
  readonly onGap?: (gap: Gap) => void;
  readonly leaps?: (() => number) | undefined;
  readonly beginMs?: number | undefined;
}

interface ReaderState {
  readonly index: number;
  process: ChildProcess | undefined;
  eventsSent: number;
  /** Of each sink, once it is known. */
  figures: readonly SinkFigures[];
}

/**
 * Processes that share the machines of a fleet out and publish them, each with connections and
 * watermarks of its own. The journal and the horizon stay here: a reader reads no further than it
 * was told, and is told of every event before. One that dies is started again, and goes on from
 * its watermark.
 *
 * Processes rather than threads for the reason that {@link runCrew} has.
 */
export class ReaderProcesses {
  readonly #options: ReaderProcessesOptions;
  readonly #readers: readonly ReaderState[];
  readonly #watermarks: readonly Watermarks[];
  readonly #abort = new AbortController();
  #fleet: Fleet;
  /** Fleets that are still to come for some reader, the latest last. */
  readonly #next: { readonly fleet: Fleet; readonly fromMs: number }[] = [];
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(options: ReaderProcessesOptions) {
    this.#options = options;
    this.#fleet = options.fleet;
    this.#watermarks = sharedWatermarks(options.watermarks, options.count);
    this.#readers = Array.from({ length: options.count }, (_, index) => ({
      index,
      process: undefined,
      eventsSent: 0,
      figures: [],
    }));
  }

  /** What they deliver to one sink, together; deliveries to all sinks run and stop as one. */
  deliveryTo(sinkName: string): RunningDelivery {
    const figuresNow = () => this.#figuresOf(sinkName);
    const deliveredNow = () => this.#deliveredMs(sinkName);
    return {
      get figures() {
        return figuresNow();
      },
      get deliveredMs() {
        return deliveredNow();
      },
      follow: (fleet, fromMs) => this.#follow(fleet, fromMs),
      run: () => this.#run(),
      stop: () => this.#stop(),
    };
  }

  #figuresOf(sinkName: string): DeliveryFigures {
    const known = this.#knownOf(sinkName);
    const figures = together(sinkName, known);
    if (known.length === this.#readers.length) return figures;
    return { ...figures, state: 'starting', isConnected: false };
  }

  #deliveredMs(sinkName: string): number {
    const known = this.#knownOf(sinkName);
    if (known.length < this.#readers.length) return Number.NaN;
    return Math.min(...known.map(({ deliveredMs }) => deliveredMs));
  }

  #knownOf(sinkName: string): readonly SinkFigures[] {
    return this.#readers.flatMap(
      ({ figures }) => figures.find(({ sink }) => sink === sinkName) ?? [],
    );
  }

  #follow(fleet: Fleet, fromMs: number): void {
    if (this.#next.at(-1)?.fleet === fleet) return;
    const reachedMs = Math.min(...this.#options.sinkNames.map((name) => this.#deliveredMs(name)));
    for (let next = this.#next[0]; next && next.fromMs <= reachedMs; next = this.#next[0]) {
      this.#fleet = next.fleet;
      this.#next.shift();
    }
    this.#next.push({ fleet, fromMs });
    for (const { process } of this.#readers)
      tell(process, { kind: 'follow', factories: fleet.factories, fromMs });
  }

  #run(): Promise<void> {
    this.#running ??= this.#work();
    return this.#running;
  }

  /** Keeps readers at work until they are stopped; rejects where the simulation itself fails. */
  async #work(): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    const working = this.#readers.map((reader) => this.#keep(reader));
    await Promise.race([Promise.all([...working, this.#handOut()]), failed]);
  }

  #stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  /** Lets readers have taken what is in flight, and ends them. */
  async #end(): Promise<void> {
    this.#abort.abort();
    await Promise.all(
      this.#readers.map(async ({ process }) => {
        if (!process || process.exitCode !== null || process.signalCode !== null) return;
        const gone = new Promise<void>((resolve) => process.once('exit', () => resolve()));
        tell(process, { kind: 'stop' });
        await settledWithin(gone, STOP_MAX_MS);
        process.kill('SIGKILL');
        await gone;
      }),
    );
  }

  async #keep(reader: ReaderState): Promise<void> {
    const { signal } = this.#abort;
    const { log } = this.#options;
    let backOff = new BackOff();
    while (!signal.aborted) {
      const startMs = performance.now();
      const ending = await this.#start(reader);
      if (signal.aborted) return;
      log.warn({ reader: reader.index + 1, ending }, 'a reader process ended; another goes on');
      if (performance.now() - startMs > PROVEN_MS) backOff = new BackOff();
      await sleep(backOff.nextMs(), signal);
    }
  }

  /** Starts a reader's process; settles with its exit code or signal when it has ended. */
  #start(reader: ReaderState): Promise<string> {
    const { timeline, clock, count, horizonMs } = this.#options;
    const { outputs, isSpread, statusIntervalS, catchUpMs, catchUpRate, beginMs } = this.#options;
    const process = fork(fileURLToPath(new URL('./reader-process.js', import.meta.url)), {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const { journal } = timeline;
    reader.process = process;
    reader.eventsSent = journal.events.length;
    process.send({
      ...{ outputs, isSpread, statusIntervalS, catchUpMs, catchUpRate, beginMs },
      factories: this.#fleet.factories,
      seed: this.#fleet.seed,
      settings: journal.settingsAt(Number.NEGATIVE_INFINITY),
      events: journal.events,
      share: { index: reader.index, count },
      horizonMs: horizonMs(),
      speed: clock.speed,
      leaps: this.#options.leaps?.() ?? 0,
    } satisfies ReaderOrder);
    for (const { fleet, fromMs } of this.#next)
      tell(process, { kind: 'follow', factories: fleet.factories, fromMs });
    process.on('message', (word: ReaderWord) => void this.#hear(reader, process, word));
    return new Promise((resolve) => {
      process.once('exit', (code, signal) => resolve(signal ?? String(code)));
      process.once('error', (error) => resolve(error.message));
    });
  }

  async #hear(reader: ReaderState, process: ChildProcess, word: ReaderWord): Promise<void> {
    const { log, onGap } = this.#options;
    const watermarks = this.#watermarks[reader.index] as Watermarks;
    switch (word.kind) {
      case 'load':
        return this.#answer(process, word.id, watermarks.load(word.name));
      case 'save': {
        const { id, name, watermark } = word;
        return this.#answer(process, id, watermarks.save(name, watermark));
      }
      case 'figures':
        reader.figures = word.figures;
        return;
      case 'gap':
        return onGap?.(word.gap);
      case 'log':
        return log[word.level]({ reader: reader.index + 1, ...word.fields }, word.message);
      case 'failed':
        return this.#fail(Object.assign(new Error(word.message), { stack: word.stack }));
    }
  }

  async #answer(process: ChildProcess, to: number, work: Promise<unknown>): Promise<void> {
    const answer = await work.then(
      (watermark) => ({ watermark: watermark as Watermark | undefined }),
      (error) => ({ failure: String(error) }),
    );
    tell(process, { kind: 'answer', to, ...answer });
  }

  /** Tells readers of events, and then how far they may read. */
  async #handOut(): Promise<void> {
    const { timeline, horizonMs, clock, leaps = () => 0 } = this.#options;
    const { signal } = this.#abort;
    for (; !signal.aborted; await sleep(TICK_MS, signal)) {
      const { events } = timeline.journal;
      const time = { horizonMs: horizonMs(), speed: clock.speed, leaps: leaps() };
      const news = { kind: 'horizon', ...time } as const;
      for (const reader of this.#readers) {
        if (reader.eventsSent < events.length)
          tell(reader.process, { kind: 'events', events: events.slice(reader.eventsSent) });
        reader.eventsSent = events.length;
        tell(reader.process, news);
      }
    }
  }
}

function tell(process: ChildProcess | undefined, news: ReaderNews): void {
  // One that has just ended hears nothing more; it is told all when it is started again.
  if (process?.connected) process.send(news, () => undefined);
}
