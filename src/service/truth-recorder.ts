import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Incident } from '../core/anomaly.ts';
import type { Watermarks } from '../core/sink.ts';
import { Progress } from '../delivery/progress.ts';
import type { Log } from '../runtime/log.ts';
import { Incidents } from '../simulation/incidents.ts';
import { StoreError } from '../store/store-error.ts';
import type { TruthSource } from './ground-truth.ts';

/** The name of the recorder's watermark. */
export const GROUND_TRUTH = 'ground truth';

/**
 * Interval between two searches for ended anomalies [s of simulated time, at least of real time].
 */
const PERIOD_S = 60;
/** Machines checked before the event loop gets a turn: some milliseconds. */
const SLICE_MACHINES = 500;
/** Span searched at a time, so that a long history does not make a long list [ms]. */
const STRIDE_MS = 86_400_000;
/** Pause after about ten milliseconds of work, to leave the CPU to others [ms]. */
const REST_MS = 40;
/**
 * Shortest time after the end of an anomaly in which its machine may recover. If it has not, it is
 * checked again after twice the time [s].
 */
const RECOVERY_MIN_S = 3600;

/** An anomaly that has ended, and when to check whether its machine has recovered. */
interface Ended {
  readonly incident: Incident;
  readonly dueS: number;
}

/**
 * Records the cost of each anomaly once its machine has recovered. It works in the background from
 * a watermark, like any other reader, so it catches up on anomalies that ended while the simulator
 * or the database was down.
 */
export class TruthRecorder {
  readonly #simulator: TruthSource;
  readonly #progress: Progress;
  readonly #log: Log;
  /** Ended anomalies that are not fully recorded yet. */
  #open: Ended[] = [];
  #isFailing = false;

  constructor(simulator: TruthSource, watermarks: Watermarks, log: Log) {
    this.#simulator = simulator;
    this.#progress = new Progress({ name: GROUND_TRUTH }, watermarks, log);
    this.#log = log;
  }

  /**
   * Follows the horizon until `signal` is aborted.
   *
   * @param beginMs - Where to begin with an empty store; at the horizon, if not given.
   */
  async run(signal: AbortSignal, beginMs?: number): Promise<void> {
    try {
      await this.#follow(signal, beginMs);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #follow(signal: AbortSignal, beginMs: number | undefined): Promise<void> {
    const { clock, eventLog } = this.#simulator;
    const rest = () => sleep(REST_MS, undefined, { signal });
    const saved = await this.#progress.load(signal);
    this.#progress.liveFromMs = eventLog.horizonMs();
    let fromMs = saved?.timeMs ?? beginMs ?? this.#progress.liveFromMs;
    while (!signal.aborted) {
      const horizonMs = eventLog.horizonMs();
      const toMs = Math.min(horizonMs, fromMs + STRIDE_MS);
      await this.#find(fromMs / 1000, toMs / 1000);
      fromMs = Math.max(fromMs, toMs);
      await this.#settle(horizonMs / 1000, rest);
      const openMs = this.#open.map(({ incident }) => incident.endS * 1000 - 1);
      if ((await this.#keep()) && !signal.aborted) {
        this.#progress.deliveredMs = openMs.reduce((a, b) => Math.min(a, b), fromMs);
        await this.#progress.save();
      }
      if (fromMs < horizonMs) await rest();
      else await clock.until(fromMs + 1000 * PERIOD_S * Math.max(1, clock.speed), signal);
    }
  }

  /** Adds the anomalies that ended in a window of the past. */
  async #find(fromS: number, toS: number): Promise<void> {
    const { fleet, eventLog } = this.#simulator;
    for (const [i, machine] of fleet.machines.entries()) {
      for (const incident of new Incidents(machine, eventLog.journal).between(fromS, toS + 1))
        if (incident.endS > fromS && incident.endS <= toS)
          this.#open.push({ incident, dueS: incident.endS + RECOVERY_MIN_S });
      if (i % SLICE_MACHINES === SLICE_MACHINES - 1) await turn();
    }
  }

  /** Computes the anomalies that are due; they stay open until their cost is final. */
  async #settle(nowS: number, rest: () => Promise<void>): Promise<void> {
    const { fleet, groundTruth } = this.#simulator;
    const open: Ended[] = [];
    for (const each of this.#open) {
      const { incident, dueS } = each;
      if (!fleet.byId.has(incident.machineId)) continue;
      if (dueS > nowS) open.push(each);
      else if (!(await groundTruth.record(incident, rest)).isFinal)
        open.push({ incident, dueS: 2 * dueS - incident.endS });
      if (dueS <= nowS) await rest();
    }
    this.#open = open;
  }

  /** Saves all final records; false if the database is unavailable. */
  async #keep(): Promise<boolean> {
    try {
      await this.#simulator.groundTruth.keep();
      if (this.#isFailing) this.#log.info({}, 'ground truth is being saved again');
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === 'closed') throw error;
      if (!this.#isFailing)
        this.#log.warn({ reason: error.message }, 'ground truth cannot be saved; retrying');
      this.#isFailing = true;
      return false;
    }
  }
}
