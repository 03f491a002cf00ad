import type { Incident } from '../core/anomaly.ts';
import type { Queries } from './database.ts';

/** One anomaly with all that is known of it: a record of the ground truth. */
export interface TruthRecord extends Incident {
  /** Wire names of the fields that it moves, the strongest first. */
  readonly affectedSignals: readonly string[];
  readonly excessEnergyKwh: number;
  readonly lostProductionUnits: number;
  /** Whether the figures will not change any more: the machine has recovered. */
  readonly isFinal: boolean;
}

const COLUMNS = `id, machine_id, anomaly_type, origin, severity,
  extract(epoch from started_at)::float8 as start_s,
  extract(epoch from planned_end_at)::float8 as planned_end_s,
  extract(epoch from ended_at)::float8 as end_s,
  cleared_by, affected_signals, excess_energy_kwh, lost_production_units, final`;

/** The ground truth on record: anomalies that are over, with what they cost in the end. */
export class TruthTable {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** Puts a final record into the table; one that is there stays as it is. */
  async keep(record: TruthRecord): Promise<void> {
    await this.#queries.query(
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

  /** Those of some anomalies that are on record. */
  async find(ids: readonly string[]): Promise<readonly TruthRecord[]> {
    const rows = await this.#queries.query(
      `select ${COLUMNS} from simulator.ground_truth where id = any ($1::text[]) and final`,
      [ids],
    );
    return rows.map(recordOf);
  }
}

function recordOf(row: Readonly<Record<string, unknown>>): TruthRecord {
  return {
    id: row['id'] as string,
    machineId: row['machine_id'] as string,
    type: row['anomaly_type'] as string,
    origin: row['origin'] as TruthRecord['origin'],
    severity: row['severity'] as number,
    startS: row['start_s'] as number,
    plannedEndS: row['planned_end_s'] as number,
    endS: row['end_s'] as number,
    clearedBy: row['cleared_by'] as TruthRecord['clearedBy'],
    affectedSignals: row['affected_signals'] as string[],
    excessEnergyKwh: row['excess_energy_kwh'] as number,
    lostProductionUnits: row['lost_production_units'] as number,
    isFinal: row['final'] as boolean,
  };
}
