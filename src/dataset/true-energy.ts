import { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH, takenMilliwattHours } from '../core/machine.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader } from '../simulation/reader.ts';
import { STATUS_INTERVAL_S } from './window-reader.ts';

/** Rows at a time: one machine is read at once. */
const ROWS = 256;

/**
 * The true energy that a machine takes in the steps of a window, of all carriers [mWh]: whole
 * numbers, so that sums do not depend on how they are cut. Steps end at multiples of `stepMs`; the
 * first and the last may be cut by the window.
 */
export function energyBySteps(
  fleet: Fleet,
  machineId: string,
  fromMs: number,
  toMs: number,
  stepMs: number,
): number[] {
  const first = firstStep(fromMs, stepMs);
  const sums = new Array<number>(Math.max(0, Math.ceil(toMs / stepMs) - first + 1)).fill(0);
  const machine = fleet.byId.get(machineId);
  if (!machine || fromMs >= toMs) return sums;
  const reader = createReader(fleet, {
    machines: [machine],
    isTrue: true,
    hasRegisters: false,
    statusIntervalS: STATUS_INTERVAL_S,
  });
  reader.seek(fromMs);
  for (const batch of batches(reader, toMs, new Batch(ROWS)))
    for (let row = 0; row < batch.length; row++) {
      if (!batch.isMade(row)) continue;
      const { type } = batch.machines[row] as Machine;
      const step = Math.ceil((batch.timesMs[row] as number) / stepMs) - first;
      const mwh = takenMilliwattHours(type, batch.values, row * ROW_WIDTH);
      sums[step] = (sums[step] as number) + mwh;
    }
  return sums;
}

/** The number of the first step of a window: it ends at that multiple of `stepMs`. */
export function firstStep(fromMs: number, stepMs: number): number {
  return Math.floor(fromMs / stepMs) + 1;
}
