import { setImmediate as turn } from 'node:timers/promises';
import type { Incident } from '../core/anomaly.ts';
import type { Clock } from '../core/clock.ts';
import type { Machine } from '../core/factory.ts';
import { wireName } from '../core/field.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { Incidents } from '../simulation/incidents.ts';
import { CostCount } from '../simulation/truth.ts';
import type { Queries } from '../store/database.ts';
import { StoreError } from '../store/store-error.ts';
import { findTruth, keepTruth, type TruthRecord } from '../store/tables.ts';
import { CommandError } from './command-error.ts';
import type { EventLog } from './event-log.ts';

/** Final records in memory; each takes some hundred bytes, and up to a second to compute. */
const RECORDS_MAX = 50_000;
/** Unfinished counts kept; each holds two states of a machine, some kilobytes. */
const COUNTS_MAX = 1000;
/** Readings counted before the event loop gets a turn: about thirty milliseconds. */
const SLICE_READINGS = 10_000;
/** Readings counted per turn for API requests, of which a dozen may wait: a few milliseconds. */
const ASKED_SLICE_READINGS = 1500;
/** Machine-days that one query may search: some tenths of a second. */
const MACHINE_DAYS_MAX = 500_000;
/** Machine-days searched before the event loop gets a turn: about ten milliseconds. */
const SLICE_MACHINE_DAYS = 10_000;

export type { TruthRecord } from '../store/tables.ts';

/** Yields to other work. */
export type Rest = () => Promise<void>;

/** What recorders and publishers of the ground truth need from a simulator. */
export interface TruthSource {
  /** The fleet may be replaced, so read it each time. */
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly groundTruth: GroundTruth;
}

/** Filter for anomalies; all conditions must hold. */
export interface TruthQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly machines: readonly Machine[];
  readonly type?: string | undefined;
  readonly isActive?: boolean | undefined;
  readonly limit: number;
  readonly offset: number;
}

/**
 * Computes every anomaly of a fleet and its cost. Nothing is recorded while an anomaly acts: it
 * follows from the journal and the seed, and its cost from reading its machine twice. Once the
 * machine has recovered, the record is final, since events only happen after the horizon. Final
 * records are stored, so that neither a restart nor a long list computes them again.
 */
export class GroundTruth {
  #fleet: Fleet;
  readonly #eventLog: EventLog;
  readonly #queries: Queries | undefined;
  readonly #final = new Map<string, TruthRecord>();
  /** Final records that are not stored yet. */
  readonly #unkept = new Set<TruthRecord>();
  /** Counts of anomalies that are not final, which the next query continues. */
  readonly #counts = new Map<string, CostCount>();

  /** @param queries - Storage for final records; undefined for a simulator without a store. */
  constructor(fleet: Fleet, eventLog: EventLog, queries?: Queries) {
    this.#fleet = fleet;
    this.#eventLog = eventLog;
    this.#queries = queries;
  }

  /** Switches to another fleet: final records stay, the others are counted again. */
  follow(fleet: Fleet): void {
    this.#fleet = fleet;
    this.#counts.clear();
  }

  /**
   * Lists the anomalies that overlap a window, oldest first, each with its cost so far.
   *
   * @param signal - Stops the work early, by throwing its reason.
   * @throws CommandError if the window has too many machine-days to search.
   */
  async list(
    query: TruthQuery,
    signal?: AbortSignal,
  ): Promise<{ total: number; records: TruthRecord[] }> {
    const days = (query.toMs - query.fromMs) / 86_400_000 + 1;
    if (days * query.machines.length > MACHINE_DAYS_MAX)
      throw new CommandError('invalid', `more than ${MACHINE_DAYS_MAX} machine-days`, [
        { path: 'to', message: 'request a shorter window or one machine' },
      ]);
    const rest = async () => {
      await turn();
      signal?.throwIfAborted();
    };
    const found = await this.#incidents(query, Math.ceil(SLICE_MACHINE_DAYS / days), rest);
    const page = found.slice(query.offset, query.offset + query.limit);
    await this.#loadFinal(page);
    const records: TruthRecord[] = [];
    for (const incident of page)
      records.push(
        this.#final.get(incident.id) ??
          (await this.#computed(incident, rest, ASKED_SLICE_READINGS)),
      );
    return { total: found.length, records };
  }

  /**
   * The record of an anomaly, with its cost up to the horizon.
   *
   * @param rest - Yields to other work; called after every ten milliseconds or so.
   */
  async record(incident: Incident, rest: Rest = turn): Promise<TruthRecord> {
    await this.#loadFinal([incident]);
    return this.#final.get(incident.id) ?? this.#computed(incident, rest);
  }

  /**
   * Stores the records that have become final since the last call.
   *
   * @throws StoreError if the database does not accept one; the next call tries again.
   */
  async keep(): Promise<void> {
    for (const record of this.#unkept) {
      if (this.#queries) await keepTruth(this.#queries, record);
      this.#unkept.delete(record);
    }
  }

  /** @param slice - Number of machines after which the event loop gets a turn. */
  async #incidents(query: TruthQuery, slice: number, rest: Rest): Promise<Incident[]> {
    const { fromMs, toMs, machines, type, isActive } = query;
    const { journal } = this.#eventLog;
    const nowS = this.#eventLog.horizonMs() / 1000;
    const untilS = Math.min(toMs / 1000, nowS);
    const found: Incident[] = [];
    for (const [i, machine] of machines.entries()) {
      if (i > 0 && i % slice === 0) await rest();
      for (const incident of new Incidents(machine, journal).between(fromMs / 1000, untilS)) {
        if (type !== undefined && incident.type !== type) continue;
        if (isActive === undefined || isActive === incident.endS > nowS) found.push(incident);
      }
    }
    return found.sort((a, b) => a.startS - b.startS || (a.id < b.id ? -1 : 1));
  }

  /** Loads the stored final records of ended anomalies. */
  async #loadFinal(incidents: readonly Incident[]): Promise<void> {
    const nowS = this.#eventLog.horizonMs() / 1000;
    const ids = incidents
      .filter(({ id, endS }) => endS <= nowS && !this.#final.has(id) && !this.#counts.has(id))
      .map(({ id }) => id);
    if (ids.length === 0 || !this.#queries) return;
    try {
      for (const record of await findTruth(this.#queries, ids)) this.#remember(record);
    } catch (error) {
      // A record that cannot be loaded is computed: the result is the same, but takes longer.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  async #computed(
    incident: Incident,
    rest: Rest,
    sliceReadings = SLICE_READINGS,
  ): Promise<TruthRecord> {
    const { id, machineId, type } = incident;
    let count = this.#counts.get(id);
    if (!count) {
      if (this.#counts.size >= COUNTS_MAX) this.#counts.delete(oldest(this.#counts));
      count = new CostCount(this.#fleet, incident);
      this.#counts.set(id, count);
    }
    const untilS = this.#eventLog.horizonMs() / 1000;
    while (!count.advance(incident, untilS, sliceReadings)) await rest();
    const { excessEnergyKwh, lostProductionUnits, ...cost } = count.cost;
    // Another caller may have counted further, beyond an event that this incident does not
    // include.
    const isFinal = cost.isFinal && incident.endS <= untilS;
    const signals = this.#fleet.byId.get(machineId)?.type.faults[type]?.signals ?? [];
    const affectedSignals = signals.map(wireName);
    const record = { ...incident, affectedSignals, excessEnergyKwh, lostProductionUnits, isFinal };
    if (isFinal && !this.#final.has(id)) {
      this.#counts.delete(id);
      this.#remember(record);
      if (this.#queries && this.#unkept.size < RECORDS_MAX) this.#unkept.add(record);
    }
    return record;
  }

  #remember(record: TruthRecord): void {
    if (this.#final.size >= RECORDS_MAX) this.#final.delete(oldest(this.#final));
    this.#final.set(record.id, record);
  }
}

/** The key that was put into a map first. */
function oldest(map: ReadonlyMap<string, unknown>): string {
  return map.keys().next().value as string;
}
