/** A report source with one machine and synthetic readings. */
import { READING } from '../../src/core/batch.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { machineTypes } from '../../src/machines/index.ts';
import type { MachineTotals } from '../../src/report/machine-totals.ts';
import type { ReportedMachine, ReportSource } from '../../src/report/report-source.ts';
import { ReportTotals } from '../../src/report/report-totals.ts';

/** A synthetic reading; the power is the mean of its interval. */
export interface MadeUp {
  readonly powerKw: number;
  readonly units?: number;
  readonly tempC?: number;
}

export interface MadeUpTotals {
  readonly totals: ReportTotals;
  readonly machine: MachineTotals;
}

/** Totals of the synthetic readings of a conveyor, given as a function of time. */
export function madeUp(
  fromMs: number,
  toMs: number,
  intervalMs: number,
  reading: (timeMs: number) => MadeUp,
  timeZone = 'UTC',
): MadeUpTotals {
  const type = machineTypes.find((each) => each.type === 'motor') as ReportedMachine['type'];
  const machine = { id: 'm', name: 'Belt', factoryId: 'f', type, ratedPowerKw: 22, intervalMs };
  const source: Omit<ReportSource, 'allRows' | 'rows'> = {
    provenance: '',
    fromMs,
    toMs,
    seed: 1,
    factories: [{ id: 'f', name: 'Plant', location: '', timeZone }],
    machines: [machine],
    anomalies: [],
    twin: '',
  };
  const totals = new ReportTotals(source);
  const values = new Float64Array(ROW_WIDTH);
  const put = (key: string, value: number) => {
    values[type.fields.find((field) => field.key === key)?.column as number] = value;
  };
  for (let tMs = fromMs + intervalMs; tMs <= toMs; tMs += intervalMs) {
    const { powerKw, units = 0, tempC = Number.NaN } = reading(tMs);
    put('powerKw', powerKw);
    put('energyKwh', (powerKw * intervalMs) / 3_600_000);
    put('productionCount', units);
    put('outdoorTempC', tempC);
    const timesMs = Float64Array.of(tMs);
    totals.add({ length: 1, timesMs, flags: Uint8Array.of(READING), machines: [machine], values });
  }
  return { totals, machine: totals.machines[0] as MachineTotals };
}
