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
import type { FleetVersion } from '../simulation/fleet-switch-reader.ts';
import { dayTotals } from '../simulation/register.ts';
import type { LocalEventLog } from './event-log.ts';
import type { ChildMessage, ParentMessage, ReaderSetup, SinkFigures } from './reader-process.ts';

/** Interval at which readers receive the horizon [ms]. */
const TICK_MS = 50;
/** Totals of a register that a process gets: its sinks are rarely so many days behind. */
const SENT_TOTALS = 3;
/** Time for readers to deliver what is in flight at shutdown, before they are killed [ms]. */
const STOP_MAX_MS = 4000;
/** After running this long, a reader that fails is restarted without back-off [ms]. */
const PROVEN_MS = 60_000;

/** What reader processes need from the simulator. */
export interface ReaderProcessesOptions
  extends Pick<
    ReaderSetup,
    'outputs' | 'isSpread' | 'statusIntervalS' | 'catchUpMs' | 'catchUpRate'
  > {
  readonly count: number;
  /** The sinks of all outputs. */
  readonly sinkNames: readonly string[];
  readonly fleet: Fleet;
  readonly eventLog: LocalEventLog;
  readonly clock: { readonly speed: number };
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
  /** Of each sink, once known. */
  figures: readonly SinkFigures[];
}

/**
 * Processes that divide the machines of a fleet among themselves and publish them, each with its
 * own connections and watermarks. The journal and the horizon stay here: a reader reads up to the
 * horizon that it received, and receives all events before that horizon first. A reader that dies
 * is restarted and continues from its watermark.
 *
 * They are processes rather than threads for the reason given at {@link WorkerProcess}.
 */
export class ReaderProcesses {
  readonly #options: ReaderProcessesOptions;
  readonly #readers: readonly ReaderState[];
  readonly #watermarks: readonly Watermarks[];
  readonly #abort = new AbortController();
  #fleet: Fleet;
  /** Fleets that some reader has not switched to yet, the latest last. */
  readonly #next: FleetVersion[] = [];
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

  /** The combined delivery to one sink; deliveries to all sinks run and stop as one. */
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
    // Readers learn from the journal what it tells.
    if ((this.#next.at(-1)?.fleet ?? this.#fleet).factories === fleet.factories) return;
    const { sinkNames, isSpread } = this.#options;
    const reachedMs = Math.min(...sinkNames.map((name) => this.#deliveredMs(name)));
    // A spread reader that is restarted begins with what still waits, one lag back.
    const passedMs = ({ fleet, fromMs }: FleetVersion) =>
      fromMs + (isSpread ? longestIntervalMs(fleet) : 0);
    for (let next = this.#next[0]; next && passedMs(next) <= reachedMs; next = this.#next[0]) {
      this.#fleet = next.fleet;
      this.#next.shift();
    }
    this.#next.push({ fleet, fromMs });
    for (const reader of this.#readers) {
      this.#sendEvents(reader);
      send(reader.process, { kind: 'follow', factories: fleet.factories, fromMs });
    }
  }

  #run(): Promise<void> {
    this.#running ??= this.#work();
    return this.#running;
  }

  /** Keeps readers running until they are stopped; rejects if the simulation itself fails. */
  async #work(): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    const working = this.#readers.map((reader) => this.#supervise(reader));
    await Promise.race([Promise.all([...working, this.#sendHorizon()]), failed]);
  }

  #stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  /** Lets readers deliver what is in flight, then stops them. */
  async #end(): Promise<void> {
    this.#abort.abort();
    await Promise.all(
      this.#readers.map(async ({ process }) => {
        if (!process || process.exitCode !== null || process.signalCode !== null) return;
        const gone = new Promise<void>((resolve) => process.once('exit', () => resolve()));
        send(process, { kind: 'stop' });
        await settledWithin(gone, STOP_MAX_MS);
        process.kill('SIGKILL');
        await gone;
      }),
    );
  }

  async #supervise(reader: ReaderState): Promise<void> {
    const { signal } = this.#abort;
    const { log } = this.#options;
    let backOff = new BackOff();
    while (!signal.aborted) {
      const startMs = performance.now();
      const ending = await this.#start(reader);
      if (signal.aborted) return;
      log.warn({ reader: reader.index + 1, ending }, 'a reader process ended; starting another');
      if (performance.now() - startMs > PROVEN_MS) backOff = new BackOff();
      await sleep(backOff.nextMs(), signal);
    }
  }

  /**
   * Starts a reader's process; settles with its exit code or signal when the process has ended.
   */
  #start(reader: ReaderState): Promise<string> {
    const { eventLog, clock, count } = this.#options;
    const { outputs, isSpread, statusIntervalS, catchUpMs, catchUpRate, beginMs } = this.#options;
    const process = fork(fileURLToPath(new URL('./reader-process.js', import.meta.url)), {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const { journal } = eventLog;
    reader.process = process;
    reader.eventsSent = journal.events.length;
    process.send({
      ...{ outputs, isSpread, statusIntervalS, catchUpMs, catchUpRate, beginMs },
      factories: this.#fleet.factories,
      seed: this.#fleet.seed,
      registersFromS: this.#fleet.registersFromS,
      haveAllRegisters: this.#fleet.haveAllRegisters,
      registerTotals: this.#fleet.machines.flatMap((machine) => {
        const totals =
          machine.registerFromS === undefined ? [] : dayTotals(machine).told.latest(SENT_TOTALS);
        return totals.length === 0 ? [] : [[machine.id, totals] as const];
      }),
      settings: journal.settingsAt(Number.NEGATIVE_INFINITY),
      events: journal.events,
      share: { index: reader.index, count },
      horizonMs: eventLog.closedMs(),
      speed: clock.speed,
      leaps: this.#options.leaps?.() ?? 0,
    } satisfies ReaderSetup);
    for (const { fleet, fromMs } of this.#next)
      send(process, { kind: 'follow', factories: fleet.factories, fromMs });
    process.on('message', (message: ChildMessage) => void this.#receive(reader, process, message));
    return new Promise((resolve) => {
      process.once('exit', (code, signal) => resolve(signal ?? String(code)));
      process.once('error', (error) => resolve(error.message));
    });
  }

  async #receive(reader: ReaderState, process: ChildProcess, message: ChildMessage): Promise<void> {
    const { log, onGap } = this.#options;
    const watermarks = this.#watermarks[reader.index] as Watermarks;
    switch (message.kind) {
      case 'load':
        return this.#answer(process, message.id, watermarks.load(message.name));
      case 'save': {
        const { id, name, watermark } = message;
        return this.#answer(process, id, watermarks.save(name, watermark));
      }
      case 'figures':
        reader.figures = message.figures;
        return;
      case 'gap':
        return onGap?.(message.gap);
      case 'log':
        return log[message.level]({ reader: reader.index + 1, ...message.fields }, message.message);
      case 'failed':
        return this.#fail(Object.assign(new Error(message.message), { stack: message.stack }));
    }
  }

  async #answer(process: ChildProcess, to: number, work: Promise<unknown>): Promise<void> {
    const answer = await work.then(
      (watermark) => ({ watermark: watermark as Watermark | undefined }),
      (error) => ({ failure: String(error) }),
    );
    send(process, { kind: 'answer', to, ...answer });
  }

  /** Sends new events to readers, then the horizon. */
  async #sendHorizon(): Promise<void> {
    const { eventLog, clock, leaps = () => 0 } = this.#options;
    const { signal } = this.#abort;
    for (; !signal.aborted; await sleep(TICK_MS, signal)) {
      const time = { horizonMs: eventLog.closedMs(), speed: clock.speed, leaps: leaps() };
      const message = { kind: 'horizon', ...time } as const;
      for (const reader of this.#readers) {
        this.#sendEvents(reader);
        send(reader.process, message);
      }
    }
  }

  #sendEvents(reader: ReaderState): void {
    const { events } = this.#options.eventLog.journal;
    if (reader.eventsSent < events.length)
      send(reader.process, { kind: 'events', events: events.slice(reader.eventsSent) });
    reader.eventsSent = events.length;
  }
}

function longestIntervalMs({ machines }: Fleet): number {
  return machines.reduce((longest, { intervalMs }) => Math.max(longest, intervalMs), 0);
}

function send(process: ChildProcess | undefined, message: ParentMessage): void {
  // A process that has just ended gets nothing; its successor receives everything in its setup.
  if (process?.connected) process.send(message, () => undefined);
}
