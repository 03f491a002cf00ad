/** Tables of the schema `simulator` that hold a single row or a plain list. */
import type { Incident } from '../core/anomaly.ts';
import type { Settings } from '../core/journal.ts';
import type { Gap, Watermark, Watermarks } from '../core/sink.ts';
import type { KnownTotal } from '../simulation/register.ts';
import type { Queries } from './database.ts';

/** What a store was created with. */
export interface Identity {
  readonly seed: number;
  /** The simulator that created it. */
  readonly version: string;
  /** Whether we created the registry and the reading tables, rather than an EnMS. */
  readonly hasMadeRegistry: boolean;
  readonly createdAt: Date;
}

/** Reads what a store was created with. A new store gets the given identity. */
export async function identify(queries: Queries, seed: number, version: string): Promise<Identity> {
  await queries.query(
    'insert into simulator.identity (seed, version) values ($1, $2) on conflict do nothing',
    [seed, version],
  );
  const [row] = await queries.query<Identity>(
    `select seed, version, made_registry as "hasMadeRegistry", created_at as "createdAt"
     from simulator.identity`,
  );
  return row as Identity;
}

/**
 * When a store begins, in simulated time [s].
 *
 * @param beginsS - What a store gets that does not know it yet.
 */
export async function beginningS(queries: Queries, beginsS: number): Promise<number> {
  const [row] = await queries.query<{ begins_s: number }>(
    `update simulator.identity set begins_s = coalesce(begins_s, $1::float8) returning begins_s`,
    [beginsS],
  );
  return (row as { begins_s: number }).begins_s;
}

/**
 * When machines were added to a running factory, in simulated time [s], by id; those that a store
 * began with are left out.
 *
 * @param nowS - What machines get that the store does not know yet.
 */
export async function machineBeginnings(
  queries: Queries,
  machineIds: readonly string[],
  nowS: number,
): Promise<ReadonlyMap<string, number>> {
  await queries.query(
    `insert into simulator.machine_beginnings (machine_id, begins_s)
     select id, case when exists (select from simulator.machine_beginnings) then $2::float8 end
     from unnest($1::text[]) as id on conflict do nothing`,
    [machineIds, nowS],
  );
  const rows = await queries.query<{ id: string; begins_s: number }>(
    `select machine_id as id, begins_s from simulator.machine_beginnings
      where begins_s is not null`,
  );
  return new Map(rows.map(({ id, begins_s }) => [id, begins_s]));
}

/** What the energy register of a machine had counted at some instants. */
export interface RegisterTotals {
  readonly machineId: string;
  /** Of what its readings follow from. */
  readonly digest: string;
  readonly totals: readonly KnownTotal[];
}

/** The stored totals of energy registers. */
export function loadRegisterTotals(queries: Queries): Promise<readonly RegisterTotals[]> {
  return queries.query<RegisterTotals>(
    'select machine_id as "machineId", digest, totals from simulator.register_totals',
  );
}

/** Stores totals of energy registers, in place of older ones. */
export async function keepRegisterTotals(
  queries: Queries,
  totals: readonly RegisterTotals[],
): Promise<void> {
  await queries.query(
    `insert into simulator.register_totals (machine_id, digest, totals)
     select "machineId", digest, totals
     from json_to_recordset($1) as machine("machineId" text, digest text, totals jsonb)
     on conflict (machine_id) do update
       set digest = excluded.digest, totals = excluded.totals, updated_at = now()`,
    [JSON.stringify(totals)],
  );
}

/** Settings from the configuration, which no event records. */
export interface SettingsRecord {
  /** The settings before the first event. Later configurations do not change a store's past. */
  readonly begun: Settings;
  /** The simulator's configuration at its last start. */
  readonly configured: Settings;
}

/** Reads the settings; undefined for an empty store. */
export async function loadSettings(queries: Queries): Promise<SettingsRecord | undefined> {
  const [row] = await queries.query<SettingsRecord>(
    'select begun, configured from simulator.settings',
  );
  return row;
}

/** Saves the settings. Those before the first event are written only once. */
export async function saveSettings(
  queries: Queries,
  { begun, configured }: SettingsRecord,
): Promise<void> {
  await queries.query(
    `insert into simulator.settings (begun, configured) values ($1, $2)
     on conflict (is_only) do update set configured = excluded.configured`,
    [JSON.stringify(begun), JSON.stringify(configured)],
  );
}

/** Relates a simulated instant to a real one, with the speed of simulated time. */
export interface ClockRecord {
  readonly simulatedMs: number;
  readonly realMs: number;
  /** Simulated seconds per real second. */
  readonly speed: number;
}

/** Reads the clock, which also runs while no process does; undefined for an empty store. */
export async function loadClock(queries: Queries): Promise<ClockRecord | undefined> {
  const [row] = await queries.query<ClockRecord>(
    'select simulated_ms as "simulatedMs", real_ms as "realMs", speed from simulator.clock',
  );
  return row;
}

/** Saves the clock. */
export async function saveClock(
  queries: Queries,
  { simulatedMs, realMs, speed }: ClockRecord,
): Promise<void> {
  await queries.query(
    `insert into simulator.clock (simulated_ms, real_ms, speed) values ($1, $2, $3)
     on conflict (is_only) do update set simulated_ms = excluded.simulated_ms,
       real_ms = excluded.real_ms, speed = excluded.speed, updated_at = now()`,
    [simulatedMs, realMs, speed],
  );
}

/**
 * The stored watermarks, from which each sink continues after a restart.
 *
 * @param queries - Those of a transaction save a watermark together with everything else in it.
 */
export function watermarksIn(queries: Queries): Watermarks {
  return {
    async load(sinkName) {
      const [row] = await queries.query<Watermark>(
        `select time_ms as "timeMs", live_from_ms as "liveFromMs"
         from simulator.watermarks where sink = $1`,
        [sinkName],
      );
      return row;
    },
    async save(sinkName, watermark) {
      await queries.query(saveWatermarkSql(sinkName, watermark));
    },
  };
}

/** The statement that saves a watermark, for the transaction that stores the delivered rows. */
export function saveWatermarkSql(sinkName: string, { timeMs, liveFromMs }: Watermark): string {
  const name = sinkName.replaceAll("'", "''");
  return `insert into simulator.watermarks (sink, time_ms, live_from_ms)
    values ('${name}', ${timeMs}, ${liveFromMs})
    on conflict (sink) do update set time_ms = excluded.time_ms, updated_at = now()`;
}

/** Records a gap: readings that are missing for a known reason. Repeating it changes nothing. */
export async function addGap(queries: Queries, { sink, fromMs, toMs }: Gap): Promise<void> {
  await queries.query(
    `insert into simulator.gaps (sink, from_ms, to_ms)
     select $1::text, $2::float8, $3::float8 where not exists (
       select from simulator.gaps where (sink, from_ms, to_ms) = ($1, $2, $3))`,
    [sink, fromMs, toMs],
  );
}

/** The latest gaps, oldest first. */
export async function latestGaps(queries: Queries, limit: number): Promise<Gap[]> {
  const gaps = await queries.query<Gap>(
    `select sink, from_ms as "fromMs", to_ms as "toMs" from simulator.gaps
     order by id desc limit $1`,
    [limit],
  );
  return gaps.toReversed();
}

/** One anomaly with everything that is known about it: a record of the ground truth. */
export interface TruthRecord extends Incident {
  /** Wire names of the fields that it affects, the most affected first. */
  readonly affectedSignals: readonly string[];
  readonly excessEnergyKwh: number;
  readonly lostProductionUnits: number;
  /** Whether the figures are final because the machine has recovered. */
  readonly isFinal: boolean;
}

/** Adds a final record to the ground truth. An existing one stays unchanged. */
export async function keepTruth(queries: Queries, record: TruthRecord): Promise<void> {
  await queries.query(
    `insert into simulator.ground_truth (id, machine_id, anomaly_type, origin, severity,
       started_at, planned_end_at, ended_at, cleared_by, affected_signals, excess_energy_kwh,
       lost_production_units, final)
     values ($1, $2, $3, $4, $5, to_timestamp($6::float8), to_timestamp($7::float8),
       to_timestamp($8::float8), $9, $10, $11, $12, $13)
     on conflict (id) do nothing`,
    [
      record.id,
      record.machineId,
      record.type,
      record.origin,
      record.severity,
      record.startS,
      record.plannedEndS,
      record.endS,
      record.clearedBy,
      record.affectedSignals,
      record.excessEnergyKwh,
      record.lostProductionUnits,
      record.isFinal,
    ],
  );
}

/** The final records of some anomalies, as far as they exist. */
export function findTruth(
  queries: Queries,
  ids: readonly string[],
): Promise<readonly TruthRecord[]> {
  return queries.query<TruthRecord>(
    `select id, machine_id as "machineId", anomaly_type as type, origin, severity,
       extract(epoch from started_at)::float8 as "startS",
       extract(epoch from planned_end_at)::float8 as "plannedEndS",
       extract(epoch from ended_at)::float8 as "endS", cleared_by as "clearedBy",
       affected_signals as "affectedSignals", excess_energy_kwh as "excessEnergyKwh",
       lost_production_units as "lostProductionUnits", final as "isFinal"
     from simulator.ground_truth where id = any ($1::text[]) and final`,
    [ids],
  );
}
