import { READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { fleetOf, type WindowRequest } from '../dataset/request.ts';
import { type Truth, truthsOf } from '../dataset/truth.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';
import type { Collectors, CollectReading, ReportedAnomaly, ReportSource } from './report-source.ts';

/** A report uses no statuses, so none are requested except at changes. */
const STATUS_INTERVAL_S = 366 * 86_400;

/** A report source that simulates a window of the configured factories with this version. */
export function windowSource(request: WindowRequest, version: string): ReportSource {
  const { fromMs, toMs, seed, settings, factories, machineIds } = request;
  const fleet = fleetOf(request, 'actual');
  const machines = machineIds.map((id) => fleet.byId.get(id) as Machine);
  const used = factories.filter(({ id }) => machines.some(({ factoryId }) => factoryId === id));
  const truths = machines.flatMap((machine) => truthsOf(fleet, machine, fromMs, toMs));
  const allRows = readingsOf(request);
  return {
    provenance: `Simulated by version ${version}.`,
    fromMs,
    toMs,
    seed,
    factories: used.map(({ id, name, location = '', timeZone }) => ({
      id,
      name,
      location,
      timeZone,
    })),
    machines: machines.map(({ id, name, factoryId, type, intervalMs, parameters }) => ({
      id,
      name,
      factoryId,
      type,
      intervalMs,
      ratedPowerKw: parameters['ratedPowerKw'] as number,
    })),
    anomalies: truths.map(anomalyOf).toSorted((a, b) => a.fromMs - b.fromMs),
    twin: { factories, seed, settings },
    async read(collectors, onRows) {
      let done = 0;
      for (const factory of used) {
        const own = machines.filter(({ factoryId }) => factoryId === factory.id);
        for (const rows of readRows(fleet, own, fromMs, toMs, collectors)) {
          done += rows;
          onRows(done, allRows);
        }
      }
    },
  };
}

/** Number of readings in a window, of all requested machines. */
export function readingsOf({ factories, machineIds, fromMs, toMs }: WindowRequest): number {
  const wanted = new Set(machineIds);
  let count = 0;
  for (const { id, intervalS } of factories.flatMap(({ machines }) => machines)) {
    if (!wanted.has(id)) continue;
    const intervalMs = Math.round(1000 * intervalS);
    count += Math.floor(toMs / intervalMs) - Math.floor(fromMs / intervalMs);
  }
  return count;
}

function anomalyOf(truth: Truth): ReportedAnomaly {
  const { machineId, type, origin, severity, startS, endS } = truth;
  const { excessEnergyKwh, lostProductionUnits } = truth;
  return {
    machineId,
    type,
    origin,
    severity,
    fromMs: 1000 * startS,
    toMs: 1000 * endS,
    excessEnergyKwh,
    lostProductionUnits,
  };
}

function* readRows(
  fleet: Fleet,
  machines: readonly Machine[],
  fromMs: number,
  toMs: number,
  collectors: Collectors,
): Generator<number> {
  const own = new Map(machines.map((machine) => [machine, collectorsOf(machine, collectors)]));
  const reader = createReader(fleet, { machines, statusIntervalS: STATUS_INTERVAL_S });
  reader.seek(fromMs);
  for (const batch of batches(reader, toMs)) {
    for (let row = 0; row < batch.length; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      for (const collect of own.get(batch.machines[row] as Machine) as CollectReading[])
        collect(batch.timesMs[row] as number, batch.values, row * ROW_WIDTH);
    }
    yield batch.length;
  }
}

function collectorsOf({ id, type }: Machine, collectors: Collectors): CollectReading[] {
  return type.channels.flatMap(({ name }) => collectors.collector(id, name) ?? []);
}
