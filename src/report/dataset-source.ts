import { join } from 'node:path';
import { READING } from '../core/batch.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { fileDamage, openDataset } from '../dataset/comparison.ts';
import { DatasetError } from '../dataset/dataset-error.ts';
import type { ColumnKind, Rows, WantedColumns } from '../dataset/formats/format.ts';
import { readTable } from '../dataset/formats/index.ts';
import { type FileEntry, MANIFEST, type Manifest } from '../dataset/manifest.ts';
import { recordsDigest } from '../dataset/request.ts';
import { CARRIERS } from '../encoding/carrier.ts';
import { machineTypes } from '../machines/index.ts';
import { Memo } from '../runtime/memo.ts';
import type { SimulatedTwin } from './close-up.ts';
import type { ReportedMachine, ReportSource, SourceRows } from './report-source.ts';

/** The fields of readings that a report needs; others are not read. */
const USED_FIELDS = [
  ...['power_kw', 'energy_kwh', 'production_count', 'outdoor_temp_c'],
  ...CARRIERS.flatMap(({ flow }) => (flow ? [flow.rate, flow.amount, flow.content] : [])),
];

/**
 * A report source that reads a dataset. Each file is verified against the manifest before it is
 * read.
 *
 * @param version - Of the simulator.
 * @param twin - The configured factories; used only if the dataset was made from the same ones.
 * @throws DatasetError if there is no dataset, or if it differs from its manifest.
 */
export async function datasetSource(
  folder: string,
  version: string,
  twin: Omit<SimulatedTwin, 'seed'>,
): Promise<ReportSource> {
  const dataset = openDataset(folder);
  const { manifest } = dataset;
  if (dataset.folder === undefined)
    throw new DatasetError(`${folder} is a manifest; a report needs the folder with its files`);
  if (manifest.split)
    throw new DatasetError(
      `${folder} has wide tables; a report needs a dataset made without --wide`,
    );
  const factories = await records(folder, manifest, 'factories', FACTORIES);
  const machines = (await records(folder, manifest, 'machines', MACHINES)).map(machineOf);
  const isSealed = manifest.truth_digest !== undefined;
  const anomalies = isSealed ? [] : await records(folder, manifest, 'anomalies', ANOMALIES);
  const readings = manifest.files.filter(({ table }) =>
    machines.some(({ type }) => type.channels.some(({ name }) => name === table)),
  );
  const allRows = readings.reduce((sum, { rows }) => sum + rows, 0);
  if (allRows === 0) throw new DatasetError(`${folder} contains no readings`);
  return {
    provenance: `Read from the dataset ${folder}, made by version ${manifest.version}.`,
    fromMs: Date.parse(manifest.from),
    toMs: Date.parse(manifest.to),
    ...(manifest.seed !== undefined && { seed: manifest.seed }),
    factories,
    machines,
    anomalies: anomalies.toSorted((a, b) => a.fromMs - b.fromMs),
    twin: twinOf(manifest, version, twin),
    allRows,
    async *rows() {
      for (const file of readings)
        for await (const rows of readWhole(folder, file, wantedOf(file.table, machines)))
          yield arranged(rows, file.table, machines);
    },
  };
}

/** The columns of a small table that a report needs, and their keys. */
type Columns = Readonly<Record<string, readonly [name: string, kind: ColumnKind]>>;
/** A row of a small table. */
type Entry<C extends Columns> = {
  readonly [Key in keyof C]: C[Key][1] extends 'text' ? string : number;
};

const FACTORIES = {
  id: ['factory_id', 'text'],
  name: ['name', 'text'],
  location: ['location', 'text'],
  timeZone: ['time_zone', 'text'],
} as const;

const MACHINES = {
  id: ['machine_id', 'text'],
  name: ['name', 'text'],
  type: ['type', 'text'],
  factoryId: ['factory_id', 'text'],
  ratedPowerKw: ['rated_power_kw', 'number'],
  intervalS: ['data_interval_seconds', 'number'],
} as const;

const ANOMALIES = {
  machineId: ['machine_id', 'text'],
  type: ['anomaly_type', 'text'],
  origin: ['origin', 'text'],
  severity: ['severity', 'number'],
  fromMs: ['started_at', 'time'],
  toMs: ['ended_at', 'time'],
  excessEnergyKwh: ['excess_energy_kwh', 'number'],
  lostProductionUnits: ['lost_production_units', 'number'],
} as const;

/** @throws DatasetError for a machine type that no longer exists. */
function machineOf({ type: name, intervalS, ...entry }: Entry<typeof MACHINES>): ReportedMachine {
  const type = machineTypes.find((each) => each.type === name);
  if (!type) throw new DatasetError(`${entry.name}: unknown machine type ${name}`);
  return { ...entry, type, intervalMs: 1000 * intervalS };
}

/** Reads a small table into memory. */
async function records<C extends Columns>(
  folder: string,
  { files }: Manifest,
  table: string,
  columns: C,
): Promise<Entry<C>[]> {
  const file = files.find((each) => each.table === table);
  if (!file) throw new DatasetError(`${join(folder, MANIFEST)} has no table ${table}`);
  const entries: Entry<C>[] = [];
  for await (const rows of readWhole(folder, file, Object.fromEntries(Object.values(columns)))) {
    const values = Object.entries(columns).map(
      ([key, [name, kind]]) =>
        [key, kind === 'text' ? rows.texts(name) : rows.numbers(name)] as const,
    );
    for (let row = 0; row < rows.length; row++)
      entries.push(Object.fromEntries(values.map(([key, of]) => [key, of[row]])) as Entry<C>);
  }
  return entries;
}

/** @throws DatasetError for a file that differs from the manifest. */
async function* readWhole(
  folder: string,
  file: FileEntry,
  wanted: WantedColumns,
): AsyncGenerator<Rows> {
  const damage = fileDamage(folder, file);
  if (damage !== undefined) throw new DatasetError(`${folder}: ${damage}`);
  yield* readTable(join(folder, file.path), wanted);
}

function wantedOf(table: string, machines: readonly ReportedMachine[]): WantedColumns {
  const types = new Set(machines.map(({ type }) => type));
  const names = [...types].flatMap((type) => usedFields(type, table).map(({ name }) => name));
  return {
    time: 'time',
    machine_id: 'text',
    ...Object.fromEntries(names.map((name) => [name, 'number'] as const)),
  };
}

function usedFields(type: MachineType, table: string) {
  const channel = type.channels.find(({ name }) => name === table);
  return (channel?.fields ?? []).filter(({ name }) => USED_FIELDS.includes(name));
}

/** Arranges the values of a table's rows like those of readings. */
function arranged(rows: Rows, channel: string, machines: readonly ReportedMachine[]): SourceRows {
  const known = new Map(machines.map((machine) => [machine.id, machine]));
  const columnsOf = new Memo((type: MachineType) =>
    usedFields(type, channel).map(({ name, column }) => ({ column, from: rows.numbers(name) })),
  );
  const { length } = rows;
  const rowMachines = rows.texts('machine_id').map((id) => known.get(id) as ReportedMachine);
  const values = new Float64Array(length * ROW_WIDTH);
  for (let row = 0; row < length; row++)
    for (const { column, from } of columnsOf.of((rowMachines[row] as ReportedMachine).type))
      values[row * ROW_WIDTH + column] = from[row] as number;
  return {
    length,
    channel,
    timesMs: rows.numbers('time'),
    flags: new Uint8Array(length).fill(READING),
    machines: rowMachines,
    values,
  };
}

/** The configured factories, or the reason why the dataset was not made from them. */
function twinOf(
  manifest: Manifest,
  version: string,
  twin: Omit<SimulatedTwin, 'seed'>,
): SimulatedTwin | string {
  const { seed, scenarios } = manifest;
  if (seed === undefined) return 'The truth of the dataset is sealed.';
  if (scenarios) return 'Scenarios are told in the dataset.';
  if (manifest.version !== version)
    return `The dataset was made by version ${manifest.version}, and this is ${version}.`;
  if (manifest.journal_digest !== recordsDigest([]))
    return 'The dataset was made from a running factory and includes the commands it received.';
  const isSame =
    manifest.factory_digest === recordsDigest(twin.factories) &&
    JSON.stringify(manifest.settings) === JSON.stringify(twin.settings);
  return isSame
    ? { ...twin, seed }
    : 'The dataset was made from other factories than the configured ones; select their ' +
        'file with --factory and set the variables of the command in its manifest.';
}
