import { type Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { createReader, type RowReader } from '../simulation/reader.ts';
import type { WindowRequest } from './request.ts';
import { ResampledReader } from './resampled-reader.ts';

/** Tables need no periodic statuses, so the interval exceeds a year; only changes remain. */
const STATUS_INTERVAL_S = 366 * 86_400;

/** The part of a window to read. */
export interface WindowPart {
  readonly machineIds?: readonly string[];
  /** Statuses are reported at changes only, if not given. */
  readonly statusIntervalS?: number;
}

/** A reader of the requested window; `seek` it before the first `read`. */
export function windowReader(
  request: WindowRequest,
  fleet: Fleet,
  { machineIds = request.machineIds, statusIntervalS = STATUS_INTERVAL_S }: WindowPart = {},
): RowReader {
  const machines = machinesOf(fleet, machineIds);
  const reader = createReader(fleet, { machines, statusIntervalS });
  const { resampleMs } = request;
  return resampleMs === undefined ? reader : new ResampledReader(reader, machines, resampleMs);
}

/** The machines with some ids, in the same order. */
export function machinesOf({ byId }: Fleet, ids: readonly string[]): readonly Machine[] {
  return ids.map((id) => byId.get(id) as Machine);
}

/** Number of table rows of a batch: one per channel of each reading. */
export function tableRows({ length, flags, machines }: Batch): number {
  let rows = 0;
  for (let row = 0; row < length; row++)
    if ((flags[row] as number) & READING) rows += (machines[row] as Machine).type.channels.length;
  return rows;
}

/** Number of table rows of a window. */
export function plannedTableRows(request: WindowRequest, machines: readonly Machine[]): number {
  const { fromMs, toMs, resampleMs } = request;
  return machines.reduce((sum, { type, intervalMs }) => {
    const lengthMs = resampleMs ?? intervalMs;
    const readings = Math.floor(toMs / lengthMs) - Math.floor(fromMs / lengthMs);
    return sum + type.channels.length * readings;
  }, 0);
}
