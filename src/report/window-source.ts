import { fleetOf, isTold, type WindowRequest } from '../dataset/request.ts';
import { type Truth, truthsOf } from '../dataset/truth.ts';
import { machinesOf, plannedReadings, windowBatches } from '../dataset/window-reader.ts';
import type { ReportedAnomaly, ReportSource } from './report-source.ts';

/** A report source that simulates a window of the configured factories with this version. */
export function windowSource(request: WindowRequest, version: string): ReportSource {
  const { fromMs, toMs, seed, settings, factories, machineIds } = request;
  const fleet = fleetOf(request, 'actual');
  const machines = machinesOf(fleet, machineIds);
  const used = factories.filter(({ id }) => machines.some(({ factoryId }) => factoryId === id));
  const truths = machines.flatMap((machine) => truthsOf(fleet, machine, fromMs, toMs));
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
    twin: isTold(request) ? 'Scenarios are told in the window.' : { factories, seed, settings },
    allRows: machines.reduce((sum, machine) => sum + plannedReadings(request, machine), 0),
    rows: () => windowBatches(request, fleet),
  };
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
