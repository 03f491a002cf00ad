/** The API's responses, as far as the dashboard reads them. */

/** A warning from a machine's controller. */
export interface Alert {
  readonly code: string;
  readonly level: 'warning' | 'critical';
  readonly message: string;
}

/** A machine and its current state: `GET /simulator/machines`. */
export interface Machine {
  readonly machine_id: string;
  readonly machine_name: string;
  readonly machine_type: string;
  readonly factory_id: string;
  readonly mqtt_topic: string;
  readonly rated_power_kw: number;
  readonly data_interval_seconds: number;
  readonly is_running: boolean;
  readonly operating_mode: string;
  readonly current_power_kw: number;
  readonly alerts: readonly Alert[];
  readonly last_reading_time: string | null;
  readonly anomaly_active: boolean;
  readonly anomaly_type: string | null;
  readonly anomaly_ends_at: string | null;
  readonly anomaly_severity: number | null;
  readonly total_energy_kwh: number;
  readonly total_production_count: number;
  readonly energy_today_kwh: number;
  readonly production_today_count: number;
  /** Start of the two daily totals above. */
  readonly today_from: string | null;
}

/** One reading as a flat record; an event of the stream. */
export interface Reading {
  readonly time: string;
  readonly machine_id: string;
  readonly [field: string]: number | string | null;
}

/** A machine's status; an event of the stream. */
export interface MachineStatus {
  readonly machine_id: string;
  readonly is_running: boolean;
  readonly operating_mode: string;
  readonly current_power_kw: number;
  readonly alerts: readonly Alert[];
}

/** The state of the simulation: `GET /simulator/status`. */
export interface Status {
  readonly status: string;
  readonly machines_count: number;
  readonly simulated_time: string;
  readonly simulation_speed: number;
  readonly configuration: { readonly weekend_production_factor: number | null };
}

/** A current problem. */
export interface Problem {
  readonly part: string;
  readonly reason: string;
  readonly since: string;
}

/** The health of the simulator: `GET /health`. */
export interface Health {
  readonly version: string;
  readonly mqtt_connected: boolean;
  readonly database_connected: boolean;
  readonly problems: readonly Problem[];
}

/** A site: `GET /simulator/factories`. */
export interface Factory {
  readonly factory_id: string;
  readonly factory_name: string;
  readonly timezone: string;
  readonly shifts: readonly {
    readonly start: string;
    readonly end: string;
    readonly load_share: number;
  }[];
}

/** A column of a reading. */
export interface Field {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'number' | 'count' | 'mode' | 'text';
  readonly decimals: number;
}

/** The fields and anomalies of one machine type: `GET /simulator/info`. */
export interface MachineType {
  readonly machine_type: string;
  readonly title: string;
  readonly channels: readonly { readonly name: string; readonly fields: readonly Field[] }[];
  readonly anomalies: readonly {
    readonly anomaly_type: string;
    readonly description: string;
  }[];
}

/** Minimum, maximum and default value. */
export interface Limits {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** The machine types, and the limits of anomalies and exports: `GET /simulator/info`. */
export interface Catalogue {
  readonly severity: Limits;
  readonly duration_seconds: Limits;
  /** The compression methods of each file format, default first. */
  readonly export_formats: Readonly<Record<string, readonly string[]>>;
  readonly machine_types: readonly MachineType[];
}

/** An anomaly and its cost: `GET /simulator/anomalies`. */
export interface Truth {
  readonly id: string;
  readonly machine_id: string;
  readonly anomaly_type: string;
  readonly origin: string;
  readonly severity: number;
  readonly started_at: string;
  readonly ended_at: string;
  readonly active: boolean;
  readonly cleared_by: string | null;
  readonly affected_signals: readonly string[];
  readonly excess_energy_kwh: number;
  readonly lost_production_units: number;
  readonly final: boolean;
}

/** A period in one shift, or in none, with a constant level of production. */
export interface Shift {
  readonly from: string;
  readonly to: string;
  readonly shift: number | null;
  readonly load_share: number;
}

/** Readings of a window, aggregated into buckets: `GET …/series`. */
export interface Series {
  readonly from: string;
  readonly to: string;
  readonly bucket_seconds: number;
  readonly sampled: boolean;
  readonly readings: number;
  readonly time: readonly string[];
  readonly shifts: readonly Shift[];
  readonly fields: SeriesFields;
  /** The same fields without any anomaly; with `expected=true`. */
  readonly expected?: SeriesFields;
}

/** Fields by name, with one value per bucket. */
type SeriesFields = Readonly<
  Record<string, Record<'min' | 'max' | 'mean', readonly (number | null)[]>>
>;

/** Runtime settings, and the settings from startup: `GET /simulator/config`. */
export interface Settings {
  readonly enable_anomalies: boolean;
  readonly anomaly_probability: number;
  readonly weekend_production_factor: number | null;
  readonly variables: Readonly<
    Record<string, { readonly value: string | number | boolean | null; readonly source: string }>
  >;
}

/** A running or finished export: `GET /simulator/exports`. */
export interface Export {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly created_at: string;
  readonly from: string;
  readonly to: string;
  readonly machines: readonly string[];
  readonly format: string;
  readonly compress: string;
  readonly labels: boolean;
  readonly clean: boolean;
  readonly resample_seconds: number | null;
  readonly rows: number;
  readonly rows_total: number;
  readonly share: number;
  readonly bytes: number;
  readonly error: string | null;
}

/** One export with its files: `GET /simulator/exports/{export_id}`. */
export interface ExportWithFiles extends Export {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** Processes and shards, if the simulator runs in a cluster: `GET /simulator/cluster`. */
export interface Cluster {
  readonly enabled: boolean;
  readonly lag_seconds?: number;
  readonly members?: readonly {
    readonly id: string;
    readonly role: string;
    readonly version: string;
    readonly shards: number;
    readonly answers: boolean;
  }[];
  readonly shards?: readonly {
    readonly shard: number;
    readonly machines: number;
    readonly owner: string | null;
    readonly sinks: readonly {
      readonly sink: string;
      readonly lag_seconds: number;
      readonly readings_per_second: number;
      readonly connected: boolean;
    }[];
  }[];
}
