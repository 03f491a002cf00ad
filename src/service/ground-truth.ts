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

/** Final records in memory; one takes some hundred bytes and up to a second to compute. */
const RECORDS_MAX = 50_000;
/** Counts under way that are kept; each holds two states of a machine, some kilobytes. */
const COUNTS_MAX = 1000;
/** Readings counted before others get a turn: some thirty milliseconds, after which one rests. */
const SLICE_READINGS = 10_000;
/** Likewise for those who wait for an answer, of whom there may be a dozen: a few milliseconds. */
const ASKED_SLICE_READINGS = 1500;
/** Machine-days that one question may look through: some tenths of a second. */
const MACHINE_DAYS_MAX = 500_000;
/** Machine-days looked through before others get a turn: some ten milliseconds. */
const SLICE_MACHINE_DAYS = 10_000;

export type { TruthRecord } from '../store/tables.ts';

/** Lets others work for a while. */
export type Rest = () => Promise<void>;

/** Machines and their past, as those see them who keep or publish the ground truth. */
export interface TruthSource {
  /** Others may come, so ask each time. */
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly groundTruth: GroundTruth;
}

/** Which anomalies are asked for; all conditions hold together. */
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
 * Knows every anomaly of a fleet and what it cost. Nothing is recorded while it happens: an
 * anomaly follows from the journal and the seed, its cost from reading its machine twice. Once the
 * machine has recovered nothing can change it any more, as events come after the horizon only; so
 * it is kept, and no restart and no long list computes it again.
 */
export class GroundTruth {
  #fleet: Fleet;
  readonly #eventLog: EventLog;
  readonly #queries: Queries | undefined;
  readonly #final = new Map<string, TruthRecord>();
  /** Final records that are not in the table yet. */
  readonly #unkept = new Set<TruthRecord>();
  /** The counts of anomalies that are not over, so that the next question goes on with them. */
  readonly #counts = new Map<string, CostCount>();

  /** @param queries - Where final records are kept; none in a simulator without a store. */
  constructor(fleet: Fleet, eventLog: EventLog, queries?: Queries) {
    this.#fleet = fleet;
    this.#eventLog = eventLog;
    this.#queries = queries;
  }

  /** Goes on with another fleet: what is final stays, what is open is counted anew. */
  follow(fleet: Fleet): void {
    this.#fleet = fleet;
    this.#counts.clear();
  }

  /**
   * The anomalies that touch a window, oldest first, each with its cost up to now.
   *
   * @param signal - Ends the work early, by throwing its reason.
   * @throws CommandError where the window and the machines are too many to look through.
   */
  async list(
    query: TruthQuery,
    signal?: AbortSignal,
  ): Promise<{ total: number; records: TruthRecord[] }> {
    const days = (query.toMs - query.fromMs) / 86_400_000 + 1;
    if (days * query.machines.length > MACHINE_DAYS_MAX)
      throw new CommandError('invalid', `more than ${MACHINE_DAYS_MAX} machine-days`, [
        { path: 'to', message: 'ask for a shorter window or for one machine' },
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
   * An anomaly with what it has cost up to the horizon.
   *
   * @param rest - Gives others their turn, after some ten milliseconds of work each time.
   */
  async record(incident: Incident, rest: Rest = turn): Promise<TruthRecord> {
    await this.#loadFinal([incident]);
    return this.#final.get(incident.id) ?? this.#computed(incident, rest);
  }

  /**
   * Puts on record what has become final since the last call.
   *
   * @throws StoreError where the database does not take it; the next call tries again.
   */
  async keep(): Promise<void> {
    for (const record of this.#unkept) {
      if (this.#queries) await keepTruth(this.#queries, record);
      this.#unkept.delete(record);
    }
  }

  /** @param slice - Machines after which others get a turn. */
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

  /** Looks up which of the anomalies that are over are on record. */
  async #loadFinal(incidents: readonly Incident[]): Promise<void> {
    const nowS = this.#eventLog.horizonMs() / 1000;
    const ids = incidents
      .filter(({ id, endS }) => endS <= nowS && !this.#final.has(id) && !this.#counts.has(id))
      .map(({ id }) => id);
    if (ids.length === 0 || !this.#queries) return;
    try {
      for (const record of await findTruth(this.#queries, ids)) this.#remember(record);
    } catch (error) {
      // What cannot be looked up can be computed: the answer is the same, and only takes longer.
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
    // Somebody else may have counted on meanwhile, beyond an event that this end knows nothing of.
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
