import { type Incident, intensity } from '../core/anomaly.ts';
import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { type Fault, ROW_WIDTH } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, type RowReader } from '../simulation/reader.ts';
import { CounterfactualReader } from './counterfactual-reader.ts';
import { KnownIncidents } from './known-incidents.ts';
import type { DatasetRequest } from './request.ts';
import { ResampledReader } from './resampled-reader.ts';
import { type Split, splitEnds } from './split.ts';
import { toldSpreadMs } from './told-spread.ts';
import { writeLabels } from './wide-layout.ts';
import { machinesOf, STATUS_INTERVAL_S } from './window-reader.ts';

/**
 * The readings of the requested window, each followed by a row of its labels, which is neither a
 * reading nor a status.
 */
export function* labelledBatches(
  request: DatasetRequest,
  split: Split,
  fleet: Fleet,
  batch: Batch,
): Generator<Batch, undefined> {
  const { fromMs, toMs, resampleMs, machineIds } = request;
  const machines = machinesOf(fleet, machineIds);
  const twice = new CounterfactualReader(fleet, machines, STATUS_INTERVAL_S);
  const reader: RowReader =
    resampleMs === undefined
      ? twice
      : new ResampledReader(twice, twice.twins, resampleMs, toldSpreadMs(machines, fromMs, toMs));
  const labels = new Labeller(fleet, splitEnds(split, request), resampleMs);
  reader.seek(fromMs);
  for (const rows of batches(reader, toMs, batch)) {
    labels.label(rows);
    yield rows;
  }
  return undefined;
}

/** What the labels of a machine's readings follow from. */
interface Labelled {
  readonly incidents: KnownIncidents;
  readonly intervalS: number;
}

/** Turns the second of each pair of rows into the labels of the first. */
class Labeller {
  readonly #splitEndsMs: readonly number[];
  readonly #machines: Memo<Machine, Labelled>;

  constructor({ journal }: Fleet, splitEndsMs: readonly number[], resampleMs?: number) {
    this.#splitEndsMs = splitEndsMs;
    this.#machines = new Memo((machine) => ({
      incidents: new KnownIncidents([machine], journal),
      intervalS: (resampleMs ?? machine.intervalMs) / 1000,
    }));
  }

  label(batch: Batch): void {
    const { timesMs, machines, faults, defects, flags, values, trueValues, length } = batch;
    for (let row = 0; row < length; row += 2) {
      const { type } = machines[row] as Machine;
      const at = row * ROW_WIDTH;
      const twinAt = at + ROW_WIDTH;
      const label = faults[row] as number;
      const timeMs = timesMs[row] as number;
      const strongest =
        label === 0 ? undefined : this.#strongest(machines[row] as Machine, timeMs / 1000, label);
      writeLabels(
        {
          anomaly: label === 0 ? 0 : 1,
          anomaly_type: label === 0 ? Number.NaN : label,
          defect: defects[row] === 0 ? 0 : 1,
          defect_kind: defects[row] || Number.NaN,
          severity: strongest?.severity ?? Number.NaN,
          intensity: strongest?.intensity ?? 0,
          expected_power_kw:
            type.electricityColumn < 0
              ? Number.NaN
              : (values[twinAt + type.electricityColumn] as number),
          excess_energy_kwh:
            type.energyTakenKwh(trueValues, at) - type.energyTakenKwh(values, twinAt),
          split: this.#splitEndsMs.findIndex((endMs) => timeMs <= endMs),
        },
        values,
        twinAt,
      );
      flags[row + 1] = 0;
    }
  }

  /** The anomaly that acts most on a reading, with the highest intensity that it had in it. */
  #strongest(machine: Machine, tS: number, label: number) {
    const { incidents, intervalS } = this.#machines.of(machine);
    const { faults, faultTypes } = machine.type;
    let found: { readonly severity: number; readonly intensity: number } | undefined;
    for (const incident of incidents.between(tS - intervalS, tS)) {
      const { type, severity, endS } = incident;
      const isActing = endS > tS - intervalS && label & (1 << faultTypes.indexOf(type));
      if (!isActing) continue;
      const { onset } = faults[type] as Fault;
      const own = turnsOf(incident, tS - intervalS, Math.min(tS, endS)).reduce(
        (most, atS) => Math.max(most, intensity(incident, onset, atS)),
        0,
      );
      if (!found || own > found.intensity) found = { severity, intensity: own };
    }
    return found;
  }
}

/** Where the intensity of an anomaly may be highest within a span: it grows, and may then fade. */
function turnsOf({ growth, startS, plannedEndS }: Incident, fromS: number, toS: number) {
  if (growth?.fadeS === undefined) return [toS];
  const { rampS = 0, fadeS } = growth;
  const turns = [startS + rampS, plannedEndS - fadeS];
  return [Math.max(fromS, startS), ...turns.filter((tS) => tS > fromS && tS < toS), toS];
}
