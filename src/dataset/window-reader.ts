import { type Batch, READING } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { type MachineType, withRegister } from '../core/machine.ts';
import type { FillBatch } from '../outputs/postgres/window.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { batches, createReader, type RowReader } from '../simulation/reader.ts';
import { FleetReceiptReader } from '../simulation/receipt-reader.ts';
import type { WindowRequest } from './request.ts';
import { ResampledReader } from './resampled-reader.ts';
import { toldSpreadMs } from './told-spread.ts';

/** Tables need no periodic statuses, so the interval exceeds a year; only changes remain. */
export const STATUS_INTERVAL_S = 366 * 86_400;

/**
 * A reader of the requested machines; `seek` it before the first `read`.
 *
 * @param statusIntervalS - Statuses are reported at changes only, if not given.
 */
export function windowReader(
  { machineIds, resampleMs, fromMs, toMs }: WindowRequest,
  fleet: Fleet,
  statusIntervalS = STATUS_INTERVAL_S,
): RowReader {
  const machines = machinesOf(fleet, machineIds);
  const reader = createReader(fleet, { machines, statusIntervalS });
  if (resampleMs === undefined) return reader;
  const spreadMs = toldSpreadMs(machines, fromMs, toMs);
  return new ResampledReader(reader, machines, resampleMs, spreadMs);
}

/**
 * A reader of the requested machines in the order of delivery: what it reads of a window is what is
 * delivered in it.
 */
export function deliveryReader(
  request: WindowRequest,
  fleet: Fleet,
  statusIntervalS = STATUS_INTERVAL_S,
): RowReader {
  if (request.resampleMs !== undefined) return windowReader(request, fleet, statusIntervalS);
  const machines = machinesOf(fleet, request.machineIds);
  return new FleetReceiptReader(fleet, { machinesOf: () => machines, statusIntervalS });
}

/** The rows of the requested window, see {@link batches}. */
export function windowBatches(request: WindowRequest, fleet: Fleet, batch?: Batch) {
  const reader = windowReader(request, fleet);
  reader.seek(request.fromMs);
  return batches(reader, request.toMs, batch);
}

/**
 * Fills batch after batch with the rows that are delivered in the requested window.
 *
 * @param onRows - Called after each batch with its number of table rows.
 * @param signal - Ends the window early; what was filled before is kept.
 */
export function windowFilling(
  request: WindowRequest,
  fleet: Fleet,
  onRows: (rows: number) => void,
  signal?: AbortSignal,
): FillBatch {
  const reader = deliveryReader(request, fleet);
  reader.seek(request.fromMs);
  return (batch) => {
    if (signal?.aborted) return true;
    const isDone = reader.read(request.toMs, batch);
    onRows(tableRows(batch));
    return isDone;
  };
}

/** The machines with some ids, in the same order. */
export function machinesOf({ byId }: Fleet, ids: readonly string[]): readonly Machine[] {
  return ids.map((id) => byId.get(id) as Machine);
}

/** The types that a machine has in a window: one of another type may take its place. */
export function typesOf(
  { stories, types }: Fleet,
  { id, type, registerFromS }: Machine,
  { fromMs, toMs }: Pick<WindowRequest, 'fromMs' | 'toMs'>,
): readonly MachineType[] {
  const found = new Set([type]);
  for (const { events } of stories)
    for (const event of events) {
      if (event.class !== 'change' || !event.machineIds.includes(id)) continue;
      for (const { machine } of event.between(fromMs / 1000, toMs / 1000)) {
        const other = machine?.id === id && types.find((each) => each.type === machine.type);
        if (other) found.add(registerFromS === undefined ? other : withRegister(other));
      }
    }
  return [...found];
}

/** Number of readings of a batch. */
export function readingsIn({ length, flags }: Batch): number {
  let readings = 0;
  for (let row = 0; row < length; row++) if ((flags[row] as number) & READING) readings++;
  return readings;
}

/** Number of table rows of a batch: one per channel of each reading. */
export function tableRows(batch: Batch): number {
  let rows = 0;
  for (let row = 0; row < batch.length; row++)
    if ((batch.flags[row] as number) & READING) rows += batch.channelCount(row);
  return rows;
}

/** Number of table rows of a window. */
export function plannedTableRows(request: WindowRequest, machines: readonly Machine[]): number {
  return machines.reduce(
    (sum, machine) => sum + machine.type.channels.length * plannedReadings(request, machine),
    0,
  );
}

/** Number of readings of a machine in a window. */
export function plannedReadings(
  { fromMs, toMs, resampleMs }: WindowRequest,
  { intervalMs }: Machine,
): number {
  const lengthMs = resampleMs ?? intervalMs;
  return Math.floor(toMs / lengthMs) - Math.floor(fromMs / lengthMs);
}
