import { type Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { createReader, type RowReader } from '../simulation/reader.ts';
import type { WindowRequest } from './request.ts';
import { ResampledReader } from './resampled-reader.ts';

/** A year's statuses are of no use to tables: none is asked for but at changes. */
const STATUS_INTERVAL_S = 366 * 86_400;

/** What is read of a window, where that is less than all of it. */
export interface WindowPart {
  readonly machineIds?: readonly string[];
  /** Statuses are said at changes only, if not given. */
  readonly statusIntervalS?: number;
}

/** A reader of what a request asks for; `seek` it before the first `read`. */
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

/** The machines of some ids, in their order. */
export function machinesOf({ byId }: Fleet, ids: readonly string[]): readonly Machine[] {
  return ids.map((id) => byId.get(id) as Machine);
}

/** How many rows of tables a batch gives: one a channel of each reading. */
export function tableRows({ length, flags, machines }: Batch): number {
  let rows = 0;
  for (let row = 0; row < length; row++)
    if ((flags[row] as number) & READING) rows += (machines[row] as Machine).type.channels.length;
  return rows;
}

/** How many rows of tables a window will give. */
export function plannedTableRows(request: WindowRequest, machines: readonly Machine[]): number {
  const { fromMs, toMs, resampleMs } = request;
  return machines.reduce((sum, { type, intervalMs }) => {
    const lengthMs = resampleMs ?? intervalMs;
    const readings = Math.floor(toMs / lengthMs) - Math.floor(fromMs / lengthMs);
    return sum + type.channels.length * readings;
  }, 0);
}
