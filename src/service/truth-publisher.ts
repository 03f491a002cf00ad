import { setImmediate as turn } from 'node:timers/promises';
import type { Incident } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import { type DefectTruth, uncountedDefects } from '../dataset/defect-truth.ts';
import { timeText } from '../encoding/time.ts';
import type { Announcer } from '../outputs/output.ts';
import type { Log } from '../runtime/log.ts';
import { Memo } from '../runtime/memo.ts';
import { Incidents } from '../simulation/incidents.ts';
import { defectMessage } from './defect-records.ts';
import type { TruthRecord, TruthSource } from './ground-truth.ts';

/** Machines checked per second: a few per cent of a core. */
const MACHINES_PER_S = 20_000;
/** Machines checked before the event loop gets a turn: some milliseconds. */
const SLICE_MACHINES = 500;

/** An anomaly as it is published (interface §5). */
export function truthMessage(record: TruthRecord, nowMs: number) {
  return {
    id: record.id,
    machine_id: record.machineId,
    anomaly_type: record.type,
    origin: record.origin,
    severity: record.severity,
    started_at: timeText(record.startS * 1000),
    ended_at: timeText(record.endS * 1000),
    active: record.endS * 1000 > nowMs,
    cleared_by: record.clearedBy,
    affected_signals: [...record.affectedSignals],
    excess_energy_kwh: record.excessEnergyKwh,
    lost_production_units: record.lostProductionUnits,
    final: record.isFinal,
  };
}

/**
 * Publishes the labels. Whenever an anomaly or a defect starts, changes or ends, its record is
 * published, retained, to `ground-truth/{factory}/{machine}`.
 */
export class TruthPublisher {
  readonly #simulator: TruthSource;
  readonly #announcer: Announcer;
  readonly #log: Log;
  readonly #incidents: Memo<Machine, Incidents>;
  /** The state last published of each anomaly or defect that may still change, by id. */
  readonly #said = new Map<string, string>();
  #isFailing = false;

  constructor(simulator: TruthSource, announcer: Announcer, log: Log) {
    this.#simulator = simulator;
    const { journal } = simulator.eventLog;
    this.#incidents = new Memo((machine) => new Incidents(machine, journal));
    this.#announcer = announcer;
    this.#log = log;
  }

  /** Follows the horizon until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, eventLog } = this.#simulator;
    let fromS = eventLog.horizonMs() / 1000;
    while (!signal.aborted) {
      const toS = eventLog.horizonMs() / 1000;
      if (await this.#look(fromS, toS, signal)) fromS = toS;
      const { length } = this.#simulator.fleet.machines;
      const periodS = Math.max(1, Math.ceil(length / MACHINES_PER_S));
      await clock.until((toS + periodS * Math.max(1, clock.speed)) * 1000, signal);
    }
  }

  /** Publishes the changes in a window; false if the broker is away, so that it is repeated. */
  async #look(fromS: number, toS: number, signal: AbortSignal): Promise<boolean> {
    for (const [i, machine] of this.#simulator.fleet.machines.entries()) {
      if (signal.aborted) return false;
      for (const incident of this.#incidents.of(machine).between(fromS - 1, toS + 1))
        if (incident.startS <= toS && !(await this.#sayAnomaly(machine, incident, toS)))
          return false;
      for (const defect of uncountedDefects(machine, 1000 * (fromS - 1), 1000 * (toS + 1)))
        if (defect.startS <= toS && !(await this.#sayDefect(machine, defect, toS))) return false;
      if (i % SLICE_MACHINES === SLICE_MACHINES - 1) await turn();
    }
    return true;
  }

  async #sayAnomaly(machine: Machine, incident: Incident, nowS: number): Promise<boolean> {
    const isOver = incident.endS <= nowS;
    const state = `${incident.endS} ${incident.severity} ${isOver}`;
    if (this.#said.get(incident.id) === state) return true;
    const record = await this.#simulator.groundTruth.record(incident);
    return this.#say(machine, incident.id, state, truthMessage(record, nowS * 1000));
  }

  async #sayDefect(machine: Machine, defect: DefectTruth, nowS: number): Promise<boolean> {
    const isOver = defect.endS !== null && defect.endS <= nowS;
    const state = `${defect.endS} ${isOver}`;
    if (this.#said.get(defect.id) === state) return true;
    return this.#say(machine, defect.id, state, defectMessage(defect, nowS * 1000));
  }

  /** Publishes a message and remembers the state that it tells; false if the broker is away. */
  async #say(machine: Machine, id: string, state: string, message: object): Promise<boolean> {
    const topic = `ground-truth/${machine.topic.split('/').slice(1).join('/')}`;
    try {
      await this.#announcer.announce(topic, JSON.stringify(message));
    } catch (error) {
      if (!this.#isFailing) this.#log.warn({ reason: String(error) }, 'labels cannot be published');
      this.#isFailing = true;
      return false;
    }
    this.#isFailing = false;
    this.#said.set(id, state);
    if (this.#said.size > SAID_MAX) this.#said.delete(this.#said.keys().next().value as string);
    return true;
  }
}

/** Most published states to remember; the oldest are forgotten first. */
const SAID_MAX = 100_000;
