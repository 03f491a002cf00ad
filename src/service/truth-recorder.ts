import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Incident } from '../core/anomaly.ts';
import type { Watermarks } from '../core/sink.ts';
import { Progress } from '../delivery/progress.ts';
import type { Log } from '../runtime/log.ts';
import { Incidents } from '../simulation/incidents.ts';
import { StoreError } from '../store/store-error.ts';
import type { TruthSource } from './ground-truth.ts';

/** The name of its watermark. */
export const GROUND_TRUTH = 'ground truth';

/** How often it looks for anomalies that have ended [s, of real time unless that runs faster]. */
const PERIOD_S = 60;
/** Machines looked at before others get a turn: some milliseconds. */
const SLICE_MACHINES = 500;
/** What is looked through at a time, so that a long history is no long list [ms]. */
const STRIDE_MS = 86_400_000;
/** After some ten milliseconds of work it leaves the processor to others for so long [ms]. */
const REST_MS = 40;
/**
 * So long after an anomaly's end its machine may have recovered; if not, it is looked at after
 * twice as long [s].
 */
const RECOVERY_MIN_S = 3600;

/** An anomaly that is over, and when its machine may have recovered. */
interface Ended {
  readonly incident: Incident;
  readonly dueS: number;
}

/**
 * Puts on record what each anomaly has cost, once its machine has recovered. It works in the
 * background and with a watermark, like any other reader: what ended while the simulator was away,
 * or before the database answered, follows.
 */
export class TruthRecorder {
  readonly #simulator: TruthSource;
  readonly #progress: Progress;
  readonly #log: Log;
  /** Anomalies from whose end on not everything is on record. */
  #open: Ended[] = [];
  #isFailing = false;

  constructor(simulator: TruthSource, watermarks: Watermarks, log: Log) {
    this.#simulator = simulator;
    this.#progress = new Progress({ name: GROUND_TRUTH }, watermarks, log);
    this.#log = log;
  }

  /**
   * Follows the horizon until it is told to end.
   *
   * @param beginMs - Where it begins on an empty store; at the horizon, if not given.
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
        await this.#progress.flush();
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

  /** Computes those that are due; they stay open unless that was the last time. */
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

  /** Whether the database has everything that is final. */
  async #keep(): Promise<boolean> {
    try {
      await this.#simulator.groundTruth.keep();
      if (this.#isFailing) this.#log.info({}, 'the ground truth is kept again');
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === 'closed') throw error;
      if (!this.#isFailing)
        this.#log.warn({ reason: error.message }, 'the ground truth cannot be kept; trying again');
      this.#isFailing = true;
      return false;
    }
  }
}
