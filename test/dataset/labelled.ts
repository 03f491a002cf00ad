/** A dataset with anomalies and its clean twin: where they differ, and where they must not. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Incident } from '../../src/core/anomaly.ts';
import type { Machine } from '../../src/core/factory.ts';
import { wireName } from '../../src/core/field.ts';
import { type DatasetRequest, fleetOf } from '../../src/dataset/request.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { Incidents } from '../../src/simulation/incidents.ts';
import { CostCount } from '../../src/simulation/truth.ts';
import { factoryOf } from '../rows.ts';
import { made, requestOf } from './request.ts';

const DAY_MS = 86_400_000;
const TABLES = ['energy', 'production', 'environmental'] as const;
/** Deviation of a binomial count that occurs once in fifteen thousand times [σ]. */
const DEVIATIONS_MAX = 4;

/** Two machines of each type of the default factory. */
const machines = [...DEFAULT_FACTORY.machines, ...DEFAULT_FACTORY.machines];

/** An anomaly with the instant at which its machine had fully recovered. */
interface Known extends Incident {
  readonly signals: readonly string[];
  /** Whether a labelled reading lies in the window. */
  readonly isInside: boolean;
  readonly recoveredMs: number;
}

/** Results of checking a dataset. */
export interface Findings {
  readonly machineDays: number;
  readonly anomalies: number;
  /** Pairs of an anomaly and a signal that it affects, and the number that differ. */
  readonly signals: number;
  readonly differing: number;
}

/**
 * Makes a dataset of ten machines with its clean twin, and asserts that they differ where the
 * answer key says so, and nowhere else.
 *
 * @param leastS - Shortest interval: at their own one second, compressors make most of the rows.
 */
export async function assertLabelled(days: number, leastS: number): Promise<Findings> {
  const fromMs = Date.UTC(2026, 2, 2);
  const factory = factoryOf(
    machines.map(({ type, intervalS }) => ({ type, intervalS: Math.max(intervalS, leastS) })),
  );
  const changes = {
    fromMs,
    format: 'parquet',
    compression: 'snappy',
    partition: 'month',
    hasLabels: true,
    hasClean: true,
  } as const;
  const request = requestOf(changes, 24 * days, factory);
  const { folder } = await made(request);
  const known = knownAnomalies(request);
  await assertAnswerKey(folder, request, known);
  const differing = await assertDifferences(folder, known);
  return { machineDays: 10 * days, anomalies: known.length, ...differing };
}

/** The anomalies that may act in the window, by machine. */
function knownAnomalies(request: DatasetRequest): readonly Known[] {
  const fleet = fleetOf(request, 'actual');
  const [fromS, toS] = [request.fromMs / 1000, request.toMs / 1000];
  return request.machineIds.flatMap((id) => {
    const machine = fleet.byId.get(id) as Machine;
    // No anomaly has effects for longer than three days.
    const incidents = new Incidents(machine, fleet.journal).between(fromS - 4 * 86_400, toS);
    return incidents.map((incident) => {
      const count = new CostCount(fleet, incident);
      count.advance(incident, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      assert.ok(count.cost.hasRecovered, `${incident.id} has no end`);
      const signals = (machine.type.faults[incident.type]?.signals ?? []).map(wireName);
      const isInside = incident.endS > fromS;
      return { ...incident, signals, isInside, recoveredMs: 1000 * count.cost.countedUntilS };
    });
  });
}

const duckdb = await (await DuckDBInstance.create(':memory:')).connect();

async function rowsOf(sql: string): Promise<Record<string, unknown>[]> {
  return (await duckdb.runAndReadAll(sql)).getRowObjectsJson();
}

/** The answer key lists all that begin inside; the number of random ones is a binomial count. */
async function assertAnswerKey(
  folder: string,
  request: DatasetRequest,
  known: readonly Known[],
): Promise<void> {
  const { fromMs, toMs, settings, machineIds } = request;
  const begun = known.filter(({ startS }) => 1000 * startS >= fromMs && 1000 * startS < toMs);
  const keys = await rowsOf(
    `SELECT id FROM read_parquet('${folder}/anomalies.parquet')
     WHERE origin = 'random' AND epoch_ms(started_at) >= ${fromMs} ORDER BY id`,
  );
  assert.deepEqual(
    keys.map(({ id }) => id),
    begun.map(({ id }) => id).sort(),
  );
  const trials = (machineIds.length * (toMs - fromMs)) / DAY_MS;
  const share = settings.anomalyProbability;
  const deviation = Math.sqrt(trials * share * (1 - share));
  assert.ok(
    Math.abs(begun.length - trials * share) <= DEVIATIONS_MAX * deviation,
    `${begun.length} anomalies in ${trials} machine-days`,
  );
  const labelled = await rowsOf(
    `SELECT machine_id, anomaly_type, count(*)::INT AS count
     FROM read_parquet('${folder}/energy/*/*.parquet', hive_partitioning = false)
     WHERE anomaly = 1 GROUP BY ALL`,
  );
  const expected = new Map<string, number>();
  for (const { machineId, type, startS, endS } of known) {
    const factory = request.factories[0]?.machines ?? [];
    const intervalMs = 1000 * (factory.find(({ id }) => id === machineId)?.intervalS as number);
    const [first, last] = [Math.max(1000 * startS, fromMs), Math.min(1000 * endS, toMs)];
    const count = Math.floor(last / intervalMs) - Math.floor(first / intervalMs);
    const key = `${machineId} ${type}`;
    if (count > 0) expected.set(key, (expected.get(key) ?? 0) + count);
  }
  assert.deepEqual(
    new Map(labelled.map((row) => [`${row['machine_id']} ${row['anomaly_type']}`, row['count']])),
    expected,
  );
}

/** Compares every value of the dataset with its twin's, file by file. */
async function assertDifferences(
  folder: string,
  known: readonly Known[],
): Promise<Pick<Findings, 'signals' | 'differing'>> {
  const differing = new Map<Known, Set<string>>();
  for (const table of TABLES)
    for (const name of readdirSync(join(folder, table, 'factory=demo')))
      for (const { machine_id: id, time, names } of await differences(folder, table, name)) {
        const timeMs = Number(time);
        const acting = known.filter(
          ({ machineId, startS, recoveredMs }) =>
            machineId === id && timeMs > 1000 * startS && timeMs <= recoveredMs,
        );
        assert.ok(acting.length > 0, `${id} at ${new Date(timeMs).toISOString()}: ${names}`);
        for (const anomaly of acting.filter(({ endS }) => timeMs <= 1000 * endS)) {
          const all = differing.get(anomaly) ?? new Set();
          for (const each of names as string[]) all.add(each);
          differing.set(anomaly, all);
        }
      }
  return checkedSignals(known, differing);
}

/** Every active anomaly changes at least one signal; counts and others may stay the same. */
function checkedSignals(
  known: readonly Known[],
  differing: ReadonlyMap<Known, ReadonlySet<string>>,
): Pick<Findings, 'signals' | 'differing'> {
  let [all, found] = [0, 0];
  for (const anomaly of known.filter(({ isInside }) => isInside)) {
    const { id, type, severity, signals } = anomaly;
    const names = differing.get(anomaly);
    const moved = signals.filter((signal) => names?.has(signal));
    assert.ok(moved.length > 0, `${id}: ${type} of severity ${severity} moves nothing`);
    all += signals.length;
    found += moved.length;
  }
  return { signals: all, differing: found };
}

/** The rows in which a file and its twin differ, with the names of the fields that differ. */
async function differences(folder: string, table: string, name: string) {
  const path = join(table, 'factory=demo', name);
  const read = (file: string) => `read_parquet('${join(folder, file)}', hive_partitioning = false)`;
  const described = await rowsOf(`DESCRIBE SELECT * FROM ${read(path)}`);
  const fields = described
    .map(({ column_name: column }) => String(column))
    .filter((column) => !['anomaly', 'anomaly_type'].includes(column));
  const cases = fields.map(
    (field) => `CASE WHEN a.${field} IS DISTINCT FROM b.${field} THEN '${field}' END`,
  );
  return rowsOf(
    `SELECT a.machine_id, epoch_ms(a.time) AS time,
       list_filter([${cases.join(', ')}], lambda name: name IS NOT NULL) AS names
     FROM ${read(path)} a POSITIONAL JOIN ${read(join('clean', path))} b
     WHERE len(names) > 0`,
  );
}
