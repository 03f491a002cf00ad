import { join } from 'node:path';
import { READING } from '../core/batch.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { fileDamage, openDataset } from '../dataset/comparison.ts';
import { DatasetError } from '../dataset/dataset-error.ts';
import type { Rows, WantedColumns } from '../dataset/formats/format.ts';
import { readTable } from '../dataset/formats/index.ts';
import { type FileEntry, MANIFEST, type Manifest } from '../dataset/manifest.ts';
import { recordsDigest } from '../dataset/request.ts';
import { CARRIERS } from '../encoding/carrier.ts';
import { machineTypes } from '../machines/index.ts';
import { Memo } from '../runtime/memo.ts';
import type { SimulatedTwin } from './close-up.ts';
import type {
  ReportedAnomaly,
  ReportedFactory,
  ReportedMachine,
  ReportSource,
  SourceRows,
} from './report-source.ts';

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
  const factories = (await records(folder, manifest, 'factories', FACTORIES)).map(factoryOf);
  const machines = (await records(folder, manifest, 'machines', MACHINES)).map(machineOf);
  const anomalies = (await records(folder, manifest, 'anomalies', ANOMALIES)).map(anomalyOf);
  const readings = manifest.files.filter(({ table }) =>
    machines.some(({ type }) => type.channels.some(({ name }) => name === table)),
  );
  const allRows = readings.reduce((sum, { rows }) => sum + rows, 0);
  if (allRows === 0) throw new DatasetError(`${folder} contains no readings`);
  return {
    provenance: `Read from the dataset ${folder}, made by version ${manifest.version}.`,
    fromMs: Date.parse(manifest.from),
    toMs: Date.parse(manifest.to),
    seed: manifest.seed,
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

const FACTORIES = {
  factory_id: 'text',
  name: 'text',
  location: 'text',
  time_zone: 'text',
} as const;

const MACHINES = {
  machine_id: 'text',
  name: 'text',
  type: 'text',
  factory_id: 'text',
  rated_power_kw: 'number',
  data_interval_seconds: 'number',
} as const;

const ANOMALIES = {
  machine_id: 'text',
  anomaly_type: 'text',
  origin: 'text',
  severity: 'number',
  started_at: 'time',
  ended_at: 'time',
  excess_energy_kwh: 'number',
  lost_production_units: 'number',
} as const;

/** A row of a small table. */
interface Entry {
  text(name: string): string;
  number(name: string): number;
}

function factoryOf(entry: Entry): ReportedFactory {
  return {
    id: entry.text('factory_id'),
    name: entry.text('name'),
    location: entry.text('location'),
    timeZone: entry.text('time_zone'),
  };
}

/** @throws DatasetError for a machine type that no longer exists. */
function machineOf(entry: Entry): ReportedMachine {
  const type = machineTypes.find((each) => each.type === entry.text('type'));
  const name = entry.text('name');
  if (!type) throw new DatasetError(`${name}: unknown machine type ${entry.text('type')}`);
  return {
    id: entry.text('machine_id'),
    name,
    factoryId: entry.text('factory_id'),
    type,
    ratedPowerKw: entry.number('rated_power_kw'),
    intervalMs: 1000 * entry.number('data_interval_seconds'),
  };
}

function anomalyOf(entry: Entry): ReportedAnomaly {
  return {
    machineId: entry.text('machine_id'),
    type: entry.text('anomaly_type'),
    origin: entry.text('origin'),
    severity: entry.number('severity'),
    fromMs: entry.number('started_at'),
    toMs: entry.number('ended_at'),
    excessEnergyKwh: entry.number('excess_energy_kwh'),
    lostProductionUnits: entry.number('lost_production_units'),
  };
}

/** Reads a small table into memory. */
async function records(
  folder: string,
  { files }: Manifest,
  table: string,
  wanted: WantedColumns,
): Promise<Entry[]> {
  const file = files.find((each) => each.table === table);
  if (!file) throw new DatasetError(`${join(folder, MANIFEST)} has no table ${table}`);
  const entries: Entry[] = [];
  for await (const rows of readWhole(folder, file, wanted))
    for (let row = 0; row < rows.length; row++)
      entries.push({
        text: (name) => rows.texts(name)[row] as string,
        number: (name) => rows.numbers(name)[row] as number,
      });
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
  if (manifest.version !== version)
    return `The dataset was made by version ${manifest.version}, and this is ${version}.`;
  if (manifest.journal_digest !== recordsDigest([]))
    return 'The dataset was made from a running factory and includes the commands it received.';
  const isSame =
    manifest.factory_digest === recordsDigest(twin.factories) &&
    JSON.stringify(manifest.settings) === JSON.stringify(twin.settings);
  return isSame
    ? { ...twin, seed: manifest.seed }
    : 'The dataset was made from other factories than the configured ones; select their ' +
        'file with --factory and set the variables of the command in its manifest.';
}
